/* SPDX-License-Identifier: MIT */
/* layer 2: ring · a worker's own deque · no threads, no calls */
/*
 * The owner pushes and pops at the tail, newest first; thieves take from the head,
 * oldest first. A slot holds a task or NULL, and the slot is the claim: who swaps
 * the task out owns it. Indexes only say where to look:
 *
 *   word   written by   read by   meaning
 *   tail   owner        all       no task at or above it
 *   head   owner        all       no task below it; never falls
 *   slot   owner fills; owner, thief and claimer empty it
 *
 * As only the owner fills slots and moves indexes, there is no race between indexes
 * to lose: a thief that looks at an old index finds an empty slot, or a task that is
 * rightly his. So a pop needs no fence before it looks at the head (Chase and Lev),
 * and nothing is lost by slots that thieves and claimers have emptied in the middle:
 * pop steps over them, and push moves the head over them when the ring looks full.
 */
#ifndef TL_RING_H
#define TL_RING_H

#include "atomic.h"
#include "place.h"
#include "tune.h"

struct ring {
	ON_OWN_LINE uint64_t tail;
	uint64_t head;
	ON_OWN_LINE tl_task *slots[RING_SLOTS];
};

static inline tl_task **ring_slot(struct ring *ring, uint64_t position)
{
	return &ring->slots[position % RING_SLOTS];
}

/* Owner. False when full. Full edge: seq_cst exchange of the tail. */
static inline bool ring_push(struct ring *ring, tl_task *task)
{
	uint64_t tail = load_relaxed(&ring->tail), head = load_relaxed(&ring->head);
	if (UNLIKELY(tail - head == RING_SLOTS)) {
		while (head != tail && !load_relaxed(ring_slot(ring, head)))
			head++;
		store_release(&ring->head, head);
		if (tail - head == RING_SLOTS)
			return false;
	}
	tl_task **slot = ring_slot(ring, tail);
	/* Release: who finds it goes there, and the ring may be a new worker's. */
	store_release(&task->place_, (uintptr_t)slot | PLACE_RING);
	store_release(slot, task);
	exchange_seq_cst(&ring->tail, tail + 1);
	return true;
}

/* Owner: the newest task, or NULL. */
static inline tl_task *ring_pop(struct ring *ring)
{
	uint64_t tail = load_relaxed(&ring->tail), head = load_relaxed(&ring->head);
	while (tail != head) {
		tl_task **slot = ring_slot(ring, --tail);
		tl_task *task = load_relaxed(slot);
		if (task)
			task = exchange_acq_rel(slot, (tl_task *)NULL);
		store_release(&ring->tail, tail);
		if (task)
			return task;
	}
	return NULL;
}

/* Anyone: the oldest task, or NULL. */
static inline tl_task *ring_steal(struct ring *ring)
{
	uint64_t head = load_acquire(&ring->head);
	uint64_t tail = load_seq_cst(&ring->tail);
	for (; head < tail; head++) {
		tl_task **slot = ring_slot(ring, head);
		if (!load_relaxed(slot))
			continue;
		tl_task *task = exchange_acq_rel(slot, (tl_task *)NULL);
		if (task)
			return task;
	}
	return NULL;
}

/* Anyone: is a task in it? Finds every push whose edge came before the caller's. */
static inline bool ring_has_work(struct ring *ring)
{
	uint64_t head = load_acquire(&ring->head);
	uint64_t tail = load_seq_cst(&ring->tail);
	for (; head < tail; head++)
		if (load_acquire(ring_slot(ring, head)))
			return true;
	return false;
}

static inline bool ring_claim(tl_task **slot, tl_task *task)
{
	tl_task *expected = task;
	return cas_acq_rel(slot, &expected, (tl_task *)NULL);
}

#endif
