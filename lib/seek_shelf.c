/* SPDX-License-Identifier: MIT */
/* layer 5: seek_shelf · the part of seek in rings that a worker owns, or a lock's holder */
#include "seek.h"

#include "own.h"

/* Of a ring that is one's own, or on a shelf of which one has the lock: newest first, from
 * below *position on. Nobody fills its slots, so what isn't wanted comes back to its own. */
static tl_task *seek_down(struct sought *sought, struct ring *ring, uint64_t *position,
                          bool *hidden)
{
	uint64_t head = load_relaxed(&ring->head);
	bool pinned;
	while (*position > head) {
		tl_task **slot = ring_slot(ring, --*position);
		tl_task *task = ring_win(slot);
		if (!task)
			continue;
		if (seek_keeps(sought, task, &pinned))
			return task;
		(void)exchange_seq_cst(slot, task);
		seek_let_go(task, pinned);
		*hidden = true;
	}
	return NULL;
}

/* If there are many that aren't wanted, they are set aside: each ring on the shelf is looked
 * through once. */
static tl_task *seek_own_ring(struct worker *worker, struct sought *sought, bool *hidden)
{
	struct ring *ring = load_relaxed(&worker->ring);
	ring_lower(ring);
	uint64_t position = load_relaxed(&ring->tail);
	uint64_t length = position - load_relaxed(&ring->head);
	tl_task *task = seek_down(sought, ring, &position, hidden);
	if (!task && length > RING_SLOTS / 4)
		worker_sets_aside(worker);
	return task;
}

/* With the lock held. What this search has seen there need not be looked at again: nothing
 * comes to a ring on a shelf. False: there was nothing to look at. */
static bool seek_shelved(struct sought *sought, struct ring *ring, tl_task **task)
{
	bool hidden; /* not from W3, which finds the shelf's count */
	uint64_t position = load_relaxed(&ring->tail);
	if (ring->search == sought->number && ring->searched < position)
		position = ring->searched;
	if (position <= load_relaxed(&ring->head))
		return false;
	*task = seek_down(sought, ring, &position, &hidden);
	ring->search = sought->number;
	ring->searched = position;
	ring_lower(ring);
	return true;
}

/* Behind those that this search has looked through, if none has come on top of them. */
static struct ring *seek_begin(const struct sought *sought, const struct shelf *shelf)
{
	struct ring *newest = shelf->newest, *last = sought->last;
	bool same = newest && newest == sought->newest &&
	            newest->search == sought->number &&
	            load_relaxed(&last->shelf) == shelf;
	return same ? last : newest;
}

/* Newest first. Between two rings thieves may have the lock, who take the oldest ones: so if
 * that which has been searched is gone, those behind it are, too. (If another seeker has given
 * it away, or the shelf's owner has taken it back, the caller looks again.) */
static tl_task *seek_shelf(struct worker *worker, struct shelf *shelf,
                           struct sought *sought)
{
	tl_task *task = NULL;
	if (shelf_count(shelf) == 0)
		return NULL;
	if (!sought->number)
		sought->number = ++worker->searches * TL_MAX_WORKERS + worker->index;
	lock(&shelf->lock);
	struct ring *ring = seek_begin(sought, shelf);
	sought->newest = shelf->newest;
	while (ring && !task) {
		struct ring *older = ring->older;
		sought->last = ring;
		bool looked = seek_shelved(sought, ring, &task);
		if (ring_is_used_up(ring)) {
			shelf_unlink(shelf, ring);
			rings_put(&worker->pool->rings, ring);
		} else if (looked && !task) {
			unlock(&shelf->lock);
			lock(&shelf->lock);
			older = load_relaxed(&ring->shelf) == shelf ? ring->older : NULL;
		}
		ring = older;
	}
	unlock(&shelf->lock);
	return task;
}
