/* SPDX-License-Identifier: MIT */
/* layer 2: range · the stretch of an inbox that one worker has taken over */
/*
 * One word: first spot << 8 | length. The tasks stay in the injector's slots, so a
 * claimer finds them where they were. Who holds a range owns its spots: the holder takes
 * its first one, and so does who relieves him of it, a thief takes the later half, each by CAS
 * on the whole word. The word is the complete truth, so an old value that comes back does no
 * harm.
 */
#ifndef TL_RANGE_H
#define TL_RANGE_H

#include "inbox.h"

_Static_assert(RANGE_MOST < 256, "a length has 8 bits, to leave a position 55");

static inline uint64_t range_make(uint64_t spot, unsigned length)
{
	return spot << 8 | length;
}

static inline unsigned range_length(uint64_t range)
{
	return (unsigned)(range & 255);
}

static inline uint64_t range_spot(uint64_t range, unsigned i)
{
	return (range >> 8) + 2 * i;
}

/* The next task, or NULL when the range is used up. */
static ALWAYS_INLINE tl_task *range_next(uint64_t *range, struct inbox *inbox)
{
	uint64_t seen = load_relaxed(range);
	while (range_length(seen)) {
		uint64_t rest = range_make(range_spot(seen, 1), range_length(seen) - 1);
		uint64_t spot = range_spot(seen, 0);
		if (!cas_acq_rel(range, &seen, rest))
			continue;
		seen = rest;
		unsigned left = range_length(rest);
		if (UNLIKELY(left % RANGE_AHEAD == 0 && left))
			inbox_prefetch(inbox, range_spot(rest, 0), RANGE_AHEAD);
		tl_task *task = inbox_get(inbox, spot);
		if (task)
			return task;
	}
	return NULL;
}

/* A thief's share: the later half, the larger one. Returns its length. */
static inline unsigned range_steal(uint64_t *range, uint64_t *spot)
{
	uint64_t seen = load_seq_cst(range);
	while (range_length(seen)) {
		unsigned length = range_length(seen), kept = length / 2;
		*spot = range_spot(seen, kept);
		if (cas_acq_rel(range, &seen, range_make(range_spot(seen, 0), kept)))
			return length - kept;
	}
	return 0;
}

#endif
