/* SPDX-License-Identifier: MIT */
/* layer 8: default · the executor behind tl_go */
/*
 * Made by its first use and never freed, so that a tl_go beside a tl_shutdown touches
 * no memory that goes away; a shutdown ends its threads, the next tl_go reopens it.
 */
#include <limits.h>
#include <stdlib.h>

#include "circle.h"
#include "clock.h"
#include "executor.h"
#include "find.h"
#include "futex.h"

static struct {
	struct process_lock lock;
	tl_executor *pool;    /* set once in a process */
	uint32_t exiting;     /* the number of the process that exits */
	uint32_t draining;    /* a futex: 1 while a shutdown waits, without the lock */
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
	store_relaxed(&standard.draining, 0u);
	standard.stopped = false;
}

static void standard_unlock(void)
{
	process_unlock(&standard.lock);
}

/* Is this thread one of its workers? A shutdown waits for what it does. */
static bool standard_inside(void)
{
	tl_executor *pool = self.worker ? self.worker->pool : NULL;
	return pool && pool == load_acquire(&standard.pool) && pool_is_ours(pool);
}

/* Let a shutdown that is under way come to its end first. */
static void standard_lock_settled(void)
{
	standard_lock();
	while (load_relaxed(&standard.draining) && !standard_inside()) {
		standard_unlock();
		futex_wait(&standard.draining, 1, TL_FOREVER);
		standard_lock();
	}
}

/* Are some that are left waiting for the tasks on this thread's stack, and all others
 * without work? In this order: nothing is queued any more when they are counted. */
static bool standard_is_stranded(tl_executor *pool, uint32_t inside)
{
	uint32_t others = circle_stranded(pool);
	if (!others || pool_has_work(pool))
		return false;
	others += idle_count(pool);
	return load_seq_cst(&pool->live) <= others + inside;
}

static void standard_run_queued(struct worker *worker)
{
	tl_task *task;
	while ((task = worker_find(worker)))
		worker_execute_within(worker, task);
}

/*
 * The program exits: run what was submitted. When a task of ours called exit, its thread
 * is in here: it doesn't wait for itself, and runs what is queued as the others do. It never
 * returns to that task, nor to those below on its stack, so others that wait for these are
 * left where they are: to end a task in place of its function would let who waits for it
 * outside go on, and call exit himself.
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
	int64_t look = self.frame ? LOOK_AGAIN_MOST : TL_FOREVER;
	if (inside) {
		standard_run_queued(worker);
		pool_release_thread(pool, 0);
	}
	do {
		if (inside) {
			standard_run_queued(worker);
			pool_finish_if_idle(pool);
		}
		if (!executor_wait_live(pool, inside, deadline_after(look))) {
			pool_join(pool);
			return;
		}
	} while (!standard_is_stranded(pool, inside));
}

/* With the lock held. */
static int standard_start(void)
{
	int error = 0;
	if (load_relaxed(&standard.exiting) == process_number())
		return -ESHUTDOWN;
	if (load_relaxed(&standard.draining))
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
	standard_lock_settled();
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
		int error = tl_start(); /* when a shutdown has ended; none in its tasks */
		if (error)
			return fail_with(error);
	}
}

/* Without the lock while it waits: a task that it waits for may want that. */
TL_API int tl_shutdown(void)
{
	if (standard_inside())
		return -EDEADLK;
	standard_lock_settled();
	tl_executor *pool = standard.stopped ? NULL : standard.pool;
	store_relaxed(&standard.draining, (uint32_t)(pool != NULL));
	standard_unlock();
	if (!pool)
		return 0;
	int error = tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER);
	standard_lock();
	standard.stopped = true;
	store_relaxed(&standard.draining, 0u);
	standard_unlock();
	futex_wake(&standard.draining, INT_MAX);
	return error;
}

TL_API int tl_set_max_workers(unsigned workers)
{
	if (!workers || workers > TL_MAX_WORKERS)
		return -EINVAL;
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
	standard_lock();
	standard.idle_timeout = timeout;
	int error =
		standard.pool ? tl_executor_set_idle_timeout(standard.pool, timeout) : 0;
	standard_unlock();
	return error;
}
