/* SPDX-License-Identifier: MIT */
/* layer 2: overflow · tasks that found no room in a ring · a list under two locks */
/*
 * First in, first out, linked both ways through the tasks themselves (next in
 * place_, previous in value_, which nobody reads before the task has ended), so it
 * takes no memory and a claimer unlinks its task at once. One lock for either end, as
 * in the queue of Michael and Scott, so that producers don't wait for a worker that
 * fetches a batch; taken in the order head, tail.
 *
 *   tail lock   last, pushed, the next-link of the last task
 *   head lock   first, taken, everything of the other tasks
 *   both        when the list is or becomes empty; to unlink from the middle
 *
 * The counts are written under their locks and read without: the edge for those who
 * look before they sleep.
 */
#ifndef TL_OVERFLOW_H
#define TL_OVERFLOW_H

#include "lock.h"
#include "place.h"

struct overflow {
	ON_OWN_LINE struct lock tail_lock;
	tl_task *last;
	uint64_t pushed; /* ever */
	ON_OWN_LINE struct lock head_lock;
	tl_task *first;
	uint64_t taken; /* ever */
};

/* How many are in it; never too few for a caller whose edge came after their push. */
static inline uint64_t overflow_count(struct overflow *list)
{
	uint64_t taken = load_seq_cst(&list->taken);
	return load_seq_cst(&list->pushed) - taken;
}

static inline tl_task *overflow_next(const tl_task *task)
{
	return place_pointer(load_acquire(&task->place_));
}

static inline void overflow_link(tl_task *task, tl_task *next)
{
	store_release(&task->place_, (uintptr_t)next | PLACE_OVERFLOW);
}

/* Returns with the tail lock, and if the list is empty (true) with both. */
static inline bool overflow_lock_tail(struct overflow *list)
{
	lock(&list->tail_lock);
	if (list->last)
		return false;
	unlock(&list->tail_lock);
	lock(&list->head_lock);
	lock(&list->tail_lock);
	return true;
}

static inline void overflow_unlock_tail(struct overflow *list, bool both)
{
	unlock(&list->tail_lock);
	if (both)
		unlock(&list->head_lock);
}

/* Between these two. */
static inline void overflow_append(struct overflow *list, tl_task *task)
{
	task->future.value_ = list->last;
	overflow_link(task, NULL);
	if (list->last)
		overflow_link(list->last, task);
	else
		list->first = task;
	list->last = task;
	exchange_seq_cst(&list->pushed, list->pushed + 1);
}

/* With the head lock: the first tasks, at most `most`, out of the list. */
static inline unsigned overflow_detach(struct overflow *list, tl_task **tasks,
                                       unsigned most)
{
	unsigned n = 0;
	tl_task *task = list->first;
	while (task && n < most) {
		tl_task *next = overflow_next(task);
		if (!next) { /* the last one, unless a producer is just appending */
			lock(&list->tail_lock);
			next = overflow_next(task);
			if (!next)
				list->last = NULL;
			unlock(&list->tail_lock);
		}
		store_relaxed(&task->place_, (uintptr_t)PLACE_NONE);
		tasks[n++] = task;
		task = next;
	}
	list->first = task;
	if (task)
		task->future.value_ = NULL;
	exchange_seq_cst(&list->taken, list->taken + n);
	return n;
}

static inline tl_task *overflow_take(struct overflow *list)
{
	tl_task *task = NULL;
	if (overflow_count(list) == 0)
		return NULL;
	lock(&list->head_lock);
	overflow_detach(list, &task, 1);
	unlock(&list->head_lock);
	return task;
}

static inline void overflow_unlink(struct overflow *list, tl_task *task)
{
	tl_task *previous = task->future.value_, *next = overflow_next(task);
	if (previous)
		overflow_link(previous, next);
	else
		list->first = next;
	if (next)
		next->future.value_ = previous;
	else
		list->last = previous;
	store_relaxed(&task->place_, (uintptr_t)PLACE_NONE);
	exchange_seq_cst(&list->taken, list->taken + 1);
}

static inline bool overflow_claim(struct overflow *list, tl_task *task)
{
	lock(&list->head_lock);
	lock(&list->tail_lock);
	bool there = place_kind(load_relaxed(&task->place_)) == PLACE_OVERFLOW;
	if (there)
		overflow_unlink(list, task);
	unlock(&list->tail_lock);
	unlock(&list->head_lock);
	return there;
}

#endif
