/* SPDX-License-Identifier: MIT */
/* layer 2: place · where a queued task is, in one word of the task */
/*
 * Written by whoever owns the task, before it becomes visible in that place. Read
 * by those who want to claim it (cancel, a waiting worker): a stale answer only
 * makes their claim fail, because the slot then doesn't hold the task.
 *
 *   bits 0-1   0: nowhere   1: inbox      2: a ring's slot   3: overflow list
 *   the rest   1: the spot << 2           2: the slot's address
 *              3: the next task in the list (under the list's lock)
 *
 * A spot is a position in one of the two injectors of an inbox: position << 1 | level.
 */
#ifndef TL_PLACE_H
#define TL_PLACE_H

#include "base.h"

enum place { PLACE_NONE, PLACE_INBOX, PLACE_RING, PLACE_OVERFLOW };

#define PLACE_MASK ((uintptr_t)3)

static inline enum place place_kind(uintptr_t place)
{
	return (enum place)(place & PLACE_MASK);
}

static inline void *place_pointer(uintptr_t place)
{
	return (void *)(place & ~PLACE_MASK);
}

static inline uint64_t spot_make(unsigned level, uint64_t position)
{
	return position << 1 | level;
}

static inline uint64_t spot_position(uint64_t spot)
{
	return spot >> 1;
}

static inline unsigned spot_level(uint64_t spot)
{
	return spot & 1;
}

static inline uintptr_t place_in(unsigned level, uint64_t position)
{
	return spot_make(level, position) << 2 | PLACE_INBOX;
}

static inline uint64_t place_spot(uintptr_t place)
{
	return place >> 2;
}

#endif
