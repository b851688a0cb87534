/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: a clock, and the way a producer hands futures to the
 * thread that takes their results: an array that is there before the clock starts, and
 * an index.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "must.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

struct handover {
	void **handles;
	size_t size;
	_Alignas(64) atomic_size_t given; /* the producer's line */
};

static inline int64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* 0 if it isn't a number between 1 and 100 million. */
static inline size_t parse_count(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	return *end || number > 100000000 ? 0 : number;
}

static inline void handover_init(struct handover *handover, size_t size)
{
	handover->handles = malloc(size * sizeof(*handover->handles));
	must(handover->handles != NULL, "memory for the handles");
	/* its pages are touched here, so that neither clock nor RSS sees them later */
	memset(handover->handles, 1, size * sizeof(*handover->handles));
	handover->size = size;
	atomic_init(&handover->given, 0);
}

/* Number i, which must be the next one. */
static inline void hand_over(struct handover *handover, size_t i, void *handle)
{
	handover->handles[i] = handle;
	atomic_store_explicit(&handover->given, i + 1, memory_order_release);
}

/* Number i, once it is there. A consumer that is ahead lets the others run. */
static inline void *take_over(struct handover *handover, size_t i)
{
	while (atomic_load_explicit(&handover->given, memory_order_acquire) <= i)
		sched_yield();
	return handover->handles[i];
}

#endif /* HANDOVER_H */
