/* SPDX-License-Identifier: MIT */
/* layer 5: threads · starting, ending and joining the threads of a pool */
#include "thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asleep.h"
#include "evidence.h"
#include "futex.h"
#include "reserve.h"
#include "worker.h"

static void pool_hold(tl_executor *pool)
{
	fetch_add_seq_cst(&pool->live, 1u);
}

static void pool_let_go(tl_executor *pool)
{
	if (fetch_sub_seq_cst(&pool->live, 1u) <= 2) /* 1 left: exit inside a task */
		futex_wake(&pool->live, INT_MAX);
}

static bool pool_reserve_thread(tl_executor *pool)
{
	uint32_t threads = load_seq_cst(&pool->threads);
	do {
		if (threads >= pool_limit(pool))
			return false;
	} while (!cas_seq_cst(&pool->threads, &threads, threads + 1));
	if (threads >= load_relaxed(&pool->max_workers))
		fetch_add_relaxed(&pool->replaced, 1);
	fetch_add_seq_cst(&pool->coming, 1u);
	return true;
}

static bool pool_release_thread(tl_executor *pool, uint32_t floor)
{
	uint32_t threads = load_seq_cst(&pool->threads);
	do {
		if (threads <= floor)
			return false;
	} while (!cas_seq_cst(&pool->threads, &threads, threads - 1));
	return true;
}

/* "name/3" in 15 characters: the number is kept, the name is cut. */
static void worker_name(const struct worker *worker, char name[static 16])
{
	char number[8];
	int digits = snprintf(number, sizeof number, "/%u", worker->index);
	snprintf(name, 16, "%.*s%s", 15 - digits, worker->pool->name, number);
}

/* Leave the slot to another thread; join the one that retired before. */
static void worker_retire(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	lock(&pool->threads_lock);
	pthread_t before = pool->old_thread;
	bool have = pool->have_old_thread;
	pool->old_thread = worker->thread;
	pool->have_old_thread = true;
	worker->used = worker->joinable = false;
	pool->retired++;
	unlock(&pool->threads_lock);
	if (have)
		pthread_join(before, NULL);
	cell_trim(NULL);
	rings_trim(&pool->rings, NULL);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	tl_executor *pool = worker->pool;
	const tl_options *options = &pool->options;

	char name[16];

	worker_name(worker, name);
	thread_begin(name);
	self.worker = worker;
	if (options->on_start)
		options->on_start(options->hook_context);
	store_relaxed(&worker->number, thread_number());
	bool retires;
	do {
		retires = worker->watches;
		if (retires)
			evidence_watch(worker);
		else
			retires = worker_run(worker);
	} while (retires && reserve_wait(worker));
	if (options->on_stop)
		options->on_stop(options->hook_context);
	process_leave_child(pool->process);
	self.worker = NULL;
	if (retires) {
		worker_retire(worker);
		pool_finish_if_idle(pool);
	}
	pool_let_go(pool);
	return NULL;
}

/* With the lock held: a worker that no thread runs. NULL when out of memory, or of slots:
 * threads that have given up their place leave theirs a little later. */
static struct worker *worker_slot(tl_executor *pool)
{
	unsigned index = 0;
	while (index < TL_MAX_WORKERS && pool->workers[index] &&
	       pool->workers[index]->used)
		index++;
	if (index == TL_MAX_WORKERS)
		return NULL;
	struct worker *worker = pool->workers[index];
	if (!worker) {
		worker = aligned_alloc(LINE, sizeof *worker);
		if (!worker)
			return NULL;
		memset(worker, 0, sizeof *worker);
		worker_init(worker, pool, index);
		store_release(&pool->workers[index], worker);
		if (index >= pool->slots)
			exchange_seq_cst(&pool->slots, index + 1);
	}
	return worker;
}

static int pool_start_thread(tl_executor *pool, bool idle)
{
	int saved = errno, error = -ESHUTDOWN;
	struct worker *worker = NULL;
	lock(&pool->threads_lock);
	if (pool->reserve) { /* never when the pool has finished */
		struct worker *reserved = reserve_take(pool);
		reserved->woken = true;
		unlock(&pool->threads_lock);
		reserve_wake(reserved);
		return 0;
	}
	if (!load_relaxed(&pool->finished)) {
		error = -ENOMEM;
		worker = worker_slot(pool);
	}
	if (worker) {
		worker->announced = worker->searcher = false;
		worker->punctual = worker->watches = false;
		worker->woken = !idle;
		if (idle)
			worker_announce(worker);
		fetch_add_seq_cst(&pool->live, 1u);
		error = thread_start(&worker->thread, pool->options.stack_size,
		                     worker_main, worker);
		if (error) {
			fetch_sub_seq_cst(&pool->live, 1u);
			if (idle) /* creation fails: nobody can have claimed it yet */
				idle_take(pool, worker->index);
		} else {
			worker->used = worker->joinable = true;
		}
	}
	if (!error)
		pool->started++;
	unlock(&pool->threads_lock);
	if (error) {
		if (!idle)
			fetch_sub_seq_cst(&pool->coming, 1u);
		pool_release_thread(pool, 0);
		pool_finish_if_idle(pool);
	}
	errno = saved;
	return error;
}

static COLD void pool_watch(tl_executor *pool)
{
	if (!(fetch_and_seq_cst(&pool->blocked, ~UNWATCHED) & UNWATCHED))
		return;
	int saved = errno, error = 0;
	lock(&pool->threads_lock);
	struct worker *reserved = reserve_take(pool), *worker = reserved;
	if (!worker && !load_relaxed(&pool->finished))
		worker = worker_slot(pool);
	if (worker) {
		worker->announced = worker->searcher = worker->woken = false;
		worker->watches = true;
	}
	if (worker && !reserved) {
		fetch_add_seq_cst(&pool->live, 1u);
		error = thread_start(&worker->thread, pool->options.stack_size,
		                     worker_main, worker);
		if (error) {
			fetch_sub_seq_cst(&pool->live, 1u);
			worker->watches = false;
		} else {
			worker->used = worker->joinable = true;
			pool->started++;
		}
	}
	unlock(&pool->threads_lock);
	if (reserved)
		reserve_wake(reserved);
	if (!worker || error)
		fetch_or_seq_cst(&pool->blocked, UNWATCHED);
	errno = saved;
}

/* Join what has ended. Only when live is 0, or counts only the calling thread. */
static void pool_join(tl_executor *pool)
{
	lock(&pool->threads_lock);
	for (unsigned i = 0; i < pool->slots; i++) {
		struct worker *worker = pool->workers[i];
		if (worker && worker != self.worker && worker->joinable) {
			pthread_join(worker->thread, NULL);
			worker->used = worker->joinable = false;
			pool_release_thread(pool, 0);
		}
	}
	if (pool->have_old_thread)
		pthread_join(pool->old_thread, NULL);
	pool->have_old_thread = false;
	unlock(&pool->threads_lock);
}

/* Claim every idle worker, so that each looks around. Whose bit we have taken, we owe a
 * notification: also one whose slot has come since we counted the slots. */
static void pool_wake_all(tl_executor *pool)
{
	unsigned slots = load_acquire(&pool->slots);
	for (unsigned g = 0; g * 64 < slots; g++) {
		uint64_t claimed = exchange_seq_cst(&pool->idle[g], UINT64_C(0));
		for (; claimed; claimed &= claimed - 1) {
			unsigned i = g * 64 + (unsigned)__builtin_ctzll(claimed);
			fetch_add_seq_cst(&pool->coming, 1u);
			worker_notify(pool_worker(pool, i), PLAIN);
		}
	}
}

/* Under the lock: from here on no thread is started, also for a submit that has been
 * accepted, has its task run already, and only now finds that nobody is idle. */
static void pool_finish_if_idle(tl_executor *pool)
{
	if (!load_seq_cst(&pool->closed))
		return;
	lock(&pool->threads_lock);
	uint64_t dozes = load_seq_cst(&pool->dozes);
	uint32_t idle = idle_count(pool);
	/* Still closed? A caller that was refused may come here after a reopening. */
	bool all = load_seq_cst(&pool->closed) && idle >= load_seq_cst(&pool->threads) &&
	           !pool_has_work(pool) && !pool_has_chosen(pool) &&
	           !(dozes & (DOZED - 1)) && load_seq_cst(&pool->dozes) == dozes;
	if (all) {
		exchange_seq_cst(&pool->finished, 1u);
		reserve_wake_all(pool);
	}
	unlock(&pool->threads_lock);
	if (all) {
		futex_wake(&pool->finished, INT_MAX);
		pool_wake_all(pool);
	}
}
