/* SPDX-License-Identifier: MIT */
/* layer 5: evidence · a pool that grows beyond its CPUs only for workers that sleep */
#include "evidence.h"

#include "asleep.h"
#include "clock.h"
#include "forks.h"
#include "futex.h"
#include "sleep.h"
#include "timers.h"
#include "tune.h"

static void evidence_divide(tl_executor *pool, uint32_t most)
{
	uint32_t run = smaller(most, pool->cpus);
	if (run < load_relaxed(&pool->min_workers))
		run = load_relaxed(&pool->min_workers);
	uint32_t spare = most - run + pool->options.spare_workers;
	exchange_seq_cst(&pool->spare_workers, smaller(spare, TL_MAX_WORKERS - run));
	if (!spare && load_seq_cst(&pool->timers)) /* see timers.h */
		exchange_seq_cst(&pool->spare_workers, 1u);
	exchange_seq_cst(&pool->max_workers, run);
}

static void worker_see(struct worker *worker)
{
	uint32_t nobody = 0;
	fetch_add_seq_cst(&worker->pool->blocked, 1u);
	if (!cas_seq_cst(&worker->counted, &nobody, (uint32_t)SEEN))
		fetch_sub_seq_cst(&worker->pool->blocked, 1u);
	forks_ask(worker->pool); /* as in blocking.h */
}

static void worker_unsee(struct worker *worker)
{
	uint32_t seen = SEEN;
	if (load_relaxed(&worker->counted) == SEEN &&
	    cas_seq_cst(&worker->counted, &seen, 0u))
		fetch_sub_seq_cst(&worker->pool->blocked, 1u);
}

/* With the lock held, so that its thread can't be joined: where is it now, and has it
 * been there since the last look? */
static bool worker_stands_still(struct worker *worker)
{
	uint64_t completed = load_relaxed(&worker->counters.completed);
	uint64_t begun = load_acquire(&worker->counters.begun);
	uint64_t did = begun + completed + load_relaxed(&worker->counters.served);
	int64_t cpu = worker->used ? thread_cpu_time(worker->thread) : -1;
	bool still = cpu >= 0 && begun != completed && worker->seen_did == did &&
	             worker->seen_cpu == cpu;
	worker->seen_did = did;
	worker->seen_cpu = cpu;
	return still;
}

static void worker_look_at(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	lock(&pool->threads_lock);
	bool still = worker_stands_still(worker);
	int number = load_relaxed(&worker->number);
	unlock(&pool->threads_lock);
	if (!still)
		worker_unsee(worker);
	else if (load_relaxed(&worker->counted) == 0 && thread_sleeps(number))
		worker_see(worker);
}

static bool evidence_wanted(tl_executor *pool)
{
	return pool_has_work(pool) || timers_unkept(pool);
}

/* L1, L2; false: it is wanted, and the watch is still ours. */
static bool evidence_leave(tl_executor *pool)
{
	unsigned slots = load_acquire(&pool->slots);
	for (unsigned i = 0; i < slots; i++)
		worker_unsee(pool_worker(pool, i));
	fetch_or_seq_cst(&pool->blocked, UNWATCHED);
	return !evidence_wanted(pool) ||
	       !(fetch_and_seq_cst(&pool->blocked, ~UNWATCHED) & UNWATCHED);
}

static void evidence_watch(struct worker *watcher)
{
	tl_executor *pool = watcher->pool;
	watcher->watches = false;
	watcher->surplus = true; /* afterwards */
	while (evidence_wanted(pool) || !evidence_leave(pool)) {
		unsigned slots = load_acquire(&pool->slots);
		for (unsigned i = 0; i < slots; i++)
			if (pool_worker(pool, i) != watcher)
				worker_look_at(pool_worker(pool, i));
		if (pool_has_work(pool)) /* one more; it will see to further ones */
			pool_signal(pool);
		timers_find_keeper(pool);
		futex_wait(&watcher->parker, EMPTY, deadline_after(EVIDENCE_TICK));
	}
}
