/* SPDX-License-Identifier: MIT */
/* layer 6: wait · waiting for one future, outside and inside of tasks */
#ifndef TL_WAIT_H
#define TL_WAIT_H

#include "executor.h"

/* Until it has ended: 0, -ETIMEDOUT, -EDEADLK, -EOWNERDEAD, or -EAGAIN: no stack is left. */
static int wait_until(tl_future *future, int64_t deadline);

/* If this thread works for the pool in which the future's task is queued: run it here,
 * 1. 0 if there is nothing to run; -EAGAIN if another thread has it in its hands;
 * -EDEADLK if it is queued behind the waiting task, -ENOMEM if there is no room on this
 * stack. */
static int wait_run_queued(tl_future *future);

/* Is there no room on this stack for one more task? */
static bool stack_is_short(void);

/* Run a task of its pool, which this worker has won, inside a wait. */
static void wait_execute(struct worker *worker, tl_task *task);

/* Around a sleep inside a task: a spare may stand in. */
static void wait_blocks(void);
static void wait_unblocks(void);

#endif
