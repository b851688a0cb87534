/* SPDX-License-Identifier: MIT */
/* layer 4: own · the tasks of a worker's own: its ring, and behind it its shelf */
#ifndef TL_OWN_H
#define TL_OWN_H

#include "pool.h"

/* The worker puts its ring on its shelf, and goes on with an empty one, if there is memory. */
static bool worker_sets_aside(struct worker *worker);

/* The ring is full. */
static bool worker_push_beyond(struct worker *worker, tl_task *task);

/* The worker: false when it is full and there is no memory for another ring. Full edge. */
static ALWAYS_INLINE bool worker_push(struct worker *worker, tl_task *task)
{
	return LIKELY(ring_push(load_relaxed(&worker->ring), task)) ||
	       worker_push_beyond(worker, task);
}

/* The worker, whose own ring is empty, makes the ring at that end of a shelf, its own or
 * another one's, its current one, and takes the newest task out of it; or NULL. */
static tl_task *worker_take_ring(struct worker *worker, struct shelf *shelf,
                                 struct ring *const *end);

/* The worker: its newest task, or NULL. */
static ALWAYS_INLINE tl_task *worker_pop(struct worker *worker)
{
	tl_task *task = ring_pop(load_relaxed(&worker->ring));
	if (!task && UNLIKELY(load_relaxed(&worker->shelf.count)))
		task = worker_take_ring(worker, &worker->shelf, &worker->shelf.newest);
	return task;
}

/* Anyone: the oldest task of this worker, or NULL. */
static tl_task *worker_oldest(struct worker *worker);

/* The worker: has it none? And how many, about? */
static inline bool worker_has_none(struct worker *worker)
{
	return ring_is_used_up(load_relaxed(&worker->ring)) &&
	       !load_relaxed(&worker->shelf.count);
}

static inline uint64_t worker_count(struct worker *worker)
{
	struct ring *ring = load_relaxed(&worker->ring);
	return load_relaxed(&ring->tail) - load_relaxed(&ring->head) +
	       load_relaxed(&worker->shelf.count) * RING_SLOTS;
}

#endif
