/* SPDX-License-Identifier: MIT */
/* A task of the default executor that calls exit while others wait for its end. */
#include "support.h"

static struct gate gate = GATE;

static void *exits(void *shared)
{
	tl_future never;
	gate_pass(&gate);
	tl_future_init(&never); /* they sleep by then, most of the time */
	tl_future_wait(&never, 5 * MILLISECOND);
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_go(add_one, shared));
	exit(3);
}

static void *await(void *future)
{
	tl_future_wait(future, TL_FOREVER);
	return NULL;
}

/* Two wait for it, a third for one of these; the main thread does, too. */
static int await_exit(tl_future *exiting)
{
	tl_future *first = tl_go(await, exiting);
	tl_future_release(tl_go(await, exiting));
	tl_future_release(tl_go(await, first));
	gate_open(&gate);
	tl_await(exiting);
	return 4;
}

PROGRAM(exit_in_an_awaited_task)
{
	tl_set_max_workers(5);
	return await_exit(tl_go(exits, shared));
}

PROGRAM(exit_in_an_awaited_thread)
{
	tl_set_max_workers(5);
	return await_exit(tl_spawn(exits, shared));
}

static tl_task inner;

static void *run_inside(void *exiting)
{
	tl_task_run(exiting);
	return NULL;
}

/* What waits for the task below, on the stack of which another one exits. */
PROGRAM(exit_in_a_task_upon_an_awaited_one)
{
	tl_set_max_workers(5);
	tl_task_init(&inner, exits, shared);
	return await_exit(tl_go(run_inside, &inner));
}

static void assert_exits(const char *name)
{
	for (int i = 0; i < 5; i++) {
		atomic_long *shared;
		cr_assert_eq(run_program(name, &shared), 3);
		cr_assert_eq(atomic_load(shared), 100);
	}
}

Test(default_exit, does_not_wait_for_tasks_that_wait_for_the_one_that_exits)
{
	assert_exits("exit_in_an_awaited_task");
	assert_exits("exit_in_a_task_upon_an_awaited_one");
	END_CLEAN();
}

Test(default_exit, nor_for_those_that_wait_for_a_thread_of_its_own)
{
	assert_exits("exit_in_an_awaited_thread");
	END_CLEAN();
}
