/* SPDX-License-Identifier: MIT */
/* What the tests of max_pending share: executors that are full. */
#ifndef TESTS_ROOM_H
#define TESTS_ROOM_H

#include "support.h"

enum { LIMIT = 3 };

static inline tl_options limited(unsigned when_full)
{
	return (tl_options){ .max_pending = LIMIT, .when_full = when_full };
}

/* An executor with one worker, which is kept busy. */
static inline tl_executor *busy(int kind, const tl_options *options, struct gate *gate)
{
	tl_executor *executor = executor_of(kind, 1, options);
	cr_assert_not_null(executor);
	hold(executor, gate, 1);
	return executor;
}

/* Submit until it is refused; all that was accepted is given back in `futures`. */
static inline int fill(tl_executor *executor, tl_future **futures)
{
	int n = 0;
	while (n <= LIMIT && (futures[n] = tl_submit(executor, identity, VALUE(n))))
		n++;
	cr_assert_eq(errno, EAGAIN);
	return n;
}

static inline void await_all(tl_future **futures, int n)
{
	for (int i = 0; i < n; i++)
		cr_assert_eq(tl_await(futures[i]), VALUE(i));
}

#endif /* TESTS_ROOM_H */
