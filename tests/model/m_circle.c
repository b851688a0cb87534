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
	{ 0 },
};
