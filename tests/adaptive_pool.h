/* SPDX-License-Identifier: MIT */
/* What the tests of adaptive pools share. */
#ifndef TESTS_ADAPTIVE_POOL_H
#define TESTS_ADAPTIVE_POOL_H

#include "support.h"

static const unsigned counts[] = { 1, 2, 4 };

static inline tl_executor *pool_of(unsigned max, int64_t idle_timeout)
{
	tl_options options = { .max_workers = max, .idle_timeout = idle_timeout };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	cr_assert_not_null(pool);
	return pool;
}

#endif /* TESTS_ADAPTIVE_POOL_H */
