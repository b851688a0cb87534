/* SPDX-License-Identifier: MIT */
/* layer 2: overflow · tasks that found no room in the rings · a list under a lock */
/*
 * First in, first out, linked both ways through the tasks themselves (next in
 * place_, previous in value_, which nobody reads before the task has ended), so it
 * takes no memory and a claimer unlinks its task at once. The count is written under
 * the lock and read without it: the edge for those who look before they sleep.
 */
#ifndef TL_OVERFLOW_H
#define TL_OVERFLOW_H

#include "lock.h"
#include "place.h"

struct overflow {
	uint64_t count;
	struct lock lock;
	tl_task *first, *last;
	uint64_t pushed; /* ever; statistics */
};

/* Never too few for a caller whose edge came after the push. */
static inline uint64_t overflow_count(struct overflow *list)
{
	return load_seq_cst(&list->count);
}

static inline tl_task *overflow_next(const tl_task *task)
{
	return place_pointer(load_relaxed(&task->place_));
}

/* Who finds it there knows by its hints_ in which list. */
static inline void overflow_link(tl_task *task, tl_task *next)
{
	store_release(&task->place_, (uintptr_t)next | PLACE_OVERFLOW);
}

/* With the lock held. */
static inline void overflow_append(struct overflow *list, tl_task *task)
{
	task->future.value_ = list->last;
	overflow_link(task, NULL);
	if (list->last)
		overflow_link(list->last, task);
	else
		list->first = task;
	list->last = task;
	count_up(&list->pushed, 1);
	exchange_seq_cst(&list->count, list->count + 1);
}

/* A task that was taken out comes back to where it was; it has been counted. */
static inline void overflow_put_back(struct overflow *list, tl_task *task)
{
	lock(&list->lock);
	task->future.value_ = NULL;
	overflow_link(task, list->first);
	if (list->first)
		list->first->future.value_ = task;
	else
		list->last = task;
	list->first = task;
	exchange_seq_cst(&list->count, list->count + 1);
	unlock(&list->lock);
}

/* With the lock held, the task in the list. */
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
	task->future.value_ = NULL;
	store_relaxed(&task->place_, (uintptr_t)PLACE_NONE);
	exchange_seq_cst(&list->count, list->count - 1);
}

static inline tl_task *overflow_take(struct overflow *list)
{
	if (overflow_count(list) == 0)
		return NULL;
	lock(&list->lock);
	tl_task *task = list->first;
	if (task)
		overflow_unlink(list, task);
	unlock(&list->lock);
	return task;
}

/* With the lock held: the first tasks, at most `most`, out of the list. */
static inline unsigned overflow_detach(struct overflow *list, tl_task **tasks,
                                       unsigned most)
{
	unsigned n = 0;
	tl_task *task = list->first;
	while (task && n < most) {
		tl_task *next = overflow_next(task);
		store_relaxed(&task->place_, (uintptr_t)PLACE_NONE);
		tasks[n++] = task;
		task = next;
	}
	list->first = task;
	if (task)
		task->future.value_ = NULL;
	else
		list->last = NULL;
	exchange_seq_cst(&list->count, list->count - n);
	return n;
}

static inline bool overflow_claim(struct overflow *list, tl_task *task)
{
	lock(&list->lock);
	bool there = place_kind(load_relaxed(&task->place_)) == PLACE_OVERFLOW;
	if (there)
		overflow_unlink(list, task);
	unlock(&list->lock);
	return there;
}

#endif
