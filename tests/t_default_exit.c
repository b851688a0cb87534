/* SPDX-License-Identifier: MIT */
/* The default executor at exit: it runs what was submitted, then refuses. */
#include "support.h"

static void *slow_add(void *counter)
{
	int64_t start = now();
	while (now() - start < 100 * MICROSECOND)
		;
	return add_one(counter);
}

PROGRAM(exit_with_work_left)
{
	for (int i = 0; i < 2000; i++)
		tl_future_release(tl_go(i % 10 ? add_one : slow_add, shared));
	return 0;
}

Test(default_executor, exit_runs_what_was_submitted)
{
	atomic_long *shared;
	cr_assert_eq(run_program("exit_with_work_left", &shared), 0);
	cr_assert_eq(atomic_load(shared), 2000);
	END_CLEAN();
}

static atomic_long *seen;

static void *submit_more(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++) {
		tl_future *future = tl_go(add_one, seen);
		if (!future)
			atomic_fetch_add(&seen[errno == ESHUTDOWN ? 1 : 2], 1);
		tl_future_release(future);
	}
	return NULL;
}

PROGRAM(exit_with_work_that_submits)
{
	seen = shared;
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_go(submit_more, NULL));
	return 0;
}

Test(default_executor, exit_runs_or_refuses_what_tasks_submit)
{
	atomic_long *shared;
	cr_assert_eq(run_program("exit_with_work_that_submits", &shared), 0);
	cr_assert_eq(atomic_load(&shared[0]) + atomic_load(&shared[1]), 1000);
	END_CLEAN();
}

static void *exit_with_three(void *unused)
{
	(void)unused;
	exit(3);
}

PROGRAM(exit_inside_a_task)
{
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_go(add_one, shared));
	tl_future_release(tl_go(exit_with_three, NULL));
	while (pause() == -1)
		;
	return 4;
}

Test(default_executor, exit_inside_a_task_runs_the_others)
{
	for (int i = 0; i < 20; i++) {
		atomic_long *shared;
		cr_assert_eq(run_program("exit_inside_a_task", &shared), 3);
		cr_assert_eq(atomic_load(shared), 100);
	}
	END_CLEAN();
}

static struct gate exit_gate = GATE;

static void *exit_once_let(void *unused)
{
	gate_pass(&exit_gate);
	return exit_with_three(unused);
}

PROGRAM(exit_inside_the_only_worker)
{
	tl_set_max_workers(1);
	tl_future *first = tl_go(exit_once_let, NULL);
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_go(add_one, shared));
	gate_open(&exit_gate);
	tl_await(first);
	return 4;
}

Test(default_executor, exit_inside_the_only_worker_runs_the_others)
{
	atomic_long *shared;
	cr_assert_eq(run_program("exit_inside_the_only_worker", &shared), 3);
	cr_assert_eq(atomic_load(shared), 100);
	END_CLEAN();
}

static void go_too_late(void)
{
	errno = 0;
	atomic_store(&seen[0], tl_go(identity, NULL) ? 1 : 2);
	atomic_store(&seen[1], errno);
	atomic_store(&seen[2], tl_start());
}

PROGRAM(go_after_exit)
{
	seen = shared;
	atexit(go_too_late); /* runs after what tl_go registers */
	tl_await(tl_go(identity, NULL));
	return 0;
}

Test(default_executor, refuses_once_the_program_is_exiting)
{
	atomic_long *shared;
	cr_assert_eq(run_program("go_after_exit", &shared), 0);
	cr_assert_eq(atomic_load(&shared[0]), 2);
	cr_assert_eq(atomic_load(&shared[1]), ESHUTDOWN);
	cr_assert_eq(atomic_load(&shared[2]), -ESHUTDOWN);
	END_CLEAN();
}

PROGRAM(exit_after_shutdown)
{
	tl_await(tl_go(add_one, shared));
	if (tl_shutdown())
		return 1;
	tl_future_release(tl_go(add_one, shared));
	return 0;
}

Test(default_executor, exit_after_a_shutdown_drains_the_new_one)
{
	atomic_long *shared;
	cr_assert_eq(run_program("exit_after_shutdown", &shared), 0);
	cr_assert_eq(atomic_load(shared), 2);
	END_CLEAN();
}
