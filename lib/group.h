/* SPDX-License-Identifier: MIT */
/* layer 3: group · the words of a group: its tasks that have not ended */
/*
 * Three counters that only grow. Members of the group are the tasks that have joined and
 * not left; queued are those that have joined and not begun.
 *
 *   joined     tasks that were, or are about to be, pushed; below the count, HELPED
 *   begun      of these, those that somebody has taken out of their queue
 *   left       upper half: of these, those that have ended
 *              lower half: the futex: WAITED, and above it a round
 *   error      the first one; an -ECANCELED gives way to any other
 *   cancelled  by tl_group_cancel; a group nested in this one looks up here
 *
 * Who submits writes `joined` and who runs tasks the others, each on lines of their own:
 * with one count for both, each task cost two transfers of its line (200 ns).
 *
 *   what happens                  by
 *   a task is to be pushed        joined + 1; if HELPED was there: away with it, a new round
 *   a task has left its queue     begun + 1
 *   a task has ended              left + 1; if WAITED and none is left: a new round
 *   somebody wants to sleep       WAITED; then a helper (group.c) sets HELPED
 *
 * Empty or not: who finds as many in `joined` as he has found in `left`, before, has seen
 * a moment without members, since both only grow.
 *
 * The last touch. Who ends a task reads its group before the end is published, since the
 * task may be gone afterwards; then he notes the error; then he adds one to `left`, and
 * after that only wakes by address. He has looked at `joined` before that: a member was
 * missing then, his own. So when a waiter has seen that all have left, nothing of ours
 * will touch the group again: it may lie on the waiter's stack.
 *
 * No wake-up is lost. A new round has no WAITED: the half that waiters sleep on
 * changes in the very CAS that makes their sleep wrong, and only then. Whoever
 * has set WAITED before it is woken by the one who made the round, or finds another
 * value when he goes to sleep; whoever sets it afterwards sees what has changed. Of those
 * who leave the last one sees it: what is in `left` when his CAS succeeds, he has read
 * before he read `joined`.
 * A helper sleeps only when all that have joined have begun, HELPED being set: a join
 * before that is seen by him, a later one finds HELPED.
 */
#ifndef TL_GROUP_H
#define TL_GROUP_H

#include <limits.h>

#include "doze.h"
#include "futex.h"
#include "future.h"

#define HELPED UINT64_C(1)
#define JOINED UINT64_C(2) /* one of them */
#define WAITED UINT64_C(1)
#define LEAVER (UINT64_C(1) << 32) /* one who has left */

static inline uint32_t *group_futex(tl_group *group)
{
	return (uint32_t *)(void *)&group->left_ +
	       (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* Counts are compared in 32 bits: there are never so many members. */
static inline bool group_all_left(uint64_t joined, uint64_t left)
{
	return (uint32_t)(joined / JOINED) == (uint32_t)(left / LEAVER);
}

static inline bool group_is_empty(const tl_group *group)
{
	uint64_t left = load_acquire(&group->left_);
	return group_all_left(load_acquire(&group->joined_), left);
}

static inline bool group_has_queued(uint64_t joined, uint32_t begun)
{
	return (uint32_t)(joined / JOINED) != begun;
}

static inline uint64_t group_new_round(uint64_t left)
{
	return (left & ~(LEAVER - 1)) | (uint32_t)((uint32_t)(left | WAITED) + 1);
}

static COLD void group_call_helpers(tl_group *group)
{
	fetch_and_seq_cst(&group->joined_, ~HELPED);
	uint64_t left = load_relaxed(&group->left_);
	while (!cas_acq_rel(&group->left_, &left, group_new_round(left)))
		;
}

/* A task is about to be pushed. True: waiters are to be woken once it has been, by
 * address. */
static inline bool group_join(tl_group *group)
{
	bool helped = fetch_add_acq_rel(&group->joined_, JOINED) & HELPED;
	if (UNLIKELY(helped))
		group_call_helpers(group);
	return helped;
}

/* Whoever begins a task of the group, or ends or takes back one that has not begun. */
static inline void group_begin(tl_group *group)
{
	fetch_add_relaxed(&group->begun_, 1u);
}

static inline void group_note(tl_group *group, int error)
{
	int32_t seen = load_relaxed(&group->error_);
	while (seen == 0 || (seen == -ECANCELED && error != -ECANCELED))
		if (cas_acq_rel(&group->error_, &seen, error))
			return;
}

/* A task has ended so, or was not accepted. The group may be gone on return. */
static inline void group_leave(tl_group *group, int error)
{
	if (UNLIKELY(error))
		group_note(group, error);
	uint32_t *futex = group_futex(group);
	uint64_t left = load_acquire(&group->left_), next;
	bool last;
	do {
		next = left + LEAVER;
		last = (left & WAITED) &&
		       group_all_left(load_acquire(&group->joined_), next);
		if (last)
			next = group_new_round(next);
	} while (!cas_acq_rel(&group->left_, &left, next));
	if (last)
		word_wake(futex, INT_MAX);
}

/* What has joined was not pushed. */
static inline void group_unjoin(tl_group *group)
{
	group_begin(group);
	group_leave(group, 0);
}

/* This one, or one that it is nested in? For those who keep it alive: its tasks, and the
 * callers of its functions. */
static inline bool group_is_cancelled(const tl_group *group)
{
	for (; group; group = group->parent_)
		if (load_relaxed(&group->cancelled_))
			return true;
	return false;
}

/* ---- What is a member's ------------------------------------------------------- */

/* A group's task names the group in place of its executor. These are for those who know
 * that the task has not ended, and so that the group is there. */

static inline tl_group *group_of(const tl_task *task)
{
	return (tl_group *)(void *)task->executor_;
}

static inline bool group_has(const tl_group *group, const tl_task *task)
{
	return (load_relaxed(&task->future.word_) & GROUPED) && group_of(task) == group;
}

static inline tl_executor *task_executor(const tl_task *task)
{
	bool grouped = load_relaxed(&task->future.word_) & GROUPED;
	return grouped ? group_of(task)->executor_ : task->executor_;
}

#endif
