/* SPDX-License-Identifier: MIT */
/* layer 2: injector · a bounded queue of tasks for any number of threads · no calls */
/*
 * A ring of 2^bits pointers. Any number of producers, any number of takers, nobody ever
 * waits for another thread's next instruction.
 *
 * A position p counts up for ever; it uses the slot p % 2^bits in lap p / 2^bits. A slot
 * holds
 *   FREE(p)    = lap << 2                   free for position p, and for no other
 *   a task     = address | lap's parity << 1 | 1
 *   CLAIMED(p) = lap << 2 | 2               claimed out of it; p's owner has yet to come
 * so memory that is all zeros is an empty ring.
 *
 *   who          does                                      with
 *   producer     slot FREE(t) -> task, at t = tail         CAS, release: the task
 *                tail t -> t + 1 (its own or another's)    CAS, seq_cst: the edge
 *   taker        head h -> h + n: the positions are his    CAS
 *   their owner  slot -> FREE(p + 2^bits)                  exchange, acquire
 *   claimer      slot task -> CLAIMED(p)                   CAS on this very task
 *   or back      slot CLAIMED(p) -> this task              CAS
 *   shutdown     tail |= CLOSED                            no push succeeds after
 *
 * The slot is the claim: whoever takes the task out of it owns the task. A claimer
 * (cancel, a waiter) leaves an empty slot that the position's owner skips. Only the owner
 * frees it for the next lap, so nobody laps him, however late he comes: when claimers
 * did it, a pool whose workers were busy was lapped by submits and cancels, and the
 * owner's exchange then set a slot back to a lap gone by (tests/t_help.c).
 * Why a late producer does no harm: its CAS expects FREE(t), a value that this slot has
 * only once. Why helping is safe: with tail == t the slot holds FREE(t), the task of t or
 * CLAIMED(t) (move tail on for the one who put it there), or still what the lap before
 * left there (the ring is full).
 */
#ifndef TL_INJECTOR_H
#define TL_INJECTOR_H

#include "atomic.h"
#include "place.h"

#define CLOSED (UINT64_C(1) << 63)
#define SLOTS_OF_LINE (LINE / sizeof(uint64_t))

struct injector {
	ON_OWN_LINE uint64_t tail;
	ON_OWN_LINE uint64_t head;
	ON_OWN_LINE uint64_t *slots;
	unsigned bits;
	unsigned level; /* see place.h */
};

static inline uint64_t injector_free(const struct injector *injector, uint64_t position)
{
	return position >> injector->bits << 2;
}

static inline uint64_t injector_full(const struct injector *injector, uint64_t position,
                                     const tl_task *task)
{
	return (uint64_t)(uintptr_t)task | (position >> injector->bits & 1) << 1 | 1;
}

static inline uint64_t injector_claimed(const struct injector *injector,
                                        uint64_t position)
{
	return injector_free(injector, position) | 2;
}

static inline uint64_t injector_size(const struct injector *injector)
{
	return UINT64_C(1) << injector->bits;
}

static inline uint64_t *injector_slot(const struct injector *injector, uint64_t position)
{
	return &injector->slots[position & (injector_size(injector) - 1)];
}

/* 0, -ENOSPC (full) or -ESHUTDOWN. Full edge on success. The slot isn't looked at first: of
 * fresh memory that would map a page of zeros, and the write after it would be a second
 * fault, in which the kernel flushes that page from the other CPUs. */
static inline int injector_push(struct injector *injector, tl_task *task)
{
	for (;;) {
		uint64_t t = load_acquire(&injector->tail);
		if (UNLIKELY(t & CLOSED))
			return -ESHUTDOWN;
		uint64_t *slot = injector_slot(injector, t);
		uint64_t seen = injector_free(injector, t);
		uint64_t tail = t, full = injector_full(injector, t, task);
		store_relaxed(&task->place_, place_in(injector->level, t));
		if (LIKELY(cas_acq_rel(slot, &seen, full))) {
			if (LIKELY(cas_seq_cst(&injector->tail, &tail, t + 1)))
				return 0;
			/* Another producer has moved it on, or it was closed first. */
			if (tail == (t | CLOSED)) {
				uint64_t again = injector_free(injector, t);
				if (cas_acq_rel(slot, &full, again))
					return -ESHUTDOWN;
				/* Claimed already, so it was accepted: its position is used
				 * up, whether or not the ring has been opened again. */
				while ((tail & ~CLOSED) == t &&
				       !cas_seq_cst(&injector->tail, &tail, tail + 1))
					;
			}
			return 0;
		}
		if (load_acquire(&injector->tail) != t)
			continue;
		bool used = seen & 1
		                    ? (seen & 2) == (injector_full(injector, t, NULL) & 2)
		                    : seen == injector_claimed(injector, t);
		if (!used)
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

/* Take over up to 1/share of what waits, at most `most` positions; 0 when empty. Of many whole
 * lines of slots: the line that producers write to stays theirs. */
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
		if (n > SLOTS_OF_LINE)
			n -= (head + n) % SLOTS_OF_LINE;
		*position = head;
		if (cas_seq_cst(&injector->head, &head, head + n))
			return n;
	}
}

/* Only by the owner of this position: its task, or NULL if it was claimed. */
static inline tl_task *injector_get(struct injector *injector, uint64_t position)
{
	uint64_t next = position + injector_size(injector);
	uint64_t seen = exchange_acq_rel(injector_slot(injector, position),
	                                 injector_free(injector, next));
	return seen & 1 ? (tl_task *)(uintptr_t)(seen & ~UINT64_C(3)) : NULL;
}

/* Claim this very task out of its slot. */
static inline bool injector_claim(struct injector *injector, uint64_t position,
                                  tl_task *task)
{
	uint64_t expected = injector_full(injector, position, task);
	return cas_acq_rel(injector_slot(injector, position), &expected,
	                   injector_claimed(injector, position));
}

/* Put back what was claimed; false if its owner has come to the position meanwhile. */
static inline bool injector_unclaim(struct injector *injector, uint64_t position,
                                    tl_task *task)
{
	uint64_t expected = injector_claimed(injector, position);
	return cas_seq_cst(injector_slot(injector, position), &expected,
	                   injector_full(injector, position, task));
}

/* Fetch n tasks that were taken over; the addresses may be stale, so they are only good for
 * that. The slots come for writing: a look alone would fetch their lines for reading, and
 * who then takes the tasks out would ask for them a second time. */
static inline void injector_prefetch(const struct injector *injector, uint64_t position,
                                     unsigned n)
{
	for (unsigned i = 0; i < n; i += SLOTS_OF_LINE)
		prefetch_write(injector_slot(injector, position + i));
	for (unsigned i = 0; i < n; i++) {
		uint64_t seen = load_relaxed(injector_slot(injector, position + i));
		prefetch_write((const void *)(uintptr_t)(seen & ~UINT64_C(3)));
	}
}

#endif
