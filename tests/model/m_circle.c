/* SPDX-License-Identifier: MIT */
/*
 * Tasks that wait for each other in a circle (circle.c), on workers of their own or on
 * one: one of them is told so, and all end.
 */
#include "tasks.h"

static tl_task *tasks[3];
static unsigned told, waited, count;

static void *wait_for_next(void *argument)
{
	size_t i = (size_t)(uintptr_t)argument;
	int error = tl_future_wait(&tasks[(i + 1) % count]->future, TL_FOREVER);
	model_assert(error == 0 || error == -EDEADLK);
	told += error != 0;
	waited++;
	return NULL;
}

static void circle_of(unsigned n)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(2, &options);
	model_assert(pool);
	count = n;
	for (size_t i = 0; i < n; i++)
		tasks[i] = new_task(wait_for_next, (void *)i);
}

static void with_two(void)
{
	circle_of(2);
}

/* The last one's thread is no worker: spawn's, or one that runs it itself. */
static void with_three(void)
{
	circle_of(3);
}

/* ---- Through what is queued, and through groups ---------------------------------- */

static tl_executor *executors[2];
static tl_group groups[2];

static void has_waited(int error)
{
	model_assert(error == 0 || error == -EDEADLK);
	told += error != 0;
	waited++;
}

/* Each calls a function of the other one's worker and waits for its result. */
static void *call_other(void *argument)
{
	size_t other = !argument;
	tl_task *task = new_task(count_run, &ran[other]);
	model_assert(tl_submit_task(executors[other], task) == 0);
	has_waited(tl_future_wait(&task->future, TL_FOREVER));
	return NULL;
}

static void two_workers(void)
{
	tl_options options = { .spin = TL_NONE };
	count = 2;
	for (size_t i = 0; i < 2; i++)
		executors[i] = tl_worker_create(&options);
}

static void calls_both(void)
{
	for (size_t i = 0; i < 2; i++)
		model_assert(tl_submit_task(executors[i],
		                            new_task(call_other, (void *)i)) == 0);
}

/* The first to call may be answered before the other one begins. */
static void at_most_one_was_told(void)
{
	model_assert(waited == 2 && told <= 1);
	model_assert(ran[0] == 1 && ran[1] == 1);
}

static void *wait_for_other_group(void *argument)
{
	has_waited(tl_group_wait(&groups[!argument], TL_FOREVER));
	return NULL;
}

static void two_groups(void)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(2, &options);
	count = 2;
	for (size_t i = 0; i < 2; i++)
		model_assert(tl_group_init(&groups[i], pool, NULL) == 0);
}

static void submits_to_both_groups(void)
{
	for (size_t i = 0; i < 2; i++)
		model_assert(
			tl_group_submit_task(&groups[i], new_task(wait_for_other_group,
		                                                  (void *)i)) == 0);
}

static void at_most_one_waited_in_vain(void)
{
	model_assert(waited == 2 && told <= 1);
}

static void submits_both(void)
{
	model_assert(tl_submit_task(pool, tasks[0]) == 0);
	model_assert(tl_submit_task(pool, tasks[1]) == 0);
}

static void runs_third(void)
{
	model_assert(tl_task_run(tasks[2]) == 0);
}

static void one_was_told(void)
{
	model_assert(waited == count && told == 1);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most, .daemons = true \
	}

const struct model models[] = {
	MODEL("circle-two", "two tasks in two workers", with_two, 2, one_was_told,
	      submits_both),
	MODEL("circle-three", "three, one of them in a thread of its own", with_three, 2,
	      one_was_told, submits_both, runs_third),
	MODEL("circle-workers", "two workers that call each other", two_workers, 2,
	      at_most_one_was_told, calls_both),
	MODEL("circle-groups", "tasks of two groups, each waits for the other group",
	      two_groups, 2, at_most_one_waited_in_vain, submits_to_both_groups),
	{ 0 },
};
