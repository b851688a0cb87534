/* SPDX-License-Identifier: MIT */
/* layer 4: own · the tasks of a worker's own: its ring, and behind it its shelf */
#include "own.h"

#include "sleep.h"

static bool worker_sets_aside(struct worker *worker)
{
	struct ring *empty = rings_get(&worker->pool->rings);
	if (empty)
		shelf_put(&worker->shelf, &worker->ring, empty);
	return empty;
}

static COLD bool worker_push_beyond(struct worker *worker, tl_task *task)
{
	return worker_sets_aside(worker) && ring_push(load_relaxed(&worker->ring), task);
}

static COLD tl_task *worker_take_ring(struct worker *worker, struct shelf *shelf,
                                      struct ring *const *end)
{
	tl_executor *pool = worker->pool;
	struct ring *empty = load_relaxed(&worker->ring), *ring = NULL;
	tl_task *task = NULL;
	while (!task && (ring = shelf_take(shelf, end, &worker->ring))) {
		rings_put(&pool->rings, empty);
		ring_fetch_first(ring);
		task = ring_pop(ring);
		empty = ring;
	}
	if (task && !ring_is_used_up(ring))
		pool_signal(pool); /* shelf.h */
	return task;
}

static tl_task *worker_oldest(struct worker *worker)
{
	tl_task *task = shelf_take_task(&worker->shelf, &worker->pool->rings);
	return task ? task : ring_steal(load_seq_cst(&worker->ring));
}
