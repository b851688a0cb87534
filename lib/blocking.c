/* SPDX-License-Identifier: MIT */
/* layer 5: blocking · a worker that blocks inside a task leaves its place to a spare */
#include "blocking.h"

#include "forks.h"
#include "sleep.h"
#include "timers.h"

/* Counted in any pool: spares may be allowed only while somebody sleeps (timers.h). */
static bool worker_blocks(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	forks_offer_all(worker);
	if (!pool_is_ours(pool) || worker->sections)
		return false;
	fetch_add_seq_cst(&pool->blocked, 1u);
	if (exchange_seq_cst(&worker->counted, (uint32_t)BLOCKS) == SEEN)
		fetch_sub_seq_cst(&pool->blocked, 1u);
	if (load_seq_cst(&pool->timers))
		timers_find_keeper(pool);
	if (!load_relaxed(&pool->spare_workers))
		return true;
	forks_ask(pool); /* a spare may be started for what others keep */
	if (pool_has_work(pool))
		pool_signal(pool);
	return true;
}

static void worker_unblocks(struct worker *worker)
{
	exchange_seq_cst(&worker->counted, 0u);
	fetch_sub_seq_cst(&worker->pool->blocked, 1u);
}

static struct worker *thread_blocks(void)
{
	struct worker *worker = self.worker;
	return worker && worker_blocks(worker) ? worker : NULL;
}

static void thread_unblocks(struct worker *blocked)
{
	if (blocked)
		worker_unblocks(blocked);
}

static COLD void worker_leaves_section(struct worker *worker)
{
	MISUSE(true, "a task has returned inside of a blocking section");
	worker->sections = 0;
	if (worker->vacant)
		worker_unblocks(worker);
}

TL_API bool tl_blocking_begin(void)
{
	struct worker *worker = self.frame ? self.worker : NULL;
	if (!worker)
		return false;
	if (!worker->sections)
		worker->vacant = worker_blocks(worker);
	worker->sections++;
	return worker->vacant && load_relaxed(&worker->pool->spare_workers);
}

TL_API void tl_blocking_end(void)
{
	struct worker *worker = self.frame ? self.worker : NULL;
	if (!worker)
		return;
	MISUSE(!worker->sections, "no blocking section has been begun here");
	if (worker->sections && --worker->sections == 0 && worker->vacant)
		worker_unblocks(worker);
}
