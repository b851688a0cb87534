/* SPDX-License-Identifier: MIT */
/* Operations that are cancelled, started in our memory, or prepared by the user. */
#include "uring.h"

#include <fcntl.h>

/* ---- Cancelling ----------------------------------------------------------------- */

Test(uring_cancel, cancel_reaches_what_waits_in_the_kernel)
{
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		char byte;
		tl_operation o;
		tl_operation_recv(&o, pair.ours, &byte, 1, 0);
		cr_assert_eq(tl_uring_submit(ring, &o), 0);
		cr_assert_eq(tl_operation_result(&o, 5 * MILLISECOND), -ETIMEDOUT);
		cancel_under_way(kind_, &o);
		cr_assert_eq(result_of(&o), -ECANCELED);
		cr_assert(tl_future_cancelled(&o.future));
		cr_assert_eq(tl_future_cancel(&o.future), -EALREADY);
		cr_assert_eq(tl_uring_submit(ring, &o), -EBUSY);
		assert_soon(counts_of(ring).cancelled == 1);
		pair_close(pair);
	}
	END_CLEAN();
}

Test(uring_cancel, what_was_cancelled_before_is_not_submitted)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation o;
		tl_operation_timeout(&o, 0);
		cr_assert_eq(tl_future_cancel(&o.future), 0);
		cr_assert_eq(tl_uring_submit(ring, &o), -ECANCELED);
		cr_assert_eq(result_of(&o), -ECANCELED);
		cr_assert_eq(counts_of(ring).submitted, 0);
	}
	END_CLEAN();
}

/* A byte comes while two threads cancel: it is received, or it is still there. */
static void *cancels(void *future)
{
	tl_future_cancel(future);
	return NULL;
}

Test(uring_cancel, cancel_and_completion_may_meet)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		long received = 0, rounds = scaled(3000);
		for (long i = 0; i < rounds; i++) {
			tl_operation o;
			tl_task stops[2];
			char byte = 0;
			tl_operation_recv(&o, pair.ours, &byte, 1, 0);
			for (int k = 0; k < 2; k++)
				tl_task_init(&stops[k], cancels, &o.future);
			cr_assert_eq(tl_uring_submit(ring, &o), 0);
			tl_submit_task(pool, &stops[0]);
			cr_assert_eq(send(pair.theirs, "x", 1, 0), 1);
			tl_submit_task(pool, &stops[1]);
			int64_t result = result_of(&o);
			cr_assert(result == 1 || result == -ECANCELED, "%d", (int)result);
			cr_assert_eq(byte, result == 1 ? 'x' : 0);
			received += result == 1;
			if (result != 1)
				cr_assert_eq(recv(pair.ours, &byte, 1, 0), 1);
			for (int k = 0; k < 2; k++)
				tl_future_wait(&stops[k].future, TL_FOREVER);
		}
		tl_uring_counts counts = counts_of(ring);
		cr_assert_eq((long)counts.cancelled, rounds - received);
		pair_close(pair);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- In our memory, of any kind ---------------------------------------------------- */

Test(uring_cancel, started_operations_may_be_released_early)
{
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		tl_operation prepared;
		tl_operation_send(&prepared, pair.ours, "a", 1, 0);
		for (int i = 0; i < 100; i++)
			tl_operation_release(tl_uring_start(ring, &prepared));
		char buffer[100];
		cr_assert_eq(recv(pair.theirs, buffer, 100, MSG_WAITALL), 100);
		tl_operation_timeout(&prepared, MILLISECOND);
		tl_operation *mine = tl_uring_start(ring, &prepared);
		memset(&prepared, 0xff, sizeof prepared);
		cr_assert_eq(result_of(mine), 0);
		tl_operation_release(mine);
		tl_operation_timeout(&prepared, TL_FOREVER);
		mine = tl_uring_start(ring, &prepared);
		tl_future_cancel(&mine->future);
		tl_operation_release(mine);
		cr_assert_null(tl_uring_start(ring, NULL));
		cr_assert_eq(errno, EINVAL);
		pair_close(pair);
	}
	END_CLEAN();
}

Test(uring_cancel, any_single_operation_may_be_prepared)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation o;
		tl_operation_init(&o);
		io_uring_prep_openat(&o.sqe, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC,
		                     0);
		int64_t fd = done_by(ring, &o);
		if (counts_of(ring).blocking)
			cr_assert_eq(fd, -EOPNOTSUPP);
		else
			cr_assert_eq(close((int)fd), 0);
		tl_operation_init(&o);
		io_uring_prep_nop(&o.sqe);
		o.sqe.opcode = 255;
		cr_assert_lt(done_by(ring, &o), 0);
		tl_operation_init(&o);
		io_uring_prep_nop(&o.sqe);
		io_uring_sqe_set_flags(&o.sqe, IOSQE_IO_LINK);
		cr_assert_eq(tl_uring_submit(ring, &o), -EINVAL);
		cr_assert_eq(tl_uring_submit(NULL, &o), -EINVAL);
		cr_assert_eq(tl_uring_submit_all(ring, NULL, 1), -EINVAL);
		cr_assert_eq(tl_uring_submit_all(ring, NULL, 0), 0);
	}
	END_CLEAN();
}
