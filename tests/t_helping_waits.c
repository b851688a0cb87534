/* SPDX-License-Identifier: MIT */
/* Waiters that help, in every kind of wait: for several, for groups, for completions, for
 * a time. */
#include "helping.h"

struct several {
	tl_executor *pool;
	tl_future promises[3];
	int mode;
	int64_t timeout;
};

static void *await_several(void *argument)
{
	struct several *several = argument;
	tl_future *list[] = { &several->promises[0], &several->promises[1],
		              &several->promises[2] };
	return VALUE(tl_wait(list, 3, several->mode, several->timeout));
}

static void *set_second(void *argument)
{
	struct several *several = argument;
	return VALUE(tl_future_set(&several->promises[1], NULL));
}

static void *fail_third(void *argument)
{
	struct several *several = argument;
	return VALUE(tl_future_fail(&several->promises[2], -EIO));
}

static void *set_first(void *argument)
{
	struct several *several = argument;
	return VALUE(tl_future_set(&several->promises[0], NULL));
}

Test(helping, waits_for_any_of_several_and_for_all)
{
	static const int answers[] = { 0, 1, 2 };
	static const int modes[] = { TL_ALL, TL_ANY, TL_FIRST_ERROR };
	tl_executor *pool = helping_pool(FIXED, 1);
	for (size_t m = 0; m < LENGTH(modes); m++)
		for (int i = 0; i < 50; i++) {
			struct several several = { .pool = pool,
				                   .mode = modes[m],
				                   .timeout = TL_FOREVER };
			for (int k = 0; k < 3; k++)
				tl_future_init(&several.promises[k]);
			tl_future *first = tl_submit(pool, await_several, &several);
			if (i % 2)
				assert_soon(tl_future_running(first) && dozes(pool, 1));
			cr_assert_null(tl_await(tl_submit(pool, set_second, &several)));
			if (modes[m] == TL_FIRST_ERROR)
				cr_assert(!tl_future_done(first));
			cr_assert_null(tl_await(tl_submit(pool, fail_third, &several)));
			if (modes[m] == TL_ALL)
				cr_assert(!tl_future_done(first));
			cr_assert_null(tl_await(tl_submit(pool, set_first, &several)));
			cr_assert_eq(tl_await(first), VALUE(answers[m]));
		}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* A group of another pool, or of this one, whose members need what comes later. */
struct crowd {
	tl_executor *pool, *groups;
	tl_future promise;
};

static void *await_group(void *argument)
{
	struct crowd *crowd = argument;
	tl_group group;
	tl_group_init(&group, crowd->groups, NULL);
	for (int i = 0; i < 3; i++)
		tl_future_release(tl_group_submit(&group, await_own, &crowd->promise));
	return VALUE(tl_group_wait(&group, TL_FOREVER));
}

Test(helping, waits_for_groups)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	tl_executor *other = tl_fixed_pool_create(3, NULL);
	for (int i = 0; i < 200; i++) {
		struct crowd crowd = { .pool = pool, .groups = i % 2 ? pool : other };
		tl_future_init(&crowd.promise);
		tl_future *first = tl_submit(pool, await_group, &crowd);
		if (i % 4 > 1)
			assert_soon(tl_future_running(first) && dozes(pool, 1));
		cr_assert_null(tl_await(tl_submit(pool, set_it, &crowd.promise)));
		cr_assert_null(tl_await(first));
	}
	tl_executor_destroy(other);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *await_for_a_moment(void *promise)
{
	return VALUE(tl_future_wait(promise, 2 * MILLISECOND));
}

Test(helping, a_deadline_ends_the_wait_also_while_tasks_come)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	tl_future promise;
	tl_future_init(&promise);
	cr_assert_eq(tl_await(tl_submit(pool, await_for_a_moment, &promise)),
	             VALUE(-ETIMEDOUT));
	tl_future *first = tl_submit(pool, await_for_a_moment, &promise);
	while (!tl_future_done(first))
		tl_await(tl_submit(pool, identity, NULL));
	cr_assert_eq(tl_await(first), VALUE(-ETIMEDOUT));

	struct several several = { .timeout = 2 * MILLISECOND, .mode = TL_ANY };
	for (int k = 0; k < 3; k++)
		tl_future_init(&several.promises[k]);
	first = tl_submit(pool, await_several, &several);
	while (!tl_future_done(first))
		tl_await(tl_submit(pool, identity, NULL));
	cr_assert_eq(tl_await(first), VALUE(-ETIMEDOUT));
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct taking {
	tl_completions *queue;
	tl_future promise;
	int64_t timeout;
};

static void *take_one(void *argument)
{
	struct taking *taking = argument;
	tl_completion taken = { NULL, NULL };
	int n = tl_completions_take(taking->queue, &taken, 1, taking->timeout);
	return n == 1 ? taken.tag : VALUE(n);
}

Test(helping, who_takes_from_a_completion_queue_helps_too)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	struct taking taking = { tl_completions_create(), .timeout = TL_FOREVER };
	for (int i = 0; i < 200; i++) {
		tl_future_init(&taking.promise);
		tl_future *first = tl_submit(pool, take_one, &taking);
		if (i % 4 > 1)
			assert_soon(tl_future_running(first) && dozes(pool, 1));
		if (i % 2)
			cr_assert_eq(tl_completions_add(taking.queue, &taking.promise,
			                                VALUE(i + 1)),
			             0);
		cr_assert_null(tl_await(tl_submit(pool, set_it, &taking.promise)));
		if (i % 2 == 0)
			cr_assert_eq(tl_completions_add(taking.queue, &taking.promise,
			                                VALUE(i + 1)),
			             0);
		cr_assert_eq(tl_await(first), VALUE(i + 1));
	}
	taking.timeout = 2 * MILLISECOND;
	tl_future *first = tl_submit(pool, take_one, &taking);
	while (!tl_future_done(first))
		tl_await(tl_submit(pool, identity, NULL));
	cr_assert_eq(tl_await(first), VALUE(-ETIMEDOUT));
	tl_executor_destroy(pool);
	tl_completions_destroy(taking.queue);
	END_CLEAN();
}
