/* SPDX-License-Identifier: MIT */
/* What the tests of serial queues share. */
#ifndef TESTS_SERIAL_QUEUES_H
#define TESTS_SERIAL_QUEUES_H

#include "support.h"

static inline tl_executor *serial_on(tl_executor *pool, unsigned width)
{
	tl_executor *serial = tl_serial_create(pool, width);
	cr_assert_not_null(serial);
	return serial;
}

struct pair {
	tl_executor *pool, *serial;
	atomic_long ran;
};

#endif /* TESTS_SERIAL_QUEUES_H */
