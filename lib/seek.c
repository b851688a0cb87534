/* SPDX-License-Identifier: MIT */
/* layer 4: seek · a worker that waits looks for queued tasks that it waits for */
/*
 * They lie among others, in any queue of the pool. Nobody may look into a task before he
 * owns it, as it may end and be gone; but a seeker doesn't want to own what he doesn't
 * wait for (it might want a lock that is held further down his stack). So he holds it: a
 * bit is set in the slot, by CAS on this very task. Whatever would take it out of its
 * slot meanwhile, be it the owner of a ring or of a position, a thief or the shutdown,
 * empties the slot and goes on as if it had been empty: nobody ever waits for the seeker.
 * A claimer finds no such task there; a canceller, who won't come again, empties the slot
 * too, and so leaves the task to him.
 *
 *   the task is      and nobody has emptied the slot      and somebody has
 *   wanted           take it                              take it: it is his already
 *   any other        take the bit away                    it is his: into the list, or
 *                                                         end it, if it is cancelled
 *
 * A worker seeks inside a task or a callback, so its pool can't end under it. A seeker may
 * miss a task that is between two queues, or held by another one; so the caller of this
 * looks again, for as long as one may be there.
 */
#include "sleep.h"

typedef uint64_t __attribute__((may_alias)) slot_value;

/*
 * Not wanted, and taken out of its slot: into the list. A canceller that came
 * while it was nowhere has set CANCEL before it looked for the task in vain; one that
 * comes later finds it.
 */
static COLD void seek_misplaced(struct worker *worker, tl_task *task)
{
	struct overflow *list = &worker->pool->inbox.list;
	lock(&list->lock);
	overflow_append(list, task);
	count_up(&list->pushed, -UINT64_C(1)); /* it was counted before */
	bool cancelled = load_acquire(&task->future.word_) & CANCEL;
	if (cancelled)
		overflow_unlink(list, task);
	unlock(&list->lock);
	if (!cancelled) {
		pool_signal(worker->pool);
		return;
	}
	count_up(&worker->counters.cancelled, 1);
	task_begin(task);
}

/* The slot had this value, a task's. *sure becomes false when another seeker has it: it
 * might be wanted. */
static tl_task *seek_slot(struct worker *worker, struct sought *sought, slot_value *slot,
                          uint64_t value, uint64_t empty, bool *sure)
{
	uint64_t held = value | HELD;
	tl_task *task = (tl_task *)(uintptr_t)(value & ~UINT64_C(7));
	if ((value & HELD) || !cas_acq_rel(slot, &value, held)) {
		*sure = false;
		return NULL;
	}
	bool wanted = sought->wanted(task, sought->by);
	if (!cas_acq_rel(slot, &held, wanted ? empty : value) && !wanted)
		seek_misplaced(worker, task);
	return wanted ? task : NULL;
}

static tl_task *seek_ring(struct worker *worker, struct sought *sought, struct ring *ring,
                          uint64_t position)
{
	slot_value *slot = (slot_value *)(void *)ring_slot(ring, position);
	uint64_t value = load_acquire(slot);
	bool sure;
	return value ? seek_slot(worker, sought, slot, value, 0, &sure) : NULL;
}

/* Newest first. The slots above the newest task are empty for good: only we fill them. */
static tl_task *seek_own_ring(struct worker *worker, struct sought *sought)
{
	struct ring *ring = &worker->ring;
	uint64_t tail = load_relaxed(&ring->tail), head = load_relaxed(&ring->head);
	while (tail != head && !load_relaxed(ring_slot(ring, tail - 1)))
		tail--;
	store_release(&ring->tail, tail);
	tl_task *task = NULL;
	while (tail != head && !task)
		task = seek_ring(worker, sought, ring, --tail);
	return task;
}

static tl_task *seek_other_rings(struct worker *worker, struct sought *sought)
{
	tl_task *task = NULL;
	unsigned slots = load_acquire(&worker->pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		struct worker *other = pool_worker(worker->pool, i);
		if (!other || other == worker)
			continue;
		uint64_t head = load_acquire(&other->ring.head);
		uint64_t tail = load_seq_cst(&other->ring.tail);
		for (; head < tail && !task; head++)
			task = seek_ring(worker, sought, &other->ring, head);
	}
	return task;
}

static tl_task *seek_position(struct worker *worker, struct sought *sought,
                              unsigned level, uint64_t position, bool *sure)
{
	struct injector *injector = &worker->pool->inbox.level[level];
	uint64_t *slot = injector_slot(injector, position), value = load_acquire(slot);
	uint64_t next = position + injector_size(injector);
	if ((value & 3) != (injector_full(injector, position, NULL) & 3))
		return NULL;
	return seek_slot(worker, sought, slot, value, injector_free(injector, next),
	                 sure);
}

/* What workers have taken over; it may lie behind `next`. */
static tl_task *seek_ranges(struct worker *worker, struct sought *sought)
{
	tl_task *task = NULL;
	bool sure;
	unsigned slots = load_acquire(&worker->pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		struct worker *holder = pool_worker(worker->pool, i);
		uint64_t range = holder ? load_seq_cst(&holder->range) : 0;
		for (unsigned k = 0; k < range_length(range) && !task; k++) {
			uint64_t spot = range_spot(range, k);
			task = seek_position(worker, sought, spot_level(spot),
			                     spot_position(spot), &sure);
		}
	}
	return task;
}

static tl_task *seek_inbox(struct worker *worker, struct sought *sought)
{
	tl_task *task = NULL;
	for (unsigned level = 0; level < 2 && !task; level++) {
		struct injector *injector = &worker->pool->inbox.level[level];
		uint64_t position = load_acquire(&injector->head);
		uint64_t tail = load_acquire(&injector->tail) & ~CLOSED;
		bool sure = true;
		if (position < sought->next[level])
			position = sought->next[level];
		for (; position < tail && !task; position++) {
			task = seek_position(worker, sought, level, position, &sure);
			if (sure)
				sought->next[level] = position + 1;
		}
	}
	return task;
}

static tl_task *seek_list(struct worker *worker, struct sought *sought)
{
	struct overflow *list = &worker->pool->inbox.list;
	if (overflow_count(list) == 0)
		return NULL;
	lock(&list->lock);
	tl_task *task = list->first;
	while (task && !sought->wanted(task, sought->by))
		task = overflow_next(task);
	if (task)
		overflow_unlink(list, task);
	unlock(&list->lock);
	return task;
}

static tl_task *pool_seek(struct worker *worker, struct sought *sought)
{
	tl_task *task = seek_own_ring(worker, sought);
	if (!task)
		task = seek_ranges(worker, sought);
	if (!task)
		task = seek_inbox(worker, sought);
	if (!task)
		task = seek_list(worker, sought);
	return task ? task : seek_other_rings(worker, sought);
}

/* ---- For cancellers ----------------------------------------------------------- */

static bool pool_withdraw(tl_executor *pool, tl_task *task)
{
	while (!pool_claim(pool, task)) {
		uintptr_t place = load_acquire(&task->place_);
		uint64_t spot = place_spot(place), value = (uintptr_t)task, empty = 0;
		slot_value *slot = place_pointer(place);
		if (place_kind(place) == PLACE_INBOX) {
			struct injector *injector = &pool->inbox.level[spot_level(spot)];
			uint64_t position = spot_position(spot);
			value = injector_full(injector, position, task);
			empty = injector_free(injector,
			                      position + injector_size(injector));
			slot = injector_slot(injector, position);
		} else if (place_kind(place) != PLACE_RING) {
			return false;
		}
		uint64_t seen = value | HELD;
		if (cas_acq_rel(slot, &seen, empty) || seen != value)
			return false;
	}
	return true;
}
