/* SPDX-License-Identifier: MIT */
/* Operations at the edges: given to two rings, waited for while their ring goes, with a
 * size that no request has room for. */
#include "uring.h"

#include <sys/mman.h>

Test(uring_edges, what_one_ring_has_another_refuses_without_a_trace)
{
	WITH_RINGS(ring, 0)
	{
		tl_uring *other = ring_of(kind_, (tl_uring_options){ 0 });
		struct pair pair = pair_open();
		char byte;
		tl_operation o;
		tl_operation_recv(&o, pair.ours, &byte, 1, 0);
		cr_assert_eq(tl_uring_submit(ring, &o), 0);
		cr_assert_eq(tl_uring_submit(other, &o), -EBUSY);
		cr_assert_eq(tl_uring_destroy(other), 0);
		cancel_under_way(kind_, &o);
		cr_assert_eq(result_of(&o), -ECANCELED);
		pair_close(pair);
	}
	END_CLEAN();
}

struct meeting {
	tl_uring *rings[2];
	tl_operation *operation;
	atomic_int came;
	atomic_long accepted, busy, cancelled;
};

static void *submits(void *argument)
{
	struct meeting *meeting = argument;
	int me = atomic_fetch_add(&meeting->came, 1);
	while (atomic_load(&meeting->came) < 3)
		;
	int error = me == 2 ? tl_future_cancel(&meeting->operation->future)
	                    : tl_uring_submit(meeting->rings[me], meeting->operation);
	if (me < 2)
		atomic_fetch_add(error == 0        ? &meeting->accepted
		                 : error == -EBUSY ? &meeting->busy
		                                   : &meeting->cancelled,
		                 1);
	return NULL;
}

Test(uring_edges, two_submits_and_a_cancel_may_meet)
{
	tl_executor *pool = tl_fixed_pool_create(3, NULL);
	WITH_RINGS(ring, 0)
	{
		tl_uring *other = ring_of(kind_, (tl_uring_options){ 0 });
		for (long i = scaled(500); i > 0; i--) {
			tl_operation o;
			struct meeting meeting = { .rings = { ring, other },
				                   .operation = &o };
			tl_task tasks[3];
			tl_operation_timeout(&o, TL_FOREVER);
			for (int k = 0; k < 3; k++) {
				tl_task_init(&tasks[k], submits, &meeting);
				tl_submit_task(pool, &tasks[k]);
			}
			for (int k = 0; k < 3; k++)
				tl_future_wait(&tasks[k].future, TL_FOREVER);
			cr_assert_eq(result_of(&o), -ECANCELED);
			cr_assert_leq(atomic_load(&meeting.accepted), 1);
			cr_assert_eq(meeting.accepted + meeting.busy + meeting.cancelled,
			             2);
		}
		cr_assert_eq(tl_uring_destroy(other), 0);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *result_is(void *operation)
{
	return VALUE(tl_operation_result(operation, TL_FOREVER));
}

/* The thread sanitizer notices if the waiter looks into the ring. */
Test(uring_edges, ring_may_go_while_others_wait_for_its_operations)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	for (long i = scaled(200); i > 0; i--)
		WITH_RINGS(ring, 0)
		{
			tl_operation o;
			tl_task waiter;
			tl_operation_timeout(&o, TL_FOREVER);
			tl_task_init(&waiter, result_is, &o);
			cr_assert_eq(tl_uring_submit(ring, &o), 0);
			tl_submit_task(pool, &waiter);
			while (!tl_future_running(&waiter.future))
				;
			cr_assert_eq(tl_uring_destroy(ring), 0);
			void *result;
			cr_assert_eq(
				tl_future_result(&waiter.future, &result, TL_FOREVER), 0);
			cr_assert_eq(result, VALUE(-ECANCELED));
			ring = NULL;
		}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(uring_edges, four_gigabytes_are_not_taken_for_none)
{
	size_t size = (size_t)1 << 32;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(bytes, MAP_FAILED);
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		tl_operation o;
		tl_operation_send(&o, pair.ours, bytes, size, MSG_DONTWAIT);
		cr_assert_gt(done_by(ring, &o), 0);
		tl_operation_recv(&o, pair.theirs, bytes, size, 0);
		cr_assert_gt(done_by(ring, &o), 0);
		pair_close(pair);
	}
	munmap(bytes, size);
	END_CLEAN();
}
