/* SPDX-License-Identifier: MIT */
/* What the models of tl_submit_to share: tasks for a chosen worker of a fixed pool. */
#ifndef MODEL_CHOSEN_H
#define MODEL_CHOSEN_H

#include "tasks.h"

static unsigned spares;

static inline void pool_of(unsigned workers)
{
	tl_options options = { .spin = TL_NONE, .spare_workers = spares };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static inline void one(void)
{
	pool_of(1);
}

static inline void two(void)
{
	pool_of(2);
}

/* i: of the task; it is for worker i % workers. */
static inline void *count_there(void *argument)
{
	unsigned i = (unsigned)((unsigned *)argument - ran);
	model_assert(tl_worker_number() == (int)(i % pool->max_workers));
	return count_run(argument);
}

static inline tl_task *submit_there(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_submit_to(pool, i % pool->max_workers, task) == 0);
	return task;
}

#endif
