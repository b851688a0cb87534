/* SPDX-License-Identifier: MIT */
/* Tasks in the caller's own memory; failing; running here and now. */
#include "support.h"

_Static_assert(offsetof(tl_task, future) == 0, "a task begins with its future");

Test(task, runs_in_every_kind_of_executor)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		tl_task tasks[100];
		for (int i = 0; i < 100; i++) {
			tl_task_init(&tasks[i], identity, VALUE(i - 50));
			cr_assert_eq(tl_submit_task(executor, &tasks[i]), 0);
		}
		for (int i = 0; i < 100; i++) {
			void *value = VALUE(99);
			cr_assert_eq(
				tl_future_result(&tasks[i].future, &value, TL_FOREVER),
				0);
			cr_assert_eq(value, VALUE(i - 50));
		}
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(task, can_be_used_again_once_it_has_ended)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_task task;
	for (long i = 0; i < scaled(20000); i++) {
		void *value = NULL;
		tl_task_init(&task, identity, VALUE(i));
		cr_assert_eq(tl_submit_task(pool, &task), 0);
		cr_assert_eq(tl_future_result(&task.future, &value, TL_FOREVER), 0);
		cr_assert_eq(value, VALUE(i));
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(task, is_busy_until_it_is_set_up_again)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct gate gate = GATE;
		tl_task running, queued;
		tl_task_init(&running, gate_pass, &gate);
		tl_task_init(&queued, identity, NULL);
		cr_assert_eq(tl_submit_task(executor, &running), 0);
		assert_soon(atomic_load(&gate.inside) == 1);
		cr_assert_eq(tl_submit_task(executor, &queued), 0);
		if (!WITH_DEBUG) { /* which aborts, see t_misuse.c */
			cr_assert_eq(tl_submit_task(executor, &running), -EBUSY);
			cr_assert_eq(tl_submit_task(executor, &queued), -EBUSY);
			cr_assert_eq(tl_task_run(&queued), -EBUSY);
		}
		gate_open(&gate);
		cr_assert_eq(tl_future_wait(&queued.future, TL_FOREVER), 0);
		cr_assert_eq(tl_future_wait(&running.future, TL_FOREVER), 0);
		cr_assert_eq(tl_submit_task(executor, &queued), -EBUSY);
		tl_task_init(&queued, identity, NULL);
		cr_assert_eq(tl_submit_task(executor, &queued), 0);
		tl_executor_destroy(executor);
		cr_assert(tl_future_done(&queued.future));
	}
	END_CLEAN();
}

Test(task, cancelled_before_is_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	atomic_long ran = 0;
	tl_task task;
	tl_task_init(&task, add_one, &ran);
	cr_assert_eq(tl_future_cancel(&task.future), 0);
	cr_assert(tl_future_cancelled(&task.future));
	cr_assert_eq(tl_submit_task(pool, &task), -ECANCELED);
	cr_assert_eq(tl_task_run(&task), -ECANCELED);
	cr_assert_eq(tl_future_result(&task.future, NULL, 0), -ECANCELED);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&ran), 0);
	END_CLEAN();
}

Test(task, refused_by_one_executor_is_as_before)
{
	tl_executor *closed = tl_fixed_pool_create(1, NULL);
	tl_executor *open = tl_fixed_pool_create(1, NULL);
	tl_task task;
	tl_task_init(&task, identity, VALUE(8));
	cr_assert_eq(tl_executor_shutdown(closed, TL_DRAIN, TL_FOREVER), 0);
	cr_assert_eq(tl_submit_task(closed, &task), -ESHUTDOWN);
	cr_assert_not(tl_future_done(&task.future));
	cr_assert_eq(tl_submit_task(open, &task), 0);
	cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
	tl_executor_destroy(closed);
	tl_executor_destroy(open);
	END_CLEAN();
}

static void *own_thread(void *thread)
{
	*(pthread_t *)thread = pthread_self();
	return VALUE(6);
}

Test(task, run_is_here_and_now)
{
	pthread_t thread;
	void *value = NULL;
	tl_task task;
	tl_task_init(&task, own_thread, &thread);
	cr_assert_eq(tl_task_run(&task), 0);
	cr_assert(pthread_equal(thread, pthread_self()));
	cr_assert_eq(tl_future_result(&task.future, &value, 0), 0);
	cr_assert_eq(value, VALUE(6));
	cr_assert_eq(tl_task_run(&task), -EBUSY);
	tl_task_init(&task, fail_with, VALUE(-EIO));
	cr_assert_eq(tl_task_run(&task), 0);
	cr_assert_eq(tl_future_result(&task.future, NULL, 0), -EIO);
	cr_assert_eq(tl_task_run(NULL), -EINVAL);
	END_CLEAN();
}

Test(task, failing_fails_its_own_future_and_the_thread_goes_on)
{
	static const struct {
		int given, expected;
	} cases[] = {
		{ -EIO, -EIO }, { EIO, -EIO }, { 0, -EINVAL }, { -ECANCELED, -ECANCELED }
	};
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		for (size_t i = 0; i < LENGTH(cases); i++) {
			tl_future *before = tl_submit(executor, identity, VALUE(1));
			tl_future *bad =
				tl_submit(executor, fail_with, VALUE(cases[i].given));
			tl_future *after = tl_submit(executor, identity, VALUE(2));
			cr_assert_eq(tl_future_result(bad, NULL, TL_FOREVER),
			             cases[i].expected);
			cr_assert_eq(tl_future_cancelled(bad),
			             cases[i].expected == -ECANCELED);
			cr_assert_eq(tl_await(before), VALUE(1));
			cr_assert_eq(tl_await(after), VALUE(2));
			tl_future_release(bad);
		}
		cr_assert_eq(stats_of(executor).started, 1);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

static void *fail_and_return_a_value(void *value)
{
	tl_fail(-EIO);
	return value;
}

static void *fail_twice(void *unused)
{
	(void)unused;
	tl_fail(-EIO);
	return tl_fail(-EPERM);
}

Test(task, fails_only_by_returning_what_fail_returned)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	void *value = NULL;
	tl_future *future = tl_submit(pool, fail_and_return_a_value, VALUE(4));
	cr_assert_eq(tl_future_result(future, &value, TL_FOREVER), 0);
	cr_assert_eq(value, VALUE(4));
	tl_future_release(future);
	future = tl_submit(pool, fail_twice, NULL);
	cr_assert_eq(tl_future_result(future, NULL, TL_FOREVER), -EPERM);
	tl_future_release(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct outer {
	tl_executor *pool;
	int inner_error;
	void *inner_value;
};

/* Its error outlives the tasks that it runs inside its own waits. */
static void *fail_around_an_inner_task(void *argument)
{
	struct outer *outer = argument;
	void *failure = tl_fail(-EIO);
	tl_future *failing = tl_submit(outer->pool, fail_with, VALUE(-EPERM));
	tl_future *fine = tl_submit(outer->pool, identity, VALUE(3));
	outer->inner_error = tl_future_result(failing, NULL, TL_FOREVER);
	tl_future_release(failing);
	outer->inner_value = tl_await(fine);
	tl_task here;
	tl_task_init(&here, fail_with, VALUE(-EXDEV));
	tl_task_run(&here);
	return failure;
}

Test(task, error_survives_tasks_run_inside_a_wait)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		tl_executor *pool = tl_fixed_pool_create(workers, NULL);
		struct outer outer = { .pool = pool };
		tl_future *future = tl_submit(pool, fail_around_an_inner_task, &outer);
		cr_assert_eq(tl_future_result(future, NULL, TL_FOREVER), -EIO);
		cr_assert_eq(outer.inner_error, -EPERM);
		cr_assert_eq(outer.inner_value, VALUE(3));
		tl_future_release(future);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}
