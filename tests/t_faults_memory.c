/* SPDX-License-Identifier: MIT */
/* No memory: submits and waits fail, and what they were given stays as it was. */
#include "support.h"

struct attempt {
	tl_executor *executor;
	tl_future *(*start)(tl_executor *executor);
	long n;
	bool failed;
	int error;
	tl_future *future;
};

static tl_future *start_submit(tl_executor *executor)
{
	return tl_submit(executor, identity, VALUE(7));
}

static tl_future *start_go(tl_executor *executor)
{
	(void)executor;
	return tl_go(identity, VALUE(7));
}

static tl_future *start_spawn(tl_executor *executor)
{
	(void)executor;
	return tl_spawn(identity, VALUE(7));
}

/* In a thread that has not submitted before, so that nothing is there yet. */
static void *start_without_memory(void *argument)
{
	struct attempt *attempt = argument;
	fail_allocation_at(attempt->n);
	errno = 0;
	attempt->future = attempt->start(attempt->executor);
	attempt->error = errno;
	attempt->failed = fail_allocation_at(0);
	return NULL;
}

Test(faults, submit_go_and_spawn_fail_without_memory_or_run)
{
	tl_future *(*const starts[])(tl_executor *) = { start_submit, start_go,
		                                        start_spawn };
	int refused = 0;
	for (size_t i = 0; i < LENGTH(starts); i++)
		for (long n = 1;; n++) {
			/* a fresh executor: its caches are empty, too */
			tl_executor *executor = tl_fixed_pool_create(1, NULL);
			struct attempt attempt = {
				executor, starts[i], n, false, 0, NULL
			};
			pthread_t thread;
			cr_assert_lt(n, 1000);
			pthread_create(&thread, NULL, start_without_memory, &attempt);
			pthread_join(thread, NULL);
			if (attempt.future) {
				cr_assert_eq(tl_await(attempt.future), VALUE(7));
			} else {
				refused++;
				cr_assert(attempt.failed);
				cr_assert_eq(attempt.error, ENOMEM);
			}
			tl_executor_destroy(executor);
			tl_shutdown();
			END_CLEAN();
			if (!attempt.failed)
				break;
		}
	cr_assert_gt(refused, 0);
}

static tl_future hundred[100];

static void *set_last(void *unused)
{
	(void)unused;
	tl_future_set(&hundred[99], NULL);
	return NULL;
}

Test(faults, wait_for_many_fails_without_memory_and_leaves_them_alone)
{
	tl_future *all[100];
	for (int mode = TL_ALL; mode <= TL_FIRST_ERROR; mode++)
		for (int n = 64; n <= 100; n += 36) {
			pthread_t thread;
			for (int i = 0; i < 100; i++) {
				tl_future_init(&hundred[i]);
				all[i] = &hundred[i];
			}
			tl_future **some = all + 100 - n;
			for (int i = 0; i < n - 1 && mode != TL_ANY; i++)
				tl_future_set(some[i], NULL);
			fail_allocation_at(1);
			long before = allocation_count();
			int result = tl_wait(some, (size_t)n, (enum tl_wait_mode)mode,
			                     MILLISECOND);
			long calls = allocation_count() - before;
			bool failed = fail_allocation_at(0);
			bool allocates = n > 64 && mode != TL_ALL;
			cr_assert_leq(calls, allocates);
			cr_assert_eq(result, failed ? -ENOMEM : -ETIMEDOUT);
			pthread_create(&thread, NULL, set_last, NULL);
			result = tl_wait(some, (size_t)n, (enum tl_wait_mode)mode,
			                 TL_FOREVER);
			pthread_join(thread, NULL);
			cr_assert_eq(result, mode == TL_ALL   ? 0
			                     : mode == TL_ANY ? n - 1
			                                      : n);
		}
	END_CLEAN();
}
