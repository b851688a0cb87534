/* SPDX-License-Identifier: MIT */
/* What the tests of TL_WAITERS_HELP share: a pool of those, and tasks that wait. */
#ifndef TESTS_HELPING_H
#define TESTS_HELPING_H

#include "support.h"

static inline tl_executor *helping_pool(int kind, unsigned workers)
{
	tl_options options = { .flags = TL_WAITERS_HELP };
	tl_executor *pool = executor_of(kind, workers, &options);
	cr_assert_not_null(pool);
	return pool;
}

static inline void *await_own(void *promise) /* which nobody else waits for */
{
	void *value = NULL;
	int error = tl_future_result(promise, &value, TL_FOREVER);
	return error ? tl_fail(error) : value;
}

static inline void *set_it(void *promise)
{
	return VALUE(tl_future_set(promise, VALUE(7)));
}

/* Sleeps in a wait, as far as the pool knows. */
static inline bool dozes(tl_executor *pool, unsigned workers)
{
	tl_stats stats = stats_of(pool);
	return stats.idle == workers && stats.queued == 0 && stats.parks >= workers;
}

#endif /* TESTS_HELPING_H */
