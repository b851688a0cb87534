/* SPDX-License-Identifier: MIT */
/* What the tests of fork(2) share: what a child does and tells. */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include "support.h"

#include <stdio.h>

/* In a child there is nobody to report to but its exit status. */
#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: in the child: %s\n", __FILE__, __LINE__, \
			        #condition);                                             \
			return 1;                                                        \
		}                                                                        \
	} while (0)

/* ThreadSanitizer can't start threads in a child of a process that has had some. */
static inline int starts_afresh(void *unused)
{
	(void)unused;
	if (WITH_TSAN)
		return 0;
	for (long i = 1; i <= 100; i++)
		MUST(tl_await(tl_go(identity, VALUE(i))) == VALUE(i));
	MUST(tl_await(tl_spawn(identity, VALUE(5))) == VALUE(5));
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		MUST(executor);
		MUST(tl_await(tl_submit(executor, identity, VALUE(6))) == VALUE(6));
		MUST(tl_executor_destroy(executor) == 0);
	}
	MUST(tl_shutdown() == 0);
	MUST(tl_await(tl_go(identity, VALUE(7))) == VALUE(7));
	return 0;
}

static inline void count_callback(tl_future *future, void *count)
{
	(void)future;
	atomic_fetch_add((atomic_long *)count, 1);
}

#endif /* TESTS_CHILD_H */
