/* SPDX-License-Identifier: MIT */
/*
 * A canceller whose task is in the overflow list, beside whoever destroys the pool: the
 * rings have one slot each, so the third task finds no room in them.
 *
 * Asserted: the pool isn't touched once it is freed.
 */
#define SHALLOW_BITS 0
#define DEEP_BITS 0
#include "tasks.h"

static tl_task *victim;

static void full(void)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(1, &options);
	model_assert(pool);
	submit(count_run, 0);
	submit(count_run, 1);
	victim = submit(count_run, 2);
}

static void withdraws(void)
{
	int told = tl_task_withdraw(victim);
	model_assert(told == 0 ? ran[2] == 0 : ran[2] == 1);
	model_free(victim);
}

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

const struct model models[] = {
	{ .name = "overflow-destroy",
	  .property = "a canceller and a destroyer",
	  .setup = full,
	  .threads = { withdraws, destroys },
	  .check = two_ran,
	  .bound = 2 },
	{ 0 },
};
