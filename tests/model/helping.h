/* SPDX-License-Identifier: MIT */
/*
 * What the models of TL_WAITERS_HELP begin with: a pool of those, a task that waits.
 */
#ifndef MODEL_HELPING_H
#define MODEL_HELPING_H

#include "tasks.h"

static inline void helping_pool(unsigned workers, bool adaptive)
{
	tl_options options = { .spin = TL_NONE,
		               .max_workers = workers,
		               .flags = TL_WAITERS_HELP };
	pool = adaptive ? tl_adaptive_pool_create(&options)
	                : tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static inline void one(void)
{
	helping_pool(1, false);
}

static inline void two(void)
{
	helping_pool(2, false);
}

/* Back in its task it is not said to be idle, and its pool has not ended. */
static inline void at_work(void)
{
	unsigned index = self.worker->index;
	model_assert(!(load_relaxed(&pool->idle[0]) >> index & 1));
	model_assert(!load_relaxed(&pool->finished));
}

static inline void *meet(void *argument)
{
	tl_future_wait(&met, TL_FOREVER);
	at_work();
	return count_run(argument);
}

static inline void sets(void)
{
	tl_future_set(&met, NULL);
}

static inline void at_rest(void)
{
	model_assert(load_relaxed(&pool->coming) == 0);
	model_assert((uint32_t)load_relaxed(&pool->dozes) == 0);
	model_assert(load_relaxed(&pool->blocked) == 0);
}

static inline void one_rests(void)
{
	one_ran();
	at_rest();
}

static inline void two_rest(void)
{
	two_ran();
	at_rest();
}

static inline void three_rest(void)
{
	two_rest();
	model_assert(ran[2] == 1);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

#endif
