/* SPDX-License-Identifier: MIT */
/*
 * What the models of groups, and of the search for their tasks, begin with.
 */
#ifndef MODEL_GROUPS_H
#define MODEL_GROUPS_H

#include "still.h"
#include "tasks.h"

static tl_group *group;
static tl_task *mine, *others;
static int told;

static inline tl_task *join(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_group_submit_task(group, task) == 0);
	return task;
}

static inline void group_made(void)
{
	group = model_allocate(16, sizeof *group);
	model_assert(tl_group_init(group, pool, NULL) == 0);
}

static inline void one(void)
{
	pool = tl_fixed_pool_create(1, &(tl_options){ .spin = TL_NONE });
	group_made();
}

static inline void two(void)
{
	pool = tl_fixed_pool_create(2, &(tl_options){ .spin = TL_NONE });
	group_made();
}

#endif
