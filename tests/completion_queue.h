/* SPDX-License-Identifier: MIT */
/* What the tests of completion queues share. */
#ifndef TESTS_COMPLETION_QUEUE_H
#define TESTS_COMPLETION_QUEUE_H

#include "support.h"

static inline tl_completions *queue_new(void)
{
	tl_completions *queue = tl_completions_create();
	cr_assert_not_null(queue);
	return queue;
}

static inline void add(tl_completions *queue, tl_future *future, intptr_t tag)
{
	cr_assert_not_null(future);
	cr_assert_eq(tl_completions_add(queue, future, VALUE(tag)), 0);
}

#endif /* TESTS_COMPLETION_QUEUE_H */
