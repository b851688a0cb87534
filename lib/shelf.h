/* SPDX-License-Identifier: MIT */
/* layer 2: shelf · the full rings that a worker has set aside */
/*
 * A worker whose ring is full sets it aside as a whole and goes on with an empty one; when
 * that is used up it takes the newest one back. A thief takes the oldest one and makes it his
 * own. The tasks don't move: each stays in its slot, where claimers find it.
 *
 *   word      written by                      read by
 *   ring      its worker, the lock held       all   (worker->ring: its current one)
 *   count     the lock's holder               all
 *   the rest  the lock's holder               likewise
 *
 * Of whom is a ring?  A current one: of its worker, who alone pushes and pops (ring.h). One on
 * a shelf: of the lock's holder; nobody fills its slots, and he moves its indexes as an owner
 * does, or puts a task back that he has just taken (seek.c). A free one: of nobody; it is empty
 * (rings.h). Thieves of single tasks and claimers may come to any of them, with an old look: the
 * slot is the claim, wherever the ring is. So no task is taken twice, and none is left behind
 * in a ring that is given away as empty, since only its owner has filled its slots.
 *
 * Who looks for work without the lock (W3 of sleep.h) looks at the worker's ring first, then at
 * the count, then into that ring. Setting aside hides nothing from him: the count goes up first,
 * so who finds the empty ring finds the count, and who finds the full one finds the tasks. The
 * other way round, the ring becomes current before the count goes down, but who has looked at
 * the ring before that and at the count after it misses its tasks: so who takes a ring from a
 * shelf does S2 and S3 afterwards.
 *
 * A ring on a shelf counts as work also when all its tasks have been claimed: who comes for
 * them gives it away.
 */
#ifndef TL_SHELF_H
#define TL_SHELF_H

#include "rings.h"

struct shelf {
	uint64_t count;
	struct lock lock;
	struct ring *newest, *oldest;
};

/* Never too few for a caller whose edge came after the setting aside. */
static inline uint64_t shelf_count(const struct shelf *shelf)
{
	return load_seq_cst(&shelf->count);
}

/* Its worker: set the current ring aside, and go on with this empty one. */
static inline void shelf_put(struct shelf *shelf, struct ring **current,
                             struct ring *empty)
{
	struct ring *full = load_relaxed(current);
	lock(&shelf->lock);
	full->older = shelf->newest;
	full->newer = NULL;
	full->search = 0;
	store_relaxed(&full->shelf, shelf);
	if (shelf->newest)
		shelf->newest->newer = full;
	else
		shelf->oldest = full;
	shelf->newest = full;
	exchange_seq_cst(&shelf->count, shelf->count + 1);
	(void)exchange_seq_cst(current, empty);
	unlock(&shelf->lock);
}

/* With the lock held. */
static inline void shelf_unlink(struct shelf *shelf, struct ring *ring)
{
	if (ring->older)
		ring->older->newer = ring->newer;
	else
		shelf->oldest = ring->newer;
	if (ring->newer)
		ring->newer->older = ring->older;
	else
		shelf->newest = ring->older;
	store_relaxed(&ring->shelf, (struct shelf *)NULL);
	exchange_seq_cst(&shelf->count, shelf->count - 1);
}

/* A worker whose own ring is empty: make the one at that end of a shelf its current one. NULL
 * if there is none. The caller owes S2 and S3, and has the empty ring to give away. */
static inline struct ring *shelf_take(struct shelf *shelf, struct ring *const *end,
                                      struct ring **current)
{
	lock(&shelf->lock);
	struct ring *ring = *end;
	if (ring) {
		(void)exchange_seq_cst(current, ring);
		shelf_unlink(shelf, ring);
	}
	unlock(&shelf->lock);
	return ring;
}

/* Anyone: the oldest task of all, or NULL. */
static inline tl_task *shelf_take_task(struct shelf *shelf, struct rings *rings)
{
	tl_task *task = NULL;
	if (shelf_count(shelf) == 0)
		return NULL;
	lock(&shelf->lock);
	while (!task && shelf->oldest) {
		struct ring *ring = shelf->oldest;
		task = ring_take_oldest(ring);
		if (ring_is_used_up(ring)) {
			shelf_unlink(shelf, ring);
			rings_put(rings, ring);
		}
	}
	unlock(&shelf->lock);
	return task;
}

#endif
