/* SPDX-License-Identifier: MIT */
/* layer 2: range · the stretch of the injector that one worker has taken over */
/*
 * One word: first position << 16 | length. The tasks stay in the injector's slots,
 * so a claimer finds them where they were. Who holds a range owns its positions: the
 * holder takes its first one, a thief takes the later half, each by CAS on the whole
 * word. The word is the complete truth, so an old value that comes back does no harm.
 */
#ifndef TL_RANGE_H
#define TL_RANGE_H

#include "injector.h"

_Static_assert(INJECTOR_SLOTS < 65536, "a length has 16 bits");

#define RANGE_LENGTH UINT64_C(0xffff)

static inline uint64_t range_make(uint64_t position, unsigned length)
{
	return position << 16 | length;
}

static inline unsigned range_length(uint64_t range)
{
	return (unsigned)(range & RANGE_LENGTH);
}

/* The holder's next task, or NULL when the range is used up. */
static inline tl_task *range_next(uint64_t *range, struct injector *injector)
{
	uint64_t seen = load_relaxed(range);
	while (range_length(seen)) {
		uint64_t position = seen >> 16;
		unsigned length = range_length(seen) - 1;
		if (!cas_acq_rel(range, &seen, range_make(position + 1, length)))
			continue;
		seen = range_make(position + 1, length);
		tl_task *task = injector_get(injector, position);
		if (task)
			return task;
	}
	return NULL;
}

/* A thief's share: the later half, the larger one. Returns its length. */
static inline unsigned range_steal(uint64_t *range, uint64_t *position)
{
	uint64_t seen = load_seq_cst(range);
	while (range_length(seen)) {
		unsigned length = range_length(seen);
		unsigned kept = length / 2;
		*position = (seen >> 16) + kept;
		if (cas_acq_rel(range, &seen, range_make(seen >> 16, kept)))
			return length - kept;
	}
	return 0;
}

#endif
