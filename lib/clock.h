/* SPDX-License-Identifier: MIT */
/* layer 1: clock · the only reading of time */
#ifndef TL_CLOCK_H
#define TL_CLOCK_H

#include <time.h>

#include "base.h"

/* Nanoseconds on CLOCK_MONOTONIC. */
static inline int64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The time that is `duration` (not negative) from now; never wraps. */
static inline int64_t deadline_after(int64_t duration)
{
	if (duration == TL_FOREVER)
		return TL_FOREVER;
	int64_t now = clock_now();
	return duration > TL_FOREVER - now ? TL_FOREVER : now + duration;
}

#endif
