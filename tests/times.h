/* SPDX-License-Identifier: MIT */
/* What the tests of timers share: times that come, and one that never does. */
#ifndef TESTS_TIMES_H
#define TESTS_TIMES_H

#include "support.h"

#define SOON (2 * MILLISECOND)
#define PERIOD MILLISECOND
#define NEVER (1000000 * SECOND)

#endif /* TESTS_TIMES_H */
