/* SPDX-License-Identifier: MIT */
/* layer 3: task · beginning, running and ending one task */
#ifndef TL_TASK_H
#define TL_TASK_H

#include "future.h"

/*
 * What a thread does with a task that it alone owns (it has won the slot, or the task
 * was never queued): task_begin; if true, task_call, then task_end with the state that
 * task_call returned. If false the task has been ended as cancelled.
 */
static bool task_begin(tl_task *task);
static enum state task_call(tl_task *task);

/* As future_end and future_finish; then the task leaves its group. */
static tl_callback *task_end(tl_task *task, enum state state);
static void task_finish(tl_task *task, enum state state);

/* Set up a cell for a user and an executor. NULL with errno. */
static tl_task *task_new(tl_executor *executor, tl_function *function, void *argument);

/* NEW to QUEUED, for an executor, as a member of a group if there is one. Returns the word
 * as it was, or a negative errno. */
static int64_t task_enqueue(tl_task *task, tl_executor *executor, tl_group *group);

/* QUEUED back to NEW, when the executor refused it; out of its group. */
static void task_refused(tl_task *task);

/* Does this thread run this task, here or further down its stack? */
static bool runs_here(const tl_future *future);

#endif
