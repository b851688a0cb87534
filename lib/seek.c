/* SPDX-License-Identifier: MIT */
/* layer 5: seek · a worker that waits looks for queued tasks that it waits for */
/*
 * They lie among others, in any queue of the pool. Nobody may look into a task before he
 * has won it, as it may end and be gone; but a seeker doesn't want to run what he doesn't
 * wait for (it might want a lock that is held further down his stack). So he wins one
 * after the other, looks at it, and puts it back where it was:
 *
 *   own ring       nobody else fills its slots
 *   shelves        nobody does, as long as the shelf's lock is held (shelf.h). Who is waited
 *                  for with it, because he has pinned a task, lets go of it in a few
 *                  instructions, and wants no such lock
 *   inbox, range   as a claimer, who takes his claim back; if the position's owner has
 *                  come along meanwhile and found nothing, the task goes into the list
 *   lists          (also its own of tasks that were submitted to it) nothing is taken out: the lock is enough
 *   other rings    can't be given anything back: what is not wanted goes into the list.
 *                  So they come last, and only after a search that has found nothing
 *
 * Who comes for a task while the seeker has it:
 *
 *   a canceller    would not come again. So it is pinned (HELD, help.c) before it goes
 *                  back: he waits until it is there. If he came before that the task
 *                  bears CANCEL, and the seeker keeps it, to end it.
 *   a waiter       of the pool naps and looks again; one from outside leaves the task to
 *                  the pool.
 *   an idle worker may have looked at the queues in vain: pool_signal, S2 and S3 (sleep.h).
 *                  (A position that is claimed still counts as work.)
 *
 * A task that nobody has a handle to is not pinned: nobody can cancel it. Nor may it be: a
 * runner (serial.h) is won by others who don't wait for HELD.
 *
 * A worker seeks inside a task or a callback, so its pool can't end under it. He may miss a
 * task that is between two queues, or with another seeker; so the caller of this looks
 * again, for as long as one may be there.
 */
#include "seek.h"

#include "help.h"
#include "sleep.h"

static bool seek_keeps(const struct sought *sought, tl_task *task, bool *pinned)
{
	*pinned = false;
	if (sought->wanted(task, sought->by))
		return true;
	for (;;) {
		uint32_t word = load_acquire(&task->future.word_);
		if (is_alone(word))
			return false;
		if (word & CANCEL)
			return true;
		*pinned = help_hold(task);
		if (*pinned)
			return false;
		task_unheld(task);
	}
}

static void seek_let_go(tl_task *task, bool pinned)
{
	if (pinned)
		help_let_go(task);
}

static void seek_list(struct worker *worker, tl_task *task)
{
	struct overflow *list = &worker->pool->inbox.list;
	lock(&list->lock);
	overflow_append(list, task);
	count_up(&list->pushed, -UINT64_C(1)); /* it was counted before */
	unlock(&list->lock);
}

static tl_task *seek_other_ring(struct worker *worker, struct sought *sought,
                                struct ring *ring, bool *hidden)
{
	uint64_t head = load_acquire(&ring->head), tail = load_seq_cst(&ring->tail);
	tl_task *task;
	bool pinned;
	while ((task = ring_win_next(ring, &head, tail))) {
		if (seek_keeps(sought, task, &pinned))
			return task;
		seek_list(worker, task);
		seek_let_go(task, pinned);
		*hidden = true;
	}
	return NULL;
}

static tl_task *seek_other_rings(struct worker *worker, struct sought *sought,
                                 bool *hidden)
{
	tl_task *task = NULL;
	unsigned slots = load_acquire(&worker->pool->slots);
	for (unsigned i = 0; i < slots && !task; i++) {
		struct worker *other = pool_worker(worker->pool, i);
		if (!other || other == worker)
			continue;
		task = seek_shelf(worker, &other->shelf, sought);
		if (!task)
			task = seek_other_ring(worker, sought, load_seq_cst(&other->ring),
			                       hidden);
	}
	return task;
}

/* *sure becomes false if another one has claimed the task, who may put it back. */
static tl_task *seek_spot(struct worker *worker, struct sought *sought, uint64_t spot,
                          bool *sure, bool *hidden)
{
	struct injector *injector = &worker->pool->inbox.level[spot_level(spot)];
	uint64_t position = spot_position(spot);
	uint64_t seen = load_acquire(injector_slot(injector, position));
	tl_task *task = (tl_task *)(uintptr_t)(seen & ~UINT64_C(3));
	bool pinned;
	if (seen == injector_claimed(injector, position))
		*sure = false;
	if (seen != injector_full(injector, position, task))
		return NULL;
	if (!injector_claim(injector, position, task)) {
		*sure = false;
		return NULL;
	}
	if (seek_keeps(sought, task, &pinned))
		return task;
	if (!injector_unclaim(injector, position, task)) {
		seek_list(worker, task);
		*hidden = true;
	}
	seek_let_go(task, pinned);
	return NULL;
}

/* What workers have taken over; it may lie behind `next`. */
static tl_task *seek_ranges(struct worker *worker, struct sought *sought, bool *hidden)
{
	tl_task *task = NULL;
	bool sure;
	unsigned slots = load_acquire(&worker->pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		struct worker *holder = pool_worker(worker->pool, i);
		uint64_t range = holder ? load_seq_cst(&holder->range) : 0;
		for (unsigned k = 0; k < range_length(range) && !task; k++)
			task = seek_spot(worker, sought, range_spot(range, k), &sure,
			                 hidden);
	}
	return task;
}

static tl_task *seek_inbox(struct worker *worker, struct sought *sought, bool *hidden)
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
			task = seek_spot(worker, sought, spot_make(level, position),
			                 &sure, hidden);
			if (sure)
				sought->next[level] = position + 1;
		}
	}
	return task;
}

static tl_task *seek_overflow(struct sought *sought, struct overflow *list)
{
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
	struct inbox *inbox = &worker->pool->inbox;
	bool hidden = false;
	tl_task *task = seek_own_ring(worker, sought, &hidden);
	if (!task)
		task = seek_shelf(worker, &worker->shelf, sought);
	if (!task)
		task = seek_ranges(worker, sought, &hidden);
	if (!task)
		task = seek_inbox(worker, sought, &hidden);
	if (!task)
		task = seek_overflow(sought, &inbox->list);
	if (!task)
		task = seek_overflow(sought, &inbox->urgent);
	if (!task)
		task = seek_overflow(sought, &worker->chosen);
	if (!task && sought->again)
		task = seek_other_rings(worker, sought, &hidden);
	if (hidden)
		pool_signal(worker->pool);
	sought->again = !task;
	return task;
}
