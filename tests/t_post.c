/* SPDX-License-Identifier: MIT */
/* Tasks without a future: tl_post. */
#include "room.h"
#include "serial_queues.h"

Test(post, runs_each_task_once)
{
	for (int kind = 0; kind < KINDS; kind++) {
		atomic_long ran = 0;
		tl_executor *executor = executor_of(kind, 2, NULL);
		long n = scaled(20000);
		for (long i = 0; i < n; i++)
			cr_assert_eq(tl_post(executor, add_one, &ran), 0);
		cr_assert_eq(tl_executor_destroy(executor), 0);
		cr_assert_eq(atomic_load(&ran), n);
	}
	END_CLEAN();
}

struct branching {
	tl_executor *executor;
	atomic_long ran;
	long n;
};

static void *branch_out(void *argument)
{
	struct branching *branching = argument;
	for (long i = 0; i < branching->n; i++)
		cr_expect_eq(tl_post(branching->executor, add_one, &branching->ran), 0);
	return NULL;
}

Test(post, runs_each_task_that_a_task_posts)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct branching branching = { .executor = executor_of(kind, 2, NULL),
			                       .n = scaled(20000) };
		cr_assert_eq(tl_post(branching.executor, branch_out, &branching), 0);
		assert_soon(atomic_load(&branching.ran) == branching.n);
		cr_assert_eq(tl_executor_destroy(branching.executor), 0);
		cr_assert_eq(atomic_load(&branching.ran), branching.n);
	}
	END_CLEAN();
}

static void *note(void *next)
{
	return (*(long *)next)++, NULL; /* one at a time, or the sum is wrong */
}

Test(post, keeps_the_order_of_a_worker_and_of_a_serial_queue)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_executor *executors[] = { tl_worker_create(NULL), serial_on(pool, 1) };
	for (size_t i = 0; i < LENGTH(executors); i++) {
		long next = 0, n = scaled(10000);
		for (long k = 0; k < n; k++)
			cr_assert_eq(tl_post(executors[i], note, &next), 0);
		tl_await(tl_submit(executors[i], identity, NULL));
		cr_assert_eq(next, n);
		cr_assert_eq(tl_executor_destroy(executors[i]), 0);
	}
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

Test(post, drops_what_fails)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	for (long i = scaled(1000); i--;)
		cr_assert_eq(tl_post(pool, fail_with, VALUE(-EIO)), 0);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
	cr_assert_eq(stats_of(pool).completed, (uint64_t)scaled(1000));
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

Test(post, tells_why_it_refuses)
{
	struct gate gate = GATE;
	tl_options options = limited(TL_FULL_FAIL);
	tl_executor *pool = busy(FIXED, &options, &gate);
	cr_assert_eq(tl_post(NULL, identity, NULL), -EINVAL);
	cr_assert_eq(tl_post(pool, NULL, NULL), -EINVAL);
	for (int i = 0; i < LIMIT; i++)
		cr_assert_eq(tl_post(pool, identity, NULL), 0);
	cr_assert_eq(tl_post(pool, identity, NULL), -EAGAIN);
	gate_open(&gate);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
	cr_assert_eq(tl_post(pool, identity, NULL), -ESHUTDOWN);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

Test(post, is_dropped_by_a_shutdown_that_cancels)
{
	struct gate gate = GATE;
	atomic_long ran = 0;
	tl_executor *pool = busy(FIXED, NULL, &gate);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(tl_post(pool, add_one, &ran), 0);
	cr_assert_eq(tl_executor_shutdown(pool, TL_CANCEL, 0), -ETIMEDOUT);
	gate_open(&gate);
	cr_assert_eq(tl_executor_shutdown(pool, TL_CANCEL, TL_FOREVER), 0);
	cr_assert_eq(atomic_load(&ran), 0);
	cr_assert_eq(stats_of(pool).cancelled, 1000);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

/* The memory of a task is used again. */
Test(post, memory_stays_bounded)
{
	atomic_long ran = 0;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	long before = 0;
	for (int round = 0; round < 20; round++) {
		long n = scaled(5000);
		for (long i = 0; i < n; i++)
			cr_assert_eq(tl_post(pool, add_one, &ran), 0);
		assert_soon(atomic_load(&ran) == n * (round + 1));
		if (round == 4)
			before = allocation_count();
	}
	cr_assert_leq(allocation_count() - before, 20);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}
