/* SPDX-License-Identifier: MIT */
/* layer 1: lock · a mutex of one word for the rare paths · no allocation */
/*
 * 0 free, 1 held, 2 held and somebody may sleep on it. Used where a queue has
 * overflowed, where magazines of cells are traded, and for starting and joining
 * threads: never on the path of a single submit into a pool with room.
 */
#ifndef TL_LOCK_H
#define TL_LOCK_H

#include "atomic.h"
#include "futex.h"
#include "tune.h"

struct lock {
	uint32_t word;
};

static inline void lock(struct lock *l)
{
	uint32_t seen = 0;
	if (LIKELY(cas_acq_rel(&l->word, &seen, 1u)))
		return;
	for (int i = 0; i < LOCK_PAUSES; i++) {
		cpu_relax();
		seen = load_relaxed(&l->word);
		if (seen == 0 && cas_acq_rel(&l->word, &seen, 1u))
			return;
	}
	while (exchange_acq_rel(&l->word, 2u) != 0)
		futex_wait(&l->word, 2, TL_FOREVER);
}

static inline void unlock(struct lock *l)
{
	if (UNLIKELY(exchange_acq_rel(&l->word, 0u) == 2))
		futex_wake(&l->word, 1);
}

#endif
