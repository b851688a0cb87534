/* SPDX-License-Identifier: MIT */
/* The life of rings: callbacks, shutdown, fork, a kernel that refuses. */
#include "uring.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* ---- Callbacks ------------------------------------------------------------------ */

struct chain {
	tl_uring *ring;
	tl_operation now, other;
	tl_callback node;
	atomic_int left;
	int64_t waited, destroyed;
	tl_future over;
};

static void chain_next(tl_future *future, void *context)
{
	struct chain *chain = context;
	tl_future_remove(future, &chain->node);
	if (atomic_fetch_sub(&chain->left, 1) > 1) {
		tl_operation_timeout(&chain->now, 0);
		tl_future_on_done(&chain->now.future, &chain->node);
		cr_assert_eq(tl_uring_submit(chain->ring, &chain->now), 0);
		return;
	}
	chain->waited = tl_operation_result(&chain->other, TL_FOREVER);
	chain->destroyed = tl_uring_destroy(chain->ring);
	tl_future_set(&chain->over, NULL);
}

Test(uring_life, callbacks_submit_the_next_and_do_not_wait)
{
	WITH_RINGS(ring, 0)
	{
		struct chain chain = { .ring = ring, .node = { .function = chain_next } };
		atomic_init(&chain.left, 100);
		chain.node.context = &chain;
		tl_future_init(&chain.over);
		tl_operation_timeout(&chain.other, TL_FOREVER);
		cr_assert_eq(tl_uring_submit(ring, &chain.other), 0);
		tl_operation_timeout(&chain.now, 0);
		tl_future_on_done(&chain.now.future, &chain.node);
		cr_assert_eq(tl_uring_submit(ring, &chain.now), 0);
		cr_assert_eq(tl_future_wait(&chain.over, TL_FOREVER), 0);
		cr_assert_eq(chain.waited, -EDEADLK);
		cr_assert_eq(chain.destroyed, -EDEADLK);
		tl_future_cancel(&chain.other.future);
		cr_assert_eq(result_of(&chain.other), -ECANCELED);
	}
	END_CLEAN();
}

/* ---- Ending --------------------------------------------------------------------- */

Test(uring_life, shutdown_drains_or_cancels)
{
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		tl_operation soon, never, late;
		char byte;
		tl_operation_timeout(&soon, 20 * MILLISECOND);
		tl_operation_recv(&never, pair.ours, &byte, 1, 0);
		cr_assert_eq(tl_uring_submit(ring, &soon), 0);
		cr_assert_eq(tl_uring_submit(ring, &never), 0);
		cr_assert_eq(tl_uring_shutdown(ring, TL_DRAIN, 40 * MILLISECOND),
		             -ETIMEDOUT);
		cr_assert_not(tl_future_done(&never.future));
		tl_operation_timeout(&late, 0);
		cr_assert_eq(tl_uring_submit(ring, &late), -ESHUTDOWN);
		cr_assert_eq(tl_uring_shutdown(ring, TL_CANCEL, TL_FOREVER), 0);
		cr_assert_eq(result_of(&soon), 0);
		cr_assert_eq(tl_operation_result(&never, 0), -ECANCELED);
		cr_assert_eq(tl_uring_shutdown(ring, TL_DRAIN, 0), 0);
		cr_assert_eq(tl_uring_shutdown(ring, TL_DRAIN, -1), -EINVAL);
		pair_close(pair);
	}
	END_CLEAN();
}

Test(uring_life, destroy_leaves_nothing_behind)
{
	int descriptors = descriptor_count();
	static tl_operation o[300];
	static char bytes[300];
	for (int round = 0; round < 20; round++) {
		struct pair pair = pair_open();
		WITH_RINGS(ring, .entries = 8, .max_blocking = 8)
		{
			for (int i = 0; i < 300; i++) {
				tl_operation_recv(&o[i], pair.ours, &bytes[i], 1, 0);
				cr_assert_eq(tl_uring_submit(ring, &o[i]), 0);
			}
		}
		for (int i = 0; i < 300; i++)
			cr_assert_eq(tl_operation_result(&o[i], 0), -ECANCELED);
		pair_close(pair);
	}
	cr_assert_eq(descriptor_count(), descriptors);
	cr_assert_eq(tl_uring_destroy(NULL), 0);
	END_CLEAN();
}

Test(uring_life, idle_ring_makes_no_calls)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation o;
		tl_operation_timeout(&o, 0);
		cr_assert_eq(done_by(ring, &o), 0);
		tl_operation_timeout(&o, 100 * MILLISECOND);
		cr_assert_eq(done_by(ring, &o), 0);
		tl_uring_counts counts = counts_of(ring);
		cr_assert_leq(counts.enters, 8, "%d calls", (int)counts.enters);
	}
	END_CLEAN();
}

/* ---- Fork ----------------------------------------------------------------------- */

struct forked {
	tl_uring *ring;
	tl_operation *under_way;
};

static int child_asks(void *argument)
{
	struct forked *forked = argument;
	tl_operation o;
	tl_operation_timeout(&o, 0);
	return tl_uring_submit(forked->ring, &o) != -EOWNERDEAD ||
	       tl_operation_result(forked->under_way, TL_FOREVER) != -EOWNERDEAD ||
	       tl_future_cancel(&forked->under_way->future) != -EOWNERDEAD ||
	       tl_uring_shutdown(forked->ring, TL_DRAIN, TL_FOREVER) != -EOWNERDEAD ||
	       tl_uring_destroy(forked->ring) != -EOWNERDEAD ||
	       tl_uring_destroy(forked->ring) != -EOWNERDEAD;
}

static int child_uses_its_own(void *argument)
{
	(void)argument;
	tl_uring *ring = tl_uring_create(NULL);
	tl_operation o;
	tl_operation_timeout(&o, MILLISECOND);
	return !ring || done_by(ring, &o) || tl_uring_destroy(ring);
}

Test(uring_life, forked_child_has_none_of_the_parents)
{
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		tl_operation o;
		char byte;
		tl_operation_recv(&o, pair.ours, &byte, 1, 0);
		cr_assert_eq(tl_uring_submit(ring, &o), 0);
		struct forked forked = { ring, &o };
		cr_assert_eq(in_child(child_asks, &forked), 0);
		if (!WITH_TSAN) /* see t_fork.c */
			cr_assert_eq(in_child(child_uses_its_own, NULL), 0);
		cr_assert_eq(send(pair.theirs, "x", 1, 0), 1);
		cr_assert_eq(result_of(&o), 1);
		pair_close(pair);
	}
	END_CLEAN();
}

/* ---- A kernel that refuses ------------------------------------------------------- */

static void refuse(uint32_t call, uint32_t error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { LENGTH(code), code };
	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void assert_blocking_calls_instead(uint32_t call)
{
	int descriptors = descriptor_count();
	refuse(call, EPERM);
	cr_assert_null(tl_uring_create(&(tl_uring_options){ .flags = TL_URING_STRICT }));
	cr_assert_eq(errno, EPERM);
	tl_uring *ring = tl_uring_create(NULL);
	cr_assert_not_null(ring);
	tl_uring_counts counts = counts_of(ring);
	cr_assert_eq(counts.blocking, 1);
	cr_assert_eq(counts.refused, -EPERM);
	struct pair pair = pair_open();
	tl_operation sends;
	tl_operation_send(&sends, pair.ours, "x", 1, 0);
	cr_assert_eq(done_by(ring, &sends), 1);
	pair_close(pair);
	cr_assert_eq(tl_uring_destroy(ring), 0);
	cr_assert_eq(descriptor_count(), descriptors);
	END_CLEAN();
}

Test(uring_life, refused_ring_is_an_error_or_blocking_calls)
{
	assert_blocking_calls_instead(SYS_io_uring_setup);
}

Test(uring_life, ring_that_may_be_made_but_not_entered_is_refused)
{
	assert_blocking_calls_instead(SYS_io_uring_enter);
}

Test(uring_life, without_a_thread_there_is_no_ring)
{
	fail_threads(true);
	cr_assert_null(tl_uring_create(&(tl_uring_options){ .flags = TL_URING_STRICT }));
	cr_assert_eq(errno, EAGAIN);
	cr_assert_null(tl_uring_create(NULL));
	cr_assert_eq(errno, EAGAIN);
	fail_threads(false);
	cr_assert(fail_allocation_at(1) || !tl_uring_create(NULL));
	fail_allocation_at(0);
	END_CLEAN();
}

Test(uring_life, impossible_options_are_refused)
{
	tl_uring_options bad[] = { { .flags = 4 },
		                   { .flags = TL_URING_BLOCKING | TL_URING_STRICT },
		                   { .max_blocking = TL_MAX_WORKERS + 1 },
		                   { .reserved = { 0, 1 } } };
	for (size_t i = 0; i < LENGTH(bad); i++) {
		cr_assert_null(tl_uring_create(&bad[i]));
		cr_assert_eq(errno, EINVAL);
	}
	tl_uring_counts counts;
	cr_assert_eq(tl_uring_stats(NULL, &counts, sizeof counts), -EINVAL);
	cr_assert_eq(tl_uring_shutdown(NULL, TL_DRAIN, 0), -EINVAL);
	END_CLEAN();
}
