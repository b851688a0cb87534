/* SPDX-License-Identifier: MIT */
/* layer 2: rings · memory for the rings that a pool's workers set aside */
/*
 * Who submits beyond its ring takes an empty one here (shelf.h), and brings one back when it
 * takes up another one. They come in arenas from mmap, the first one with the pool's first
 * ring that overflows:
 *
 *   page 0      the arena's own head and those of 63 rings, 64 bytes each
 *   page 1-63   the slots of one ring each
 *
 * A thief or a claimer may look at a ring that was his victim's a moment ago. So a ring stays
 * one until the pool is freed, its positions count on, and a free one has none but empty slots,
 * which is also what a page reads like that has been given back. A ring of a worker's own
 * memory may come here, too.
 */
#ifndef TL_RINGS_H
#define TL_RINGS_H

#include "lock.h"
#include "ring.h"

struct arena {
	ON_OWN_LINE struct arena *next;
};

struct rings {
	struct lock lock;
	struct ring *used, *clean; /* free ones; of clean ones the slots take no memory */
	struct arena *arenas;
	uint64_t used_count;
};

/* An empty ring; NULL when there is no memory. */
static struct ring *rings_get(struct rings *rings);

/* This one is empty, and nobody but those with an old look will look at it. */
static void rings_put(struct rings *rings, struct ring *ring);

/* Give back the memory of free rings, if it is much, until *interrupt isn't 0 (or NULL):
 * false. */
static bool rings_trim(struct rings *rings, const uint32_t *interrupt);
static bool rings_trim_is_due(const struct rings *rings);

/* When nobody can look at one any more. */
static void rings_free(struct rings *rings);

#endif
