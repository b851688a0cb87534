/* SPDX-License-Identifier: MIT */
/* An executor that can't be made, for want of threads or of memory, leaves nothing. */
#include "support.h"

static tl_executor *make_fixed(void)
{
	return tl_fixed_pool_create(4, NULL);
}

static tl_executor *make_worker(void)
{
	return tl_worker_create(NULL);
}

static tl_executor *make_adaptive(void)
{
	return tl_adaptive_pool_create(
		&(tl_options){ .min_workers = 3, .max_workers = 5, .spare_workers = 1 });
}

static const struct {
	tl_executor *(*make)(void);
	int threads;
} makers[] = { { make_fixed, 4 }, { make_worker, 1 }, { make_adaptive, 3 } };

Test(faults, creation_fails_without_a_thread_and_leaves_nothing)
{
	for (size_t i = 0; i < LENGTH(makers); i++) {
		for (int n = 1; n <= makers[i].threads; n++) {
			fail_thread_at(n);
			errno = 0;
			tl_executor *executor = makers[i].make();
			cr_assert(fail_thread_at(0));
			cr_assert_null(executor);
			cr_assert_eq(errno, EAGAIN);
			END_CLEAN();
		}
		fail_thread_at(makers[i].threads + 1);
		tl_executor *executor = makers[i].make();
		cr_assert_not(fail_thread_at(0));
		cr_assert_not_null(executor);
		cr_assert_eq(tl_await(tl_submit(executor, identity, VALUE(1))), VALUE(1));
		tl_executor_destroy(executor);
		END_CLEAN();
	}
}

Test(faults, failed_creations_do_not_pile_up)
{
	int descriptors = descriptor_count();
	long memory = 0;
	for (long i = 0; i < scaled(2000); i++) {
		fail_thread_at(4);
		cr_assert_null(make_fixed());
		if (i == scaled(400))
			memory = resident_kilobytes();
	}
	fail_thread_at(0);
	END_CLEAN();
	cr_assert_eq(descriptor_count(), descriptors);
	if (!instrumented())
		cr_assert_leq(resident_kilobytes(), memory + 1024);
}

Test(faults, creation_fails_without_memory_and_leaves_nothing)
{
	for (size_t i = 0; i < LENGTH(makers); i++)
		for (long n = 1;; n++) {
			cr_assert_lt(n, 1000);
			fail_allocation_at(n);
			errno = 0;
			tl_executor *executor = makers[i].make();
			int error = errno;
			bool failed = fail_allocation_at(0);
			if (executor) {
				cr_assert_eq(
					tl_await(tl_submit(executor, identity, VALUE(1))),
					VALUE(1));
				tl_executor_destroy(executor);
			} else {
				cr_assert(failed);
				/* In a static program the C library's own allocation for
				   a thread fails too; pthread_create calls that EAGAIN. */
				cr_assert(error == ENOMEM || error == EAGAIN, "errno %d",
				          error);
			}
			END_CLEAN();
			if (!failed)
				break;
		}
}
