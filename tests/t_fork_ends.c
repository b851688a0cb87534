/* SPDX-License-Identifier: MIT */
/* Regions of forks whose branches wait, whose pool is shut down, whose process forks. */
#include "support.h"

#include <threadlet/fork.h>

struct sum {
	tl_executor *pool, *other;
};

TL_FORKABLE(long, waiting_fib, struct sum *, sum, long, n)
{
	if (n < 2)
		return (intptr_t)tl_await(tl_submit(sum->other, identity, VALUE(n)));
	TL_BRANCH(waiting_fib) one;
	TL_FORK(waiting_fib, &one, sum, n - 1);
	tl_future *future = tl_submit(sum->pool, identity, VALUE(1));
	long two = TL_CALL(waiting_fib, sum, n - 2) + (intptr_t)tl_await(future) - 1;
	return TL_JOIN(waiting_fib, &one) + two;
}

static void *waits(void *sum)
{
	return VALUE(TL_RUN(waiting_fib, sum, 10));
}

Test(fork_join, branches_wait_for_tasks_of_their_pool_and_of_others)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct sum sum = { executor_of(FIXED, workers, NULL),
			           executor_of(ADAPTIVE, workers, NULL) };
		struct sum own = { sum.pool, sum.pool };
		for (long i = scaled(20); i > 0; i--) {
			tl_future *a = tl_submit(sum.pool, waits, &own);
			tl_future *b = tl_submit(sum.pool, waits, &sum);
			cr_assert_eq(tl_await(a), VALUE(55));
			cr_assert_eq(tl_await(b), VALUE(55));
		}
		tl_executor_destroy(sum.pool);
		tl_executor_destroy(sum.other);
	}
	END_CLEAN();
}

TL_FORKABLE(long, fib, int, n)
{
	if (n < 2)
		return n;
	TL_BRANCH(fib) one;
	TL_FORK(fib, &one, n - 1);
	long two = TL_CALL(fib, n - 2);
	return TL_JOIN(fib, &one) + two;
}

static void *fib_of(void *n)
{
	return VALUE(TL_RUN(fib, (int)(intptr_t)n));
}

Test(fork_join, a_shutdown_lets_regions_under_way_finish)
{
	for (long i = scaled(200); i > 0; i--) {
		tl_executor *pool = executor_of(i % 2 ? FIXED : ADAPTIVE, 3, NULL);
		tl_future *future = tl_submit(pool, fib_of, VALUE(22));
		assert_soon(tl_future_running(future) || tl_future_done(future));
		cr_assert_eq(tl_executor_shutdown(pool, i % 4 < 2 ? TL_DRAIN : TL_CANCEL,
		                                  TL_FOREVER),
		             0);
		cr_assert_eq(tl_await(future), VALUE(17711));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static int fib_in_child(void *argument)
{
	(void)argument;
	return TL_RUN(fib, 18) == 2584 ? 0 : 1;
}

TL_FORKABLE(long, fib_and_child, int, n)
{
	TL_BRANCH(fib) one;
	TL_FORK(fib, &one, n);
	long status = in_child(fib_in_child, NULL);
	return TL_JOIN(fib, &one) + status;
}

static void *forks_child(void *n)
{
	return VALUE(TL_RUN(fib_and_child, (int)(intptr_t)n));
}

Test(fork_join, a_forked_child_forks_as_a_thread_without_a_pool)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(tl_await(tl_submit(pool, forks_child, VALUE(18))),
		             VALUE(2584));
	tl_executor_destroy(pool);
	END_CLEAN();
}
