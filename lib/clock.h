/* SPDX-License-Identifier: MIT */
/* layer 1: clock · the only reading of time */
#ifndef TL_CLOCK_H
#define TL_CLOCK_H

#include <pthread.h>
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

/* ns of CPU that a thread has used; it must not have been joined. -1: unknown. */
static inline int64_t thread_cpu_time(pthread_t thread)
{
	clockid_t clock;
	struct timespec used;
	if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &used))
		return -1;
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

#endif
