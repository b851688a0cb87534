/* SPDX-License-Identifier: MIT */
/*
 * The default executor: first used, shut down, used again, drained at exit, also by one
 * of its own tasks.
 *
 * Asserted: tl_go works, beside a shutdown too, until the program exits; what it accepted
 * has run when the exit has drained; there is one executor.
 */
#define SPIN_DEFAULT 0
#include <stdlib.h>

static unsigned at_exit;
#define atexit(function) ((void)(function), at_exit++, 0)

#include "tasks.h"

static unsigned accepted[2], left;

static void one_thread(void)
{
	model_assert(tl_set_max_workers(1) == 0);
}

static void started(void)
{
	one_thread();
	model_assert(tl_start() == 0);
}

static void go(unsigned i)
{
	tl_future *future = tl_go(count_run, &ran[i]);
	model_assert(future);
	tl_await(future);
	model_assert(errno == 0);
}

static void goes(void)
{
	go(0);
}

static void goes_too(void)
{
	go(1);
}

static void goes_twice(void)
{
	go(0);
	go(1);
}

static void shuts_down(void)
{
	model_assert(tl_shutdown() == 0);
}

static void go_if_it_can(unsigned i)
{
	tl_future *future = tl_go(count_run, &ran[i]);
	model_assert(future || errno == ESHUTDOWN || errno == EAGAIN);
	accepted[i] = future != NULL;
	tl_future_release(future);
}

static void goes_if_it_can(void)
{
	go_if_it_can(0);
}

static void goes_too_if_it_can(void)
{
	go_if_it_can(1);
}

static void *start_inside(void *counter)
{
	int error = tl_start();
	model_assert(!error || error == -ESHUTDOWN);
	return count_run(counter);
}

static void goes_and_starts_inside(void)
{
	tl_future *future = tl_go(start_inside, &ran[0]);
	model_assert(future);
	tl_await(future);
}

static void sets_maximum(void)
{
	model_assert(tl_set_max_workers(1) == 0);
}

/* What the program's exit does. */
static void exits(void)
{
	standard_drain();
	left = 1;
	model_assert(!tl_go(count_run, &ran[1]) && errno == ESHUTDOWN);
}

static void *exit_inside(void *argument)
{
	uint32_t for_ever = 0;
	exits();
	futex_wait(&for_ever, 0, TL_FOREVER);
	return argument;
}

static void goes_and_exits_inside(void)
{
	tl_future_release(tl_go(exit_inside, NULL));
	goes_if_it_can();
}

static void two_ran_one_pool(void)
{
	two_ran();
	model_assert(at_exit == 1 && standard.pool && standard.pool->coming == 0);
}

static void one_ran_or_stopped(void)
{
	one_ran();
	model_assert(standard.stopped == (standard.pool->live == 0));
}

static void drained(void)
{
	model_assert(left && ran[0] == accepted[0] && ran[1] == 0);
}

static void accepted_ran(void)
{
	model_assert(ran[0] == accepted[0] && ran[1] == accepted[1]);
}

static void maximum_is_set(void)
{
	one_ran();
	model_assert(standard.pool->max_workers == 1 && standard.pool->threads == 1);
}

#define MODEL(title, text, where, most, fails_to, end, ...)                              \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true,               \
		.bound = most, .failures = fails_to                                      \
	}

const struct model models[] = {
	MODEL("go-first", "two at once", one_thread, 2, 0, two_ran_one_pool, goes,
	      goes_too),
	MODEL("go-fails", "its thread can't be started", one_thread, 2, 1, accepted_ran,
	      goes_if_it_can, goes_too_if_it_can),
	MODEL("go-maximum", "limited meanwhile", NULL, 2, 0, maximum_is_set, goes,
	      sets_maximum),
	MODEL("go-shutdown", "beside a shutdown", started, 2, 0, one_ran_or_stopped, goes,
	      shuts_down),
	MODEL("go-shutdown-inside", "from a task beside a shutdown", started, 1, 0,
	      one_ran_or_stopped, goes_and_starts_inside, shuts_down),
	MODEL("go-shutdown-twice", "before and after", one_thread, 1, 0, two_ran_one_pool,
	      goes_twice, shuts_down),
	MODEL("go-exit", "beside the exit", started, 2, 0, drained, goes_if_it_can,
	      exits),
	MODEL("go-exit-first", "for the first time", one_thread, 2, 0, drained,
	      goes_if_it_can, exits),
	MODEL("go-exit-shutdown", "and a shutdown", started, 1, 0, drained,
	      goes_if_it_can, shuts_down, exits),
	MODEL("go-exit-inside", "from a task", started, 2, 0, drained,
	      goes_and_exits_inside),
	{ 0 },
};
