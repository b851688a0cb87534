/* SPDX-License-Identifier: MIT */
/* What the tests of rings share: each property is shown with the kernel's ring, and with
 * the blocking calls that stand in for one. */
#ifndef TESTS_URING_H
#define TESTS_URING_H

#include "support.h"

#include <stdio.h>
#include <sys/socket.h>
#include <threadlet/uring.h>

/* Valgrind 3.19 stops all threads while one of them is in io_uring_enter. */
static inline bool ring_is_possible(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	if (preloaded && strstr(preloaded, "vgpreload"))
		return false;
	tl_uring *ring = tl_uring_create(&(tl_uring_options){ .flags = TL_URING_STRICT });
	if (!ring)
		fprintf(stderr, "[----] no ring here: %s\n", strerror(errno));
	return ring && tl_uring_destroy(ring) == 0;
}

/* `ring`: with each kind that there is, and destroyed behind the block. */
#define WITH_RINGS(ring, ...)                                                            \
	for (int kind_ = ring_is_possible() ? 0 : 1; kind_ < 2; kind_++)                 \
		for (tl_uring *ring = ring_of(kind_, (tl_uring_options){ __VA_ARGS__ }); \
		     ring; ring = ring_end(ring))

static inline tl_uring *ring_of(int blocking, tl_uring_options options)
{
	options.flags |= blocking ? TL_URING_BLOCKING : TL_URING_STRICT;
	tl_uring *ring = tl_uring_create(&options);
	cr_assert_not_null(ring);
	return ring;
}

static inline tl_uring *ring_end(tl_uring *ring)
{
	cr_assert_eq(tl_uring_destroy(ring), 0);
	return NULL;
}

static inline tl_uring_counts counts_of(tl_uring *ring)
{
	tl_uring_counts counts;
	cr_assert_eq(tl_uring_stats(ring, &counts, sizeof counts), 0);
	return counts;
}

static inline int64_t result_of(tl_operation *operation)
{
	return tl_operation_result(operation, TL_FOREVER);
}

/* Submit, wait, take the result. */
static inline int64_t done_by(tl_uring *ring, tl_operation *operation)
{
	int error = tl_uring_submit(ring, operation);
	return error ? error : result_of(operation);
}

/* Blocking calls may also withdraw it, if no thread has begun it. */
static inline void cancel_under_way(int blocking, tl_operation *operation)
{
	int error = tl_future_cancel(&operation->future);
	cr_assert(error == -EINPROGRESS || (blocking && !error));
}

struct pair {
	int ours, theirs;
};

static inline struct pair pair_open(void)
{
	int both[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
	return (struct pair){ both[0], both[1] };
}

static inline void pair_close(struct pair pair)
{
	close(pair.ours);
	close(pair.theirs);
}

#endif
