/* SPDX-License-Identifier: MIT */
/* layer 6: control · changing a running pool, and its statistics */
#include <string.h>

#include "evidence.h"
#include "executor.h"
#include "forks.h"
#include "reserve.h"
#include "serial.h"
#include "sleep.h"
#include "timers.h"

TL_API int tl_executor_set_max_workers(tl_executor *executor, unsigned workers)
{
	if (!executor || executor_is_serial(executor) || !executor->adaptive ||
	    !workers || workers > TL_MAX_WORKERS)
		return -EINVAL;
	CHECK_POOL(executor);
	if (!pool_is_ours(executor))
		return -EOWNERDEAD;
	lock(&executor->threads_lock); /* of two at once the words of one are left */
	if (load_relaxed(&executor->min_workers) > workers)
		store_relaxed(&executor->min_workers, workers);
	if (executor->cpus)
		evidence_divide(executor, workers);
	else
		exchange_seq_cst(&executor->max_workers, workers);
	unlock(&executor->threads_lock);
	pool_wake_all(executor); /* those too many end */
	forks_ask(executor);     /* threads may be started for what is kept */
	if (pool_has_work(executor))
		pool_signal(executor); /* who starts by that starts the next one */
	timers_find_keeper(executor);
	return 0;
}

TL_API int tl_executor_set_idle_timeout(tl_executor *executor, int64_t timeout)
{
	if (!executor || executor_is_serial(executor) || !executor->adaptive ||
	    timeout < 0)
		return -EINVAL;
	CHECK_POOL(executor);
	if (!pool_is_ours(executor))
		return -EOWNERDEAD;
	store_relaxed(&executor->idle_timeout, timeout);
	pool_wake_all(executor); /* they take the new time */
	reserve_renew(executor);
	return 0;
}

static void stats_of_worker(struct worker *worker, tl_stats *s, uint64_t *begun)
{
	struct counters *c = &worker->counters;
	s->submitted += load_relaxed(&c->local) + load_relaxed(&worker->chosen.pushed);
	s->completed += load_relaxed(&c->completed);
	s->cancelled += load_relaxed(&c->cancelled);
	s->stolen += load_relaxed(&c->stolen);
	s->parks += load_relaxed(&c->parks);
	s->vain_wakes += load_relaxed(&c->vain);
	s->aside += load_relaxed(&c->aside);
	s->claimed += load_relaxed(&c->claimed);
	*begun += load_relaxed(&c->begun);
}

static int stats_of_pool(tl_executor *executor, tl_stats *stats)
{
	if (!pool_is_ours(executor))
		return -EOWNERDEAD;
	uint64_t begun = 0;
	lock(&executor->threads_lock);
	tl_stats s = {
		.cancelled = load_relaxed(&executor->cancelled),
		.wakes = load_relaxed(&executor->wakes),
		.started = executor->started,
		.retired = executor->retired,
		.replaced = load_relaxed(&executor->replaced),
		.blocked = load_relaxed(&executor->blocked) & ~UNWATCHED,
		.workers = load_relaxed(&executor->threads),
	};
	unlock(&executor->threads_lock);
	unsigned slots = load_acquire(&executor->slots);
	for (unsigned i = 0; i < slots; i++)
		stats_of_worker(pool_worker(executor, i), &s, &begun);
	s.idle = idle_count(executor);
	s.submitted += inbox_pushed(&executor->inbox);
	s.helped = load_relaxed(&executor->helped);
	s.inlined = load_relaxed(&executor->inlined);
	s.submitted += s.inlined;
	s.completed += s.helped + s.inlined;
	begun += s.helped + s.inlined;
	timers_stats(load_acquire(&executor->timers), &s);
	uint64_t gone = begun + s.cancelled;
	s.queued = s.submitted > gone ? s.submitted - gone : 0;
	*stats = s;
	return 0;
}

TL_API int tl_executor_stats(tl_executor *executor, tl_stats *stats, size_t size)
{
	tl_stats s = { 0 };
	if (!executor || !stats || !size)
		return -EINVAL;
	CHECK_POOL(executor);
	int error = executor_is_serial(executor) ? serial_stats(serial_of(executor), &s)
	                                         : stats_of_pool(executor, &s);
	if (error)
		return error;
	memset(stats, 0, size);
	memcpy(stats, &s, size < sizeof s ? size : sizeof s);
	return 0;
}
