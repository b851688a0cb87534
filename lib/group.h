/* SPDX-License-Identifier: MIT */
/* layer 3: group · the words of a group: its tasks that have not ended */
/*
 *   word      upper half   members: tasks of the group that have not ended
 *             lower half   the futex: AWAITED, HELPED, and above them a round
 *   queued    of the members, those that nobody has taken out of their queue yet
 *   error     the first one; an -ECANCELED gives way to any other
 *   cancelled by tl_group_cancel; a group nested in this one looks up here
 *
 *   what happens                queued   word, by one CAS
 *   a task is to be pushed      + 1,     then + 1 member; HELPED: a new round
 *   a task has left its queue   - 1
 *   a task has ended                     - 1 member; the last: a new round
 *   somebody wants to sleep              AWAITED; a helper (group.c) HELPED as well
 *
 * The last touch. Who ends a task reads its group before the end is published, since the
 * task may be gone afterwards, and then notes the error, drops the member, and after that
 * only wakes by address. So when a waiter has seen that there are no members, nothing of
 * ours will touch the group again: it may lie on the waiter's stack.
 *
 * No wake-up is lost. The half that waiters sleep on stands still while members come and
 * go, so a sleep is not turned away by each of them; it changes when it has to, in the
 * same CAS that makes the sleep wrong: a new round has neither bit. A waiter
 * that set its bits before this CAS is woken by whoever made the round, or finds another
 * value when it goes to sleep; one that comes after it sees what it has changed.
 * A helper sleeps only when `queued` is 0 after HELPED is set: whoever counted up before
 * its CAS is seen here, whoever does after it finds HELPED.
 */
#ifndef TL_GROUP_H
#define TL_GROUP_H

#include <limits.h>

#include "atomic.h"
#include "base.h"
#include "futex.h"

#define AWAITED UINT64_C(1)
#define HELPED UINT64_C(2)
#define MEMBER (UINT64_C(1) << 32)

static inline uint32_t *group_futex(tl_group *group)
{
	return (uint32_t *)(void *)&group->word_ +
	       (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

static inline bool group_has_members(uint64_t word)
{
	return word >= MEMBER;
}

static inline uint64_t group_new_round(uint64_t word)
{
	uint32_t round = (uint32_t)(word | AWAITED | HELPED) + 1;
	return (word & ~(MEMBER - 1)) | round;
}

/* A task is about to be pushed. True: helpers sleep, who are to be woken when it has been
 * pushed, by address. */
static inline bool group_join(tl_group *group)
{
	fetch_add_relaxed(&group->queued_, 1u);
	uint64_t word = load_relaxed(&group->word_), more;
	do {
		more = (word & HELPED ? group_new_round(word) : word) + MEMBER;
	} while (!cas_acq_rel(&group->word_, &word, more));
	return word & HELPED;
}

/* Whoever has won a task of the group, or takes it back. */
static inline void group_dequeued(tl_group *group)
{
	fetch_sub_relaxed(&group->queued_, 1u);
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
	uint64_t word = load_relaxed(&group->word_), rest;
	do {
		rest = word - MEMBER;
		if (!group_has_members(rest))
			rest = group_new_round(rest);
	} while (!cas_acq_rel(&group->word_, &word, rest));
	if (!group_has_members(rest) && (word & AWAITED))
		futex_wake(futex, INT_MAX);
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

#endif
