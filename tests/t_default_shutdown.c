/* SPDX-License-Identifier: MIT */
/* What tasks of the default executor may do while a shutdown waits for them. */
#include "support.h"

/* Until tl_go refuses: the shutdown has been begun. */
static void wait_for_the_shutdown(void)
{
	tl_future *future;
	while ((future = tl_go(identity, NULL)))
		tl_await(future);
}

static void *sets_the_maximum(void *unused)
{
	(void)unused;
	wait_for_the_shutdown();
	return VALUE(tl_set_max_workers(3) || tl_set_idle_timeout(SECOND));
}

static void *starts(void *unused)
{
	(void)unused;
	wait_for_the_shutdown();
	return VALUE(tl_start());
}

Test(default_shutdown, waits_for_tasks_that_set_and_start_the_executor)
{
	for (long i = scaled(200); i > 0; i--) {
		tl_future *sets = tl_go(sets_the_maximum, NULL);
		tl_future *begins = tl_go(starts, NULL);
		cr_assert_eq(tl_shutdown(), 0);
		cr_assert(tl_future_done(sets) && tl_future_done(begins));
		cr_assert_eq(tl_await(sets), VALUE(0));
		cr_assert_eq(tl_await(begins), VALUE(-ESHUTDOWN));
	}
	END_CLEAN();
}

static void *exits(void *counter)
{
	wait_for_the_shutdown();
	add_one(counter);
	exit(3);
}

PROGRAM(exit_inside_a_shutdown)
{
	tl_future *future = tl_go(exits, shared);
	tl_shutdown();
	tl_await(future);
	return 4;
}

Test(default_shutdown, does_not_hold_up_a_task_that_exits)
{
	for (int i = 0; i < 20; i++) {
		atomic_long *shared;
		cr_assert_eq(run_program("exit_inside_a_shutdown", &shared), 3);
		cr_assert_eq(atomic_load(shared), 1);
	}
	END_CLEAN();
}

static void *shuts_down(void *unused)
{
	(void)unused;
	return VALUE(tl_shutdown());
}

Test(default_shutdown, of_two_at_once_both_find_it_ended)
{
	for (long i = scaled(500); i > 0; i--) {
		atomic_long ran = 0;
		for (int k = 0; k < 10; k++)
			tl_future_release(tl_go(add_one, &ran));
		tl_future *other = tl_spawn(shuts_down, NULL);
		cr_assert_eq(tl_shutdown(), 0);
		cr_assert_eq(atomic_load(&ran), 10);
		cr_assert_eq(tl_await(other), VALUE(0));
	}
	END_CLEAN();
}

/* As the exit of the program does, beside a shutdown. */
static struct gate gate = GATE;

PROGRAM(exit_beside_a_shutdown)
{
	tl_future_release(tl_go(gate_pass, &gate));
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_go(add_one, shared));
	tl_future_release(tl_spawn(shuts_down, NULL));
	gate_open(&gate);
	return 0;
}

Test(default_shutdown, and_the_exit_may_wait_together)
{
	for (int i = 0; i < 50; i++) {
		atomic_long *shared;
		cr_assert_eq(run_program("exit_beside_a_shutdown", &shared), 0);
		cr_assert_eq(atomic_load(shared), 100);
	}
	END_CLEAN();
}

static int child_goes(void *unused)
{
	(void)unused;
	return tl_await(tl_go(identity, VALUE(5))) != VALUE(5) || tl_shutdown();
}

static void *forks(void *unused)
{
	wait_for_the_shutdown();
	return VALUE(in_child(child_goes, unused));
}

Test(default_shutdown, is_no_matter_of_a_child_forked_meanwhile)
{
	if (WITH_TSAN) /* see t_fork.c */
		return;
	tl_future *future = tl_go(forks, NULL);
	cr_assert_eq(tl_shutdown(), 0);
	cr_assert_eq(tl_await(future), VALUE(0));
	END_CLEAN();
}
