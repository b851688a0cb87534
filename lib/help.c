/* SPDX-License-Identifier: MIT */
/* layer 5: help · a waiter outside of the pool runs the task that it waits for */
/*
 * The waiter doesn't belong to the pool, which another thread may be about to destroy.
 * So, step by step:
 *
 *   H1 set HELD while the word says QUEUED and not CANCEL: from here on the task is in a
 *      queue or in the hands of a thread of its pool (a canceller waits for HELD before he
 *      takes it out), and an executor isn't freed as long as that is so
 *   H2 live + 1: from here on the executor isn't freed whatever happens to the task
 *   H3 claim the task out of its slot; clear HELD, and wake who waited for that
 *   H4 if it was won, run it
 *   H5 live - 1, as a thread of the pool does when it ends; then touch nothing of it
 *
 * A shutdown thus waits for the task, and the workers may end meanwhile: whatever the task
 * waits for is run by whoever has it, or by this thread again.
 */
#include "help.h"

#include <limits.h>

#include "futex.h"
#include "group.h"
#include "pending.h"

static bool help_allowed(tl_task *task)
{
	return load_relaxed(&task->hints_) & HINT_RUN;
}

static bool help_hold(tl_task *task)
{
	uint32_t *word = &task->future.word_, seen = load_acquire(word);
	do {
		if (state_of(seen) != QUEUED || (seen & (CANCEL | HELD)))
			return false;
	} while (!cas_acq_rel(word, &seen, seen | HELD));
	return true;
}

static void help_let_go(tl_task *task)
{
	if (fetch_and_acq_rel(&task->future.word_, ~HELD) & WAITERS)
		futex_wake(&task->future.word_, INT_MAX);
}

static void help_execute(tl_executor *pool, tl_task *task)
{
	pending_leave(pool);
	if (!task_begin(task)) {
		fetch_add_relaxed(&pool->cancelled, 1);
		return;
	}
	enum state state = CANCELLED;
	if (UNLIKELY(load_relaxed(&pool->cancelling))) {
		task->future.error_ = -ECANCELED;
		fetch_add_relaxed(&pool->cancelled, 1);
	} else {
		fetch_add_relaxed(&pool->helped, 1);
		state = task_call(task);
		if (state == QUEUED) /* it has been given away */
			return;
	}
	future_finish(&task->future, state);
}

static bool help_run(tl_task *task)
{
	if (!help_allowed(task) || !help_hold(task))
		return false;
	if (!help_allowed(task)) { /* refused, and submitted elsewhere, meanwhile */
		help_let_go(task);
		return false;
	}
	struct visit visit;
	tl_executor *pool = task_executor(task);
	pool_hold(pool);
	bool won = pool_claim(pool, task);
	help_let_go(task);
	visit_begin(&visit, pool);
	if (won)
		help_execute(pool, task);
	visit_end(&visit);
	pool_let_go(pool);
	return won;
}
