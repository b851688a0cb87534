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
#include "process.h"
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

/*
 * A lock for what the whole process shares, and a forked child goes on using. Two
 * halves of one word: the futex, and the process that used it last. If that was another
 * one, nobody here holds it, whatever the futex says.
 */
struct process_lock {
	uint64_t word;
};

static inline uint32_t *process_lock_futex(struct process_lock *l)
{
	return (uint32_t *)(void *)l + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* False: a thread that is not in this process holds it for ever, and what it guards may
 * be half changed. (The lock has been taken all the same.) */
static inline bool process_lock(struct process_lock *l)
{
	uint64_t ours = (uint64_t)process_number() << 32;
	uint64_t held = ours | 1, seen = load_relaxed(&l->word);
	int pauses = 0;
	for (;;) {
		uint32_t state = (uint32_t)seen;
		if (state == 0 || seen >> 32 != ours >> 32) {
			if (cas_acq_rel(&l->word, &seen, held))
				return state == 0;
		} else if (pauses++ < LOCK_PAUSES) {
			cpu_relax();
			seen = load_relaxed(&l->word);
		} else if (state == 2 || cas_acq_rel(&l->word, &seen, ours | 2)) {
			futex_wait(process_lock_futex(l), 2, TL_FOREVER);
			held = ours | 2; /* others may sleep too */
			seen = load_relaxed(&l->word);
		}
	}
}

static inline void process_unlock(struct process_lock *l)
{
	uint64_t ours = (uint64_t)process_number() << 32;
	if (UNLIKELY((uint32_t)exchange_acq_rel(&l->word, ours) == 2))
		futex_wake(process_lock_futex(l), 1);
}

#endif
