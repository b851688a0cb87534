/* SPDX-License-Identifier: MIT */
/* layer 2: injector · where tasks from outside enter a pool · no threads, no calls */
/*
 * A bounded ring of pointers. Any number of producers, any number of takers, nobody
 * ever waits for another thread's next instruction.
 *
 * A position p counts up for ever; it uses the slot p % INJECTOR_SLOTS. A slot holds
 *   EMPTY(p)  = p << 1 | 1        free for position p, and for no other
 *   a task    = address | lap     lap: bit 1, the parity of p / INJECTOR_SLOTS
 *
 *   who          does                                      with
 *   producer     slot EMPTY(t) -> task, at t = tail        CAS, release: the task
 *                tail t -> t + 1 (its own or another's)    CAS, seq_cst: the edge
 *   taker        head h -> h + n: the range is his         CAS
 *   range owner  slot -> EMPTY(p + INJECTOR_SLOTS)         exchange, acquire
 *   claimer      slot task -> EMPTY(p + INJECTOR_SLOTS)    CAS on this very task
 *   shutdown     tail |= CLOSED                            no push succeeds after
 *
 * The slot is the claim: whoever takes the task out of it owns the task. A claimer
 * (cancel, a waiting worker) leaves an empty slot that the range's owner skips.
 * Why a late producer does no harm: its CAS expects EMPTY(t), a value that this slot
 * has only once. Why helping is safe: with tail == t the slot holds EMPTY(t), the
 * task of t (parity of t: move tail on for the one who put it there), or still the
 * task of t - INJECTOR_SLOTS (other parity: the ring is full).
 */
#ifndef TL_INJECTOR_H
#define TL_INJECTOR_H

#include "atomic.h"
#include "place.h"
#include "tune.h"

#define CLOSED (UINT64_C(1) << 63)

struct injector {
	ON_OWN_LINE uint64_t tail;
	ON_OWN_LINE uint64_t head;
	ON_OWN_LINE uint64_t slots[INJECTOR_SLOTS];
};

static inline uint64_t injector_empty(uint64_t position)
{
	return position << 1 | 1;
}

static inline uint64_t injector_full(uint64_t position, const tl_task *task)
{
	return (uint64_t)(uintptr_t)task | (position / INJECTOR_SLOTS & 1) << 1;
}

static inline uint64_t *injector_slot(struct injector *injector, uint64_t position)
{
	return &injector->slots[position % INJECTOR_SLOTS];
}

static inline void injector_init(struct injector *injector)
{
	injector->tail = injector->head = 0;
	for (uint64_t i = 0; i < INJECTOR_SLOTS; i++)
		injector->slots[i] = injector_empty(i);
}

/* 0, -ENOSPC (full) or -ESHUTDOWN. Full edge on success. */
static inline int injector_push(struct injector *injector, tl_task *task)
{
	for (;;) {
		uint64_t t = load_acquire(&injector->tail);
		if (UNLIKELY(t & CLOSED))
			return -ESHUTDOWN;
		uint64_t *slot = injector_slot(injector, t);
		uint64_t seen = load_acquire(slot);
		if (LIKELY(seen == injector_empty(t))) {
			uint64_t tail = t;
			store_relaxed(&task->place_,
			              (uintptr_t)(t << 2 | PLACE_INJECTOR));
			if (!cas_acq_rel(slot, &seen, injector_full(t, task)))
				continue;
			if (LIKELY(cas_seq_cst(&injector->tail, &tail, t + 1)))
				return 0;
			/* Another producer has moved it on, or it was closed first. */
			seen = injector_full(t, task);
			if (tail == (t | CLOSED) &&
			    cas_acq_rel(slot, &seen, injector_empty(t)))
				return -ESHUTDOWN;
			return 0;
		}
		if (load_acquire(&injector->tail) != t)
			continue;
		if (seen & 1 || (seen & 2) != (t / INJECTOR_SLOTS & 1) << 1)
			return -ENOSPC;
		cas_seq_cst(&injector->tail, &t, t + 1);
	}
}

/* How many tasks wait, about; with full edges, so that it finds all pushed before. */
static inline uint64_t injector_count(struct injector *injector)
{
	uint64_t head = load_seq_cst(&injector->head);
	uint64_t tail = load_seq_cst(&injector->tail) & ~CLOSED;
	return tail - head;
}

/* Take over a range: up to 1/share of what waits, at most `most`; 0 when empty. */
static inline unsigned injector_take(struct injector *injector, unsigned most,
                                     unsigned share, uint64_t *position)
{
	uint64_t head = load_acquire(&injector->head);
	for (;;) {
		uint64_t tail = load_acquire(&injector->tail) & ~CLOSED;
		uint64_t waiting = tail - head;
		if (waiting == 0)
			return 0;
		uint64_t fair = (waiting + share - 1) / share;
		unsigned n = fair < most ? (unsigned)fair : most;
		*position = head;
		if (cas_seq_cst(&injector->head, &head, head + n))
			return n;
	}
}

/* Only by the owner of this position: its task, or NULL if it was claimed. */
static inline tl_task *injector_get(struct injector *injector, uint64_t position)
{
	uint64_t seen = exchange_acq_rel(injector_slot(injector, position),
	                                 injector_empty(position + INJECTOR_SLOTS));
	return seen & 1 ? NULL : (tl_task *)(uintptr_t)(seen & ~UINT64_C(3));
}

/* Claim this very task out of its slot. */
static inline bool injector_claim(struct injector *injector, uint64_t position,
                                  tl_task *task)
{
	uint64_t expected = injector_full(position, task);
	return cas_acq_rel(injector_slot(injector, position), &expected,
	                   injector_empty(position + INJECTOR_SLOTS));
}

/* A look ahead; the address may be stale, so it is only good for a prefetch. */
static inline void injector_prefetch(struct injector *injector, uint64_t position)
{
	uint64_t seen = load_relaxed(injector_slot(injector, position));
	__builtin_prefetch((const void *)(uintptr_t)(seen & ~UINT64_C(3)), 1);
}

#endif
