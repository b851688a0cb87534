/* SPDX-License-Identifier: MIT */
/* layer 6: executor · making, feeding, stopping and freeing a pool */
#ifndef TL_EXECUTOR_H
#define TL_EXECUTOR_H

#include "worker.h"

enum kind { WORKER, FIXED, ADAPTIVE };

/* A pool of this kind with its first threads running, or NULL with errno. */
static tl_executor *executor_new(enum kind kind, unsigned min, unsigned max,
                                 const tl_options *options);

/* Start its first threads; if one can't be started, end the others. */
static int executor_start(tl_executor *pool);

/* Give back its memory, after the end of its threads. */
static void executor_free(tl_executor *pool);

/* -EINVAL if these options can't be. */
static int options_check(const tl_options *options);

/* Where a task is to go, or why it is refused; then submit it, in state QUEUED. */
static int executor_enter(tl_executor *executor);
static int executor_submit(tl_executor *executor, tl_task *task, int way);

/* Waiters that came before the submit look at the task again: it may be theirs to run.
 * By address: the task itself may be over and gone. `word`: from task_enqueue. */
static void wake_early_waiters(tl_task *task, int64_t word);

/* Refuse submits from now on; with TL_CANCEL, end what is pending. */
static void executor_close(tl_executor *pool, enum tl_shutdown_mode how);

/* Wait until no more than `most` of its threads live. */
static int executor_wait_live(tl_executor *pool, uint32_t most, int64_t deadline);

/* After a completed shutdown: as new, with its first threads running. */
static int executor_reopen(tl_executor *pool);

#endif
