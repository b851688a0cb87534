/* SPDX-License-Identifier: MIT */
/* tl_spawn: a thread of its own for one function. */
#include "support.h"

#include <sys/wait.h>

static void *own_thread(void *thread)
{
	*(pthread_t *)thread = pthread_self();
	return VALUE(2);
}

Test(spawn, runs_in_a_thread_of_its_own)
{
	pthread_t thread;
	cr_assert_eq(tl_await(tl_spawn(own_thread, &thread)), VALUE(2));
	cr_assert_not(pthread_equal(thread, pthread_self()));
	END_CLEAN();
}

Test(spawn, each_gets_its_thread)
{
	struct gate gate = GATE;
	tl_future *futures[20];
	for (int i = 0; i < 20; i++) {
		futures[i] = tl_spawn(gate_pass, &gate);
		cr_assert_not_null(futures[i]);
		cr_assert_eq(thread_count(), 2 + i);
	}
	assert_soon(atomic_load(&gate.inside) == 20);
	gate_open(&gate);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(tl_await(futures[i]), &gate);
	END_CLEAN();
}

Test(spawn, values_and_failures_as_in_executors)
{
	void *value = NULL;
	tl_future *future = tl_spawn(fail_with, VALUE(-EIO));
	cr_assert_eq(tl_future_result(future, &value, TL_FOREVER), -EIO);
	tl_future_release(future);
	errno = 0;
	cr_assert_null(tl_await(tl_spawn(fail_with, VALUE(-EPERM))));
	cr_assert_eq(errno, EPERM);
	cr_assert_null(tl_await(tl_spawn(identity, NULL)));
	cr_assert_eq(errno, 0);
	cr_assert_eq(tl_await(tl_spawn(identity, VALUE(-9))), VALUE(-9));
	END_CLEAN();
}

Test(spawn, null_function_is_refused)
{
	errno = 0;
	cr_assert_null(tl_spawn(NULL, NULL));
	cr_assert_eq(errno, EINVAL);
	END_CLEAN();
}

Test(spawn, released_at_once_runs_all_the_same)
{
	atomic_long ran = 0;
	long n = scaled(2000);
	for (long i = 0; i < n; i++) {
		tl_future *future = tl_spawn(add_one, &ran);
		cr_assert_not_null(future);
		tl_future_release(future);
		if (i % 50 == 49)
			assert_soon(atomic_load(&ran) == i + 1);
	}
	assert_soon(atomic_load(&ran) == n);
	END_CLEAN();
}

static void *until_asked_to_stop(void *started)
{
	atomic_store((atomic_int *)started, 1);
	while (!tl_cancel_requested())
		;
	return tl_fail(-ECANCELED);
}

Test(spawn, running_one_can_be_asked_to_stop)
{
	atomic_int started = 0;
	tl_future *future = tl_spawn(until_asked_to_stop, &started);
	assert_soon(atomic_load(&started));
	cr_assert_eq(tl_future_cancel(future), -EINPROGRESS);
	cr_assert_eq(tl_future_result(future, NULL, TL_FOREVER), -ECANCELED);
	cr_assert(tl_future_cancelled(future));
	tl_future_release(future);
	END_CLEAN();
}

Test(spawn, task_that_waits_for_itself_is_told)
{
	struct self self = { .gate = GATE };
	self.future = tl_spawn(wait_for_itself, &self);
	gate_open(&self.gate);
	cr_assert_eq(tl_await(self.future), VALUE(-EDEADLK));
	END_CLEAN();
}

static void *fan_out(void *depth)
{
	intptr_t left = (intptr_t)depth;
	if (!left)
		return tl_await(tl_go(identity, VALUE(1)));
	tl_future *a = tl_spawn(fan_out, VALUE(left - 1));
	tl_future *b = tl_spawn(fan_out, VALUE(left - 1));
	return VALUE((intptr_t)tl_await(a) + (intptr_t)tl_await(b));
}

Test(spawn, may_spawn_and_go_and_wait)
{
	cr_assert_eq(tl_await(tl_spawn(fan_out, VALUE(5))), VALUE(32));
	tl_shutdown();
	END_CLEAN();
}

/* ---- A child that a callback forks ---------------------------------------------- */

static atomic_long *handlers, child;
static pid_t parent;

static void note_exit(void)
{
	atomic_fetch_add(handlers, getpid() != parent);
}

static void fork_in_callback(tl_future *future, void *unused)
{
	(void)future, (void)unused;
	pid_t pid = fork();
	if (pid)
		atomic_store(&child, pid);
}

PROGRAM(fork_in_a_callback_of_spawn)
{
	int status;
	struct gate gate = GATE;
	handlers = shared;
	parent = getpid();
	if (atexit(note_exit))
		return 1;
	tl_callback node = { .function = fork_in_callback };
	tl_future *future = tl_spawn(gate_pass, &gate);
	tl_future_on_done(future, &node);
	gate_open(&gate);
	tl_await(future);
	while (!atomic_load(&child))
		sched_yield();
	if (waitpid((pid_t)atomic_load(&child), &status, 0) < 0)
		return 2;
	return status ? 3 : 0;
}

Test(spawn, child_forked_in_a_callback_ends_without_exit_handlers)
{
	atomic_long *shared;
	cr_assert_eq(run_program("fork_in_a_callback_of_spawn", &shared), 0);
	cr_assert_eq(atomic_load(shared), 0);
	END_CLEAN();
}
