/* SPDX-License-Identifier: MIT */
/* layer 4: pending · how many tasks of a pool may wait to be begun (max_pending) */
/*
 * One word counts the places that are taken: by a task from before its push until it has
 * been won out of its slot, or by a submit that will give it back. A pool without a limit
 * has no such count. SHUT is set in the word when the pool is closed, so that one word
 * tells a waiter for room all that may end its wait.
 *
 *   enter   E1 count + 1 by CAS, if the word is below the limit; else, to wait:
 *           E2 room_waiters + 1
 *           E3 look at the word: below the limit or SHUT, go back to E1
 *           E4 sleep while the word is what it was in E3; then E3
 *   leave   L1 count - 1, or SHUT set
 *           L2 room_waiters? wake one (SHUT: all)
 *
 * Why no room stays unused while somebody waits for it: E2, E3, L1 and L2 are sequentially
 * consistent. L2 finds no waiter: his E2 and so his E3 come after L1. L2 finds one that
 * doesn't sleep yet: the kernel compares the word again in E4. Each place that is given
 * back wakes one: he takes it, or finds that another thread has taken it, whose task will
 * give it back in its turn. A waiter whose time is over has not been woken (then he would
 * not have been told so), so he takes no wake-up along when he goes.
 */
#ifndef TL_PENDING_H
#define TL_PENDING_H

#include "sleep.h"

#define SHUT (UINT32_C(1) << 31)
#define PENDING_MOST (SHUT / 2) /* room for those that are let through */

/* A place for one task: 0. -EAGAIN; -ESHUTDOWN; RUN_HERE: the caller shall run the task,
 * which has no place. Only for a pool with a limit. */
enum { RUN_HERE = 1 };
static int pending_enter(tl_executor *pool);

/* Take a place whatever the limit says. */
static void pending_enter_anyway(tl_executor *pool);

static void pending_give_back(tl_executor *pool);

/* Does somebody wait for room? He kicks after E2, once, so who pushes quietly looks here
 * after that: else what is queued might make no room. */
static inline bool pending_awaited(tl_executor *pool)
{
	return UNLIKELY(pool->max_pending) && load_seq_cst(&pool->room_waiters);
}

/* A task has been won out of its slot, or was not pushed after all. */
static inline void pending_leave(tl_executor *pool)
{
	if (UNLIKELY(pool->max_pending))
		pending_give_back(pool);
}

/* Submits are refused from now on: those that wait for room, too. */
static void pending_close(tl_executor *pool);

/* pool_claim for a canceller, who is no thread of the pool. */
static bool pool_claim_pending(tl_executor *pool, tl_task *task);

#endif
