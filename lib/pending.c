/* SPDX-License-Identifier: MIT */
/* layer 4: pending · how many tasks of a pool may wait to be begun (max_pending) */
#include "pending.h"

#include <limits.h>

#include "clock.h"
#include "futex.h"

/* E1: 0, -EAGAIN or -ESHUTDOWN; *seen is the word that says so. */
static int pending_try(tl_executor *pool, uint32_t *seen)
{
	*seen = load_seq_cst(&pool->pending);
	do {
		if (*seen & SHUT)
			return -ESHUTDOWN;
		if (*seen >= pool->max_pending)
			return -EAGAIN;
	} while (!cas_seq_cst(&pool->pending, seen, *seen + 1));
	return 0;
}

static void pending_enter_anyway(tl_executor *pool)
{
	if (UNLIKELY(pool->max_pending))
		fetch_add_seq_cst(&pool->pending, 1u);
}

static void pending_give_back(tl_executor *pool)
{
	uint32_t before = fetch_sub_seq_cst(&pool->pending, 1u);
	if ((before & ~SHUT) <= pool->max_pending && load_seq_cst(&pool->room_waiters))
		futex_wake(&pool->pending, 1);
}

static int pending_wait(tl_executor *pool)
{
	int64_t deadline = deadline_after(pool->full_timeout);
	bool late = false;
	uint32_t seen;
	int error;
	fetch_add_seq_cst(&pool->room_waiters, 1u);
	pool_signal(pool); /* what is queued may have been submitted quietly */
	while ((error = pending_try(pool, &seen)) == -EAGAIN && !late)
		late = futex_wait(&pool->pending, seen, deadline) == -ETIMEDOUT;
	fetch_sub_seq_cst(&pool->room_waiters, 1u);
	return error;
}

/* Its own tasks don't wait for room: all its workers might do so. */
static bool pending_may_wait(const tl_executor *pool)
{
	return !(self.worker && self.worker->pool == pool) && !runs_task_of(pool);
}

static int pending_enter(tl_executor *pool)
{
	uint32_t seen;
	int error = pending_try(pool, &seen);
	if (error != -EAGAIN)
		return error;
	switch (pool->when_full) {
	case TL_FULL_RUN: return RUN_HERE;
	case TL_FULL_WAIT:
		if (pending_may_wait(pool))
			return pending_wait(pool);
		pending_enter_anyway(pool);
		return 0;
	case TL_FULL_FAIL: break;
	}
	return -EAGAIN;
}

static void pending_close(tl_executor *pool)
{
	if (!pool->max_pending)
		return;
	fetch_or_seq_cst(&pool->pending, SHUT);
	if (load_seq_cst(&pool->room_waiters))
		futex_wake(&pool->pending, INT_MAX);
}

static bool pool_claim_pending(tl_executor *pool, tl_task *task)
{
	if (LIKELY(!pool->max_pending))
		return pool_claim(pool, task);
	/* Held while the task is known to be queued: from its claim on it keeps the pool
	 * no longer. */
	pool_hold(pool);
	bool won = pool_claim(pool, task);
	if (won)
		pending_give_back(pool);
	pool_let_go(pool);
	return won;
}
