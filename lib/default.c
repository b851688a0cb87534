/* SPDX-License-Identifier: MIT */
/* layer 8: default · the executor behind tl_go */
/*
 * Made by its first use and never freed, so that a tl_go beside a tl_shutdown touches
 * no memory that goes away; a shutdown ends its threads, the next tl_go reopens it.
 */
#include <stdlib.h>

#include "executor.h"
#include "find.h"

static struct {
	struct process_lock lock;
	tl_executor *pool;    /* set once in a process */
	uint32_t exiting;     /* the number of the process that exits */
	bool stopped;         /* shut down: threads have ended */
	bool at_exit;         /* the drain has been registered */
	unsigned max_workers; /* wishes from before its start; 0, -1: none */
	int64_t idle_timeout;
} standard = { .idle_timeout = -1 };

/* A forked child starts with none, whatever state its parent's was in. */
static void standard_lock(void)
{
	bool whole = process_lock(&standard.lock);
	if (whole && (!standard.pool || pool_is_ours(standard.pool)))
		return;
	store_release(&standard.pool, (tl_executor *)NULL);
	standard.stopped = false;
}

static void standard_unlock(void)
{
	process_unlock(&standard.lock);
}

/*
 * The program exits: run what was submitted. When a task of ours called exit, its thread
 * is in here: it doesn't wait for itself, and runs what is queued as the others do.
 */
static void standard_drain(void)
{
	exchange_seq_cst(&standard.exiting, process_number());
	standard_lock();
	tl_executor *pool = standard.stopped ? NULL : standard.pool;
	standard_unlock();
	if (!pool)
		return;
	executor_close(pool, TL_DRAIN);
	struct worker *worker = self.worker;
	uint32_t inside = worker && worker->pool == pool;
	if (inside) {
		tl_task *task;
		while ((task = ring_pop(&worker->ring)) ||
		       (task = range_next(&worker->range, &pool->inbox)) ||
		       (task = worker_find(worker)))
			worker_execute(worker, task);
		pool_release_thread(pool, 0);
		pool_finish_if_idle(pool);
	}
	executor_wait_live(pool, inside, TL_FOREVER);
	pool_join(pool);
}

/* With the lock held. */
static int standard_start(void)
{
	int error = 0;
	if (load_relaxed(&standard.exiting) == process_number())
		return -ESHUTDOWN;
	if (!standard.at_exit && atexit(standard_drain))
		return -ENOMEM;
	standard.at_exit = true;
	if (standard.pool && !standard.stopped)
		return 0;
	if (standard.pool) {
		error = executor_reopen(standard.pool);
	} else {
		tl_options options = {
			.name = "threadlet",
			.max_workers = standard.max_workers,
		};
		int saved = errno;
		tl_executor *pool = tl_adaptive_pool_create(&options);
		error = pool ? 0 : -errno;
		errno = saved;
		if (pool && standard.idle_timeout >= 0)
			tl_executor_set_idle_timeout(pool, standard.idle_timeout);
		store_release(&standard.pool, pool);
	}
	standard.stopped = error != 0;
	return error;
}

/* In a thread of it: a shutdown, which has the lock, may wait for this very task. */
static tl_executor *standard_own(void)
{
	tl_executor *pool = self.worker ? self.worker->pool : NULL;
	bool own = pool && pool == load_acquire(&standard.pool) && pool_is_ours(pool);
	return own ? pool : NULL;
}

TL_API int tl_start(void)
{
	tl_executor *own = standard_own();
	if (own)
		return load_seq_cst(&own->closed) ? -ESHUTDOWN : 0;
	standard_lock();
	int error = standard_start();
	standard_unlock();
	return error;
}

TL_API tl_future *tl_go(tl_function *function, void *argument)
{
	if (!function)
		return fail_with(-EINVAL);
	for (;;) {
		tl_executor *pool = load_acquire(&standard.pool);
		int saved = errno, why = 0;
		if (LIKELY(pool != NULL)) {
			tl_future *future = tl_submit(pool, function, argument);
			why = errno;
			if (LIKELY(future != NULL) ||
			    (why != ESHUTDOWN && why != EOWNERDEAD))
				return future;
			errno = saved;
		}
		/* A shutdown that is under way holds the lock: as in standard_own. */
		if (why == ESHUTDOWN && self.worker && self.worker->pool == pool)
			return fail_with(-ESHUTDOWN);
		int error = tl_start();
		if (error)
			return fail_with(error);
	}
}

TL_API int tl_shutdown(void)
{
	int error = 0;
	if (standard_own())
		return -EDEADLK;
	standard_lock();
	if (standard.pool && !standard.stopped) {
		error = tl_executor_shutdown(standard.pool, TL_DRAIN, TL_FOREVER);
		standard.stopped = true;
	}
	standard_unlock();
	return error;
}

TL_API int tl_set_max_workers(unsigned workers)
{
	if (!workers || workers > TL_MAX_WORKERS)
		return -EINVAL;
	tl_executor *own = standard_own();
	if (own)
		return tl_executor_set_max_workers(own, workers);
	standard_lock();
	standard.max_workers = workers;
	int error =
		standard.pool ? tl_executor_set_max_workers(standard.pool, workers) : 0;
	standard_unlock();
	return error;
}

TL_API int tl_set_idle_timeout(int64_t timeout)
{
	if (timeout < 0)
		return -EINVAL;
	tl_executor *own = standard_own();
	if (own)
		return tl_executor_set_idle_timeout(own, timeout);
	standard_lock();
	standard.idle_timeout = timeout;
	int error =
		standard.pool ? tl_executor_set_idle_timeout(standard.pool, timeout) : 0;
	standard_unlock();
	return error;
}
