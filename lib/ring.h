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
 *
 * The owner is a worker whose current ring it is, or who holds the lock of a shelf on which
 * it lies (shelf.h).
 */
#ifndef TL_RING_H
#define TL_RING_H

#include "atomic.h"
#include "place.h"
#include "tune.h"

struct shelf;

struct ring {
	ON_OWN_LINE uint64_t tail;
	uint64_t head;
	tl_task **slots; /* the same ones for ever */
	/* Set aside, see shelf.h; under the lock of that. Of a free ring: the next one. */
	struct ring *newer, *older;
	struct shelf *shelf;
	uint64_t search, searched; /* who has looked through it, down to where: seek.c */
};

static inline tl_task **ring_slot(const struct ring *ring, uint64_t position)
{
	return &ring->slots[position % RING_SLOTS];
}

/* Anyone: whatever task is in this slot, or NULL. */
static inline tl_task *ring_win(tl_task **slot)
{
	return load_relaxed(slot) ? exchange_acq_rel(slot, (tl_task *)NULL) : NULL;
}

/* Anyone: the oldest task from *position on; that is then behind it. */
static inline tl_task *ring_win_next(struct ring *ring, uint64_t *position, uint64_t tail)
{
	tl_task *task = NULL;
	while (!task && *position < tail)
		task = ring_win(ring_slot(ring, (*position)++));
	return task;
}

/* Owner: nothing is left, not even an empty slot between two tasks. */
static inline bool ring_is_used_up(const struct ring *ring)
{
	return load_relaxed(&ring->tail) == load_relaxed(&ring->head);
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

/* A task that will be popped soon. (Below the head there are empty slots, or newer tasks.) */
static inline void ring_fetch(const struct ring *ring, uint64_t position)
{
	if (RING_AHEAD >= RING_SLOTS) /* in models */
		return;
	tl_task *task = load_relaxed(ring_slot(ring, position));
	if (task)
		prefetch_write(task);
}

/* Owner: the first ones, of a ring that was another one's, or long ago its own. */
static inline void ring_fetch_first(const struct ring *ring)
{
	uint64_t tail = load_relaxed(&ring->tail);
	for (unsigned i = 1; i <= RING_AHEAD; i++)
		ring_fetch(ring, tail - i);
}

/* Owner: the newest task, or NULL. */
static inline tl_task *ring_pop(struct ring *ring)
{
	uint64_t tail = load_relaxed(&ring->tail), head = load_relaxed(&ring->head);
	while (tail != head) {
		tl_task **slot = ring_slot(ring, --tail);
		ring_fetch(ring, tail - RING_AHEAD);
		tl_task *task = ring_win(slot);
		store_release(&ring->tail, tail);
		if (task)
			return task;
	}
	return NULL;
}

/* Owner: what is empty on top was looked at for the last time. */
static inline void ring_lower(struct ring *ring)
{
	uint64_t tail = load_relaxed(&ring->tail), head = load_relaxed(&ring->head);
	uint64_t top = tail;
	while (top != head && !load_relaxed(ring_slot(ring, top - 1)))
		top--;
	if (top != tail)
		store_release(&ring->tail, top);
}

/* Owner of a ring that nobody pushes into: the oldest task, or NULL. */
static inline tl_task *ring_take_oldest(struct ring *ring)
{
	uint64_t tail = load_relaxed(&ring->tail), head = load_relaxed(&ring->head);
	tl_task *task = ring_win_next(ring, &head, tail);
	store_release(&ring->head, head);
	return task;
}

/* Anyone: the oldest task, or NULL. */
static inline tl_task *ring_steal(struct ring *ring)
{
	uint64_t head = load_acquire(&ring->head);
	uint64_t tail = load_seq_cst(&ring->tail);
	return ring_win_next(ring, &head, tail);
}

/* Anyone: the older half of the tasks, but one at least and STEAL_MOST at most. */
static inline unsigned ring_steal_half(struct ring *ring, tl_task **tasks)
{
	uint64_t head = load_acquire(&ring->head);
	uint64_t tail = load_seq_cst(&ring->tail);
	unsigned n = 0, most = STEAL_MOST;
	tl_task *task;
	while (n < most && (task = ring_win_next(ring, &head, tail))) {
		uint64_t half = (tail - head) / 2 + 1; /* of those from this one on */
		if (!n && half < most)
			most = (unsigned)half;
		tasks[n++] = task;
	}
	return n;
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
