/* SPDX-License-Identifier: MIT */
/* layer 2: place · where a queued task is, in one word of the task */
/*
 * Written by whoever owns the task, before it becomes visible in that place. Read
 * by those who want to claim it (cancel, a waiting worker): a stale answer only
 * makes their claim fail, because the slot then doesn't hold the task.
 *
 *   bits 0-1   0: nowhere   1: injector   2: a ring's slot   3: overflow list
 *   the rest   1: the position << 2       2: the slot's address
 *              3: the next task in the list (under the list's lock)
 */
#ifndef TL_PLACE_H
#define TL_PLACE_H

#include "base.h"

enum place { PLACE_NONE, PLACE_INJECTOR, PLACE_RING, PLACE_OVERFLOW };

#define PLACE_MASK ((uintptr_t)3)

static inline enum place place_kind(uintptr_t place)
{
	return (enum place)(place & PLACE_MASK);
}

static inline void *place_pointer(uintptr_t place)
{
	return (void *)(place & ~PLACE_MASK);
}

#endif
