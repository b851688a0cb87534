/* SPDX-License-Identifier: MIT */
/* Waiters that help, one upon the other, on one stack. */
#include "helping.h"

struct depth {
	tl_executor *pool;
	tl_future promise;
	atomic_long waiting, good;
};

static void *wait_deeper(void *argument)
{
	struct depth *depth = argument;
	atomic_fetch_add(&depth->waiting, 1);
	int error = tl_future_wait(&depth->promise, TL_FOREVER);
	atomic_fetch_add(&depth->good, !error);
	return NULL;
}

static void *end_all(void *argument)
{
	struct depth *depth = argument;
	return VALUE(tl_future_set(&depth->promise, NULL));
}

Test(helping, a_thousand_waits_one_upon_the_other)
{
	tl_options options = { .flags = TL_WAITERS_HELP, .stack_size = (size_t)64 << 20 };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	struct depth depth = { .pool = pool };
	tl_future_init(&depth.promise);
	for (int i = 0; i < 1000; i++)
		tl_future_release(tl_submit(pool, wait_deeper, &depth));
	assert_soon(atomic_load(&depth.waiting) == 1000);
	cr_assert_null(tl_await(tl_submit(pool, end_all, &depth)));
	assert_soon(atomic_load(&depth.good) == 1000);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(helping, where_no_stack_is_left_it_sleeps_and_strange_tasks_wait)
{
	tl_options options = { .flags = TL_WAITERS_HELP, .stack_size = 256 << 10 };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	enum { MANY = 20000 };
	struct depth depth = { .pool = pool };
	tl_future_init(&depth.promise);
	for (int i = 0; i < MANY; i++)
		tl_future_release(tl_submit(pool, wait_deeper, &depth));
	assert_soon(stats_of(pool).blocked == 1); /* as without the flag */
	cr_assert_lt(atomic_load(&depth.waiting), MANY);
	cr_assert_gt(atomic_load(&depth.waiting), 10);
	tl_future_set(&depth.promise, NULL);
	assert_soon(atomic_load(&depth.good) == MANY);
	cr_assert_eq(stats_of(pool).blocked, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct circle {
	tl_future *first;
	tl_executor *pool;
	atomic_int error;
};

static void *wait_for_first(void *argument)
{
	struct circle *circle = argument;
	atomic_store(&circle->error, tl_future_wait(circle->first, TL_FOREVER));
	return NULL;
}

Test(helping, a_task_on_top_that_waits_for_one_below_is_told)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	struct circle circle = { .pool = pool };
	tl_future promise;
	tl_future_init(&promise);
	circle.first = tl_submit(pool, await_own, &promise);
	assert_soon(tl_future_running(circle.first) && dozes(pool, 1));
	tl_await(tl_submit(pool, wait_for_first, &circle));
	cr_assert_eq(atomic_load(&circle.error), -EDEADLK);
	tl_future_set(&promise, NULL);
	tl_await(circle.first);
	tl_executor_destroy(pool);
	END_CLEAN();
}
