/* SPDX-License-Identifier: MIT */
/* layer 6: watch · tl_executor_watch: which workers are stuck in a task */
/*
 * No clock is read for this while tasks run: a worker counts what it begins and what it
 * completes. If neither has moved between two looks, it was in the same task all along.
 */
#include "clock.h"
#include "executor.h"

/* With the lock held: is it in a task, and for how long as far as we have seen? */
static bool worker_watch(struct worker *worker, int64_t now, tl_stuck *stuck)
{
	uint64_t completed = load_relaxed(&worker->counters.completed);
	uint64_t begun = load_acquire(&worker->counters.begun);
	if (!worker->used || begun == completed) {
		worker->watched = 0;
		return false;
	}
	uint64_t did = begun + completed + load_relaxed(&worker->counters.served);
	if (worker->watched != did) {
		worker->watched = did;
		worker->watched_since = now;
	}
	stuck->worker = worker->index;
	stuck->function = load_relaxed(&worker->function);
	stuck->argument = load_relaxed(&worker->argument);
	stuck->duration = now - worker->watched_since;
	return true;
}

TL_API int tl_executor_watch(tl_executor *executor, int64_t limit,
                             void (*report)(const tl_stuck *stuck, void *context),
                             void *context)
{
	if (!executor || limit < 0 || executor_is_serial(executor))
		return -EINVAL;
	CHECK_POOL(executor);
	if (!pool_is_ours(executor))
		return -EOWNERDEAD;
	int reported = 0;
	int64_t now = clock_now();
	unsigned slots = load_acquire(&executor->slots);
	for (unsigned i = 0; i < slots; i++) {
		tl_stuck stuck = { 0 };
		lock(&executor->threads_lock);
		bool inside = worker_watch(pool_worker(executor, i), now, &stuck);
		unlock(&executor->threads_lock);
		if (!inside || stuck.duration < limit)
			continue;
		if (report)
			report(&stuck, context);
		reported++;
	}
	return reported;
}
