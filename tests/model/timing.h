/* SPDX-License-Identifier: MIT */
/*
 * What the models of timers begin with: pools, times, a task that waits for the end.
 */
#ifndef MODEL_TIMING_H
#define MODEL_TIMING_H

#include "tasks.h"

#define SOON 1
#define FAR (INT64_C(1) << 50) /* nobody lives to see it: a keeper has to be told */

static inline void pool_of(unsigned workers, unsigned spares)
{
	tl_options options = { .spin = TL_NONE, .spare_workers = spares };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static inline void one(void)
{
	pool_of(1, 0);
}

static inline void two(void)
{
	pool_of(2, 0);
}

static inline void finish(tl_future *future)
{
	model_assert(future);
	tl_future_wait(future, TL_FOREVER);
	tl_future_release(future);
}

/* A task that holds a worker until the timer has fired on another one; the library isn't
 * told that it waits. */
static uint32_t over;

static inline void *computes_until_over(void *argument)
{
	while (!load_acquire(&over))
		futex_wait(&over, 0, TL_FOREVER);
	return count_run(argument);
}

static inline void nothing_left(void)
{
	model_assert(pool->timers->heap.count == 0);
	model_assert(pool->timers->nearest == TL_FOREVER);
}

static inline void one_ran_none_left(void)
{
	one_ran();
	nothing_left();
}

static inline void shuts_down(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

#endif
