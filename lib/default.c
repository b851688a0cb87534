/* SPDX-License-Identifier: MIT */
/* layer 8: default · the executor behind tl_go */
/*
 * Made by its first use and never freed, so that a tl_go beside a tl_shutdown touches
 * no memory that goes away; a shutdown ends its threads, the next tl_go reopens it.
 */
#include <stdlib.h>

#include "executor.h"

static struct {
	struct lock lock;
	tl_executor *pool; /* set once */
	uint32_t exiting;
	bool stopped;         /* shut down: threads have ended */
	bool at_exit;         /* the drain has been registered */
	unsigned max_workers; /* wishes from before its start; 0, -1: none */
	int64_t idle_timeout;
} standard = { .idle_timeout = -1 };

/*
 * The program exits: run what was submitted. When a task of ours called exit, its thread
 * is in here: it doesn't wait for itself, and runs what is queued as the others do.
 */
static void standard_drain(void)
{
	exchange_seq_cst(&standard.exiting, 1u);
	lock(&standard.lock);
	tl_executor *pool = standard.stopped ? NULL : standard.pool;
	unlock(&standard.lock);
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
	if (load_relaxed(&standard.exiting))
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

TL_API int tl_start(void)
{
	lock(&standard.lock);
	int error = standard_start();
	unlock(&standard.lock);
	return error;
}

TL_API tl_future *tl_go(tl_function *function, void *argument)
{
	if (!function)
		return fail_with(-EINVAL);
	for (;;) {
		tl_executor *pool = load_acquire(&standard.pool);
		if (LIKELY(pool != NULL)) {
			tl_future *future = tl_submit(pool, function, argument);
			if (LIKELY(future != NULL) || errno != ESHUTDOWN)
				return future;
		}
		/* A shutdown that is under way holds the lock, but not for its drain: a
		 * task that it waits for may call this. */
		if (pool && self.worker && self.worker->pool == pool)
			return fail_with(-ESHUTDOWN);
		int error = tl_start();
		if (error)
			return fail_with(error);
	}
}

TL_API int tl_shutdown(void)
{
	int error = 0;
	if (self.worker && self.worker->pool == load_acquire(&standard.pool))
		return -EDEADLK;
	lock(&standard.lock);
	if (standard.pool && !standard.stopped) {
		error = tl_executor_shutdown(standard.pool, TL_DRAIN, TL_FOREVER);
		standard.stopped = true;
	}
	unlock(&standard.lock);
	return error;
}

TL_API int tl_set_max_workers(unsigned workers)
{
	if (!workers || workers > TL_MAX_WORKERS)
		return -EINVAL;
	lock(&standard.lock);
	standard.max_workers = workers;
	int error =
		standard.pool ? tl_executor_set_max_workers(standard.pool, workers) : 0;
	unlock(&standard.lock);
	return error;
}

TL_API int tl_set_idle_timeout(int64_t timeout)
{
	if (timeout < 0)
		return -EINVAL;
	lock(&standard.lock);
	standard.idle_timeout = timeout;
	int error =
		standard.pool ? tl_executor_set_idle_timeout(standard.pool, timeout) : 0;
	unlock(&standard.lock);
	return error;
}
