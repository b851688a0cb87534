/* SPDX-License-Identifier: MIT */
/* layer 2: arrivals · a ring of completions that grows · no threads, behind a lock */
#ifndef TL_ARRIVALS_H
#define TL_ARRIVALS_H

#include <stdlib.h>

#include "base.h"
#include "tune.h"

struct arrivals {
	tl_completion *ring;
	uint32_t capacity; /* a power of two */
	uint32_t first, ready;
};

static inline bool arrivals_init(struct arrivals *arrivals)
{
	*arrivals = (struct arrivals){ .capacity = COMPLETIONS_FIRST };
	arrivals->ring = malloc(COMPLETIONS_FIRST * sizeof *arrivals->ring);
	return arrivals->ring;
}

static inline tl_completion *arrivals_entry(struct arrivals *arrivals, uint32_t i)
{
	return &arrivals->ring[(arrivals->first + i) & (arrivals->capacity - 1)];
}

/* There must be room. */
static inline void arrivals_put(struct arrivals *arrivals, tl_completion entry)
{
	*arrivals_entry(arrivals, arrivals->ready++) = entry;
}

/* Take the oldest ones: how many. */
static inline uint32_t arrivals_take(struct arrivals *arrivals, tl_completion *taken,
                                     size_t most)
{
	uint32_t n = arrivals->ready < most ? arrivals->ready : (uint32_t)most;
	for (uint32_t i = 0; i < n; i++)
		taken[i] = *arrivals_entry(arrivals, i);
	arrivals->first += n;
	arrivals->ready -= n;
	return n;
}

/* Room for so many; false without memory, and then all is as it was. */
static inline bool arrivals_grow(struct arrivals *arrivals, uint32_t wanted)
{
	uint32_t capacity = arrivals->capacity;
	while (capacity < wanted)
		capacity *= 2;
	tl_completion *ring = malloc(capacity * sizeof *ring);
	if (!ring)
		return false;
	for (uint32_t i = 0; i < arrivals->ready; i++)
		ring[i] = *arrivals_entry(arrivals, i);
	free(arrivals->ring);
	arrivals->ring = ring;
	arrivals->capacity = capacity;
	arrivals->first = 0;
	return true;
}

#endif
