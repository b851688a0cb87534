/* SPDX-License-Identifier: MIT */
/*
 * A task that takes from a completion queue: its worker runs what will come to it.
 *
 * Asserted: each future comes once, on a pool of one too; the queue is freed, and not touched
 * after that.
 */
#include "completion_queue.h"

static tl_task *other;

static void *take_inside(void *argument)
{
	tl_task *tasks[2];
	queue_made();
	other = submit(count_run, 3);
	for (unsigned i = 0; i < 2; i++) {
		tasks[i] = submit(count_run, i + 1);
		tl_completions_add(queue, &tasks[i]->future, &came[i]);
	}
	takes_two_and_destroys();
	for (unsigned i = 0; i < 2; i++)
		model_free(tasks[i]);
	return count_run(argument);
}

static void submits_inside(void)
{
	finish_task(submit(take_inside, 0));
	finish_task(other);
}

static void pool_of_one(void)
{
	pool = tl_fixed_pool_create(1, &(tl_options){ .spin = TL_NONE });
}

static void pool_of_two(void)
{
	pool = tl_fixed_pool_create(2, &(tl_options){ .spin = TL_NONE });
}

static void all_ran(void)
{
	two_came_and_it_is_gone();
	for (unsigned i = 0; i < 4; i++)
		model_assert(ran[i] == 1);
}

const struct model models[] = {
	MODEL("completions-inside", "a pool of one", pool_of_one, 2, all_ran,
	      submits_inside),
	MODEL("completions-inside-2", "a pool of two", pool_of_two, 1, all_ran,
	      submits_inside),
	{ 0 },
};
