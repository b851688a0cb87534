/* SPDX-License-Identifier: MIT */
/*
 * What the models of forks in whole pools begin with.
 */
#ifndef MODEL_FORKING_H
#define MODEL_FORKING_H

#include "still.h"

static tl_executor *pool;
static unsigned called[4];

static inline void *count(tl_forks *at, void *argument)
{
	(void)at;
	++*(unsigned *)argument;
	return argument;
}

static inline void *count_task(void *argument)
{
	return count(NULL, argument);
}

static inline void two_threads(void)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(2, &options);
	model_assert(pool);
}

static inline void runs(tl_function *function, unsigned *counter)
{
	tl_task *task = new_task(function, counter);
	model_assert(tl_submit_task(pool, task) == 0);
	finish_task(task);
}

static inline void other_task(void)
{
	runs(count_task, &called[3]);
}

static inline void have_met(void)
{
	model_assert(called[0] == 1 && called[1] == 1);
	model_assert(!pool->joiners[0] && !pool_has_work(pool));
}

#define MODEL(title, text, where, most, outs, end, ...)                                  \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most,                 \
		.daemons = true, .timeouts = outs                                        \
	}

#endif
