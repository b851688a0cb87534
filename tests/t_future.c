/* SPDX-License-Identifier: MIT */
/* Futures: values, errors, waiting, references. */
#include "support.h"

Test(future, null_and_negative_values_are_values)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (intptr_t i = -4200; i < 4200; i += 7) {
		void *value = VALUE(1);
		tl_future *future = tl_submit(pool, identity, VALUE(i));
		cr_assert_eq(tl_future_result(future, &value, TL_FOREVER), 0);
		cr_assert_eq(value, VALUE(i));
		errno = EIO;
		cr_assert_eq(tl_await(future), VALUE(i));
		cr_assert_eq(errno, 0);
	}
	static const intptr_t edges[] = { 0, -1, INTPTR_MIN, INTPTR_MAX };
	for (size_t i = 0; i < LENGTH(edges); i++) {
		errno = EIO;
		cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(edges[i]))),
		             VALUE(edges[i]));
		cr_assert_eq(errno, 0);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(future, await_of_a_failure_is_null_with_errno)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	errno = 0;
	cr_assert_null(tl_await(tl_submit(pool, fail_with, VALUE(-EXDEV))));
	cr_assert_eq(errno, EXDEV);
	errno = EXDEV;
	cr_assert_null(tl_await(NULL));
	cr_assert_eq(errno, EXDEV);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(future, time_out_leaves_it_valid)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct gate gate = GATE;
		void *value = NULL;
		tl_future *future = tl_submit(executor, gate_pass, &gate);
		cr_assert_eq(tl_future_wait(future, 0), -ETIMEDOUT);
		int64_t start = now();
		cr_assert_eq(tl_future_wait(future, 3 * MILLISECOND), -ETIMEDOUT);
		cr_assert_geq(now() - start, 3 * MILLISECOND);
		cr_assert_eq(tl_future_result(future, &value, MILLISECOND), -ETIMEDOUT);
		cr_assert_eq(tl_future_result(future, &value, 1), -ETIMEDOUT);
		cr_assert_not(tl_future_done(future));
		cr_assert_eq(tl_future_wait(future, -1), -EINVAL);
		cr_assert_eq(tl_future_result(future, NULL, INT64_MIN), -EINVAL);
		gate_open(&gate);
		cr_assert_eq(tl_future_wait(future, TL_FOREVER - 1), 0);
		cr_assert_eq(tl_future_result(future, &value, 0), 0);
		cr_assert_eq(value, &gate);
		cr_assert_eq(tl_await(future), &gate);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(future, task_that_fails_with_a_time_out_has_ended)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_future *future = tl_submit(pool, fail_with, VALUE(-ETIMEDOUT));
	cr_assert_eq(tl_future_wait(future, TL_FOREVER), 0);
	cr_assert_eq(tl_future_result(future, NULL, 0), -ETIMEDOUT);
	cr_assert(tl_future_done(future));
	tl_future_release(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(future, each_reference_is_given_back_once)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_future *future = tl_submit(pool, identity, VALUE(5));
	for (int i = 0; i < 100; i++)
		cr_assert_eq(tl_future_retain(future), future);
	for (int i = 0; i < 50; i++)
		cr_assert_eq(tl_await(future), VALUE(5));
	for (int i = 0; i < 50; i++)
		tl_future_release(future);
	tl_executor_destroy(pool);
	cr_assert_eq(tl_await(future), VALUE(5)); /* valid without its executor */
	cr_assert_null(tl_future_retain(NULL));
	tl_future_release(NULL);
	END_CLEAN();
}

Test(future, what_does_not_fail_leaves_errno_alone)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	errno = EXDEV;
	tl_future *future = tl_submit(pool, identity, NULL);
	cr_assert_eq(errno, EXDEV);
	cr_assert_eq(tl_future_wait(future, TL_FOREVER), 0);
	cr_assert_eq(tl_future_result(future, NULL, TL_FOREVER), 0);
	cr_assert_eq(errno, EXDEV);
	tl_future_release(future);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	cr_assert_eq(errno, EXDEV);
	END_CLEAN();
}

Test(future, running_and_done_tell_the_state)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	tl_future *first = tl_submit(pool, gate_pass, &gate);
	tl_future *second = tl_submit(pool, identity, NULL);
	assert_soon(tl_future_running(first));
	cr_assert_not(tl_future_done(first));
	cr_assert_not(tl_future_running(second));
	cr_assert_not(tl_future_done(second));
	gate_open(&gate);
	assert_soon(tl_future_done(first) && tl_future_done(second));
	cr_assert_not(tl_future_running(first));
	cr_assert_not(tl_future_cancelled(first));
	tl_future_release(first);
	tl_future_release(second);
	tl_executor_destroy(pool);
	END_CLEAN();
}
