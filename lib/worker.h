/* SPDX-License-Identifier: MIT */
/* layer 5: worker · the loop of a pool's thread */
#ifndef TL_WORKER_H
#define TL_WORKER_H

#include "sleep.h"

/* Run tasks until the pool has finished or the worker is to retire; true: it retires. */
static bool worker_run(struct worker *worker);

/* In a wait: run one task that this worker has won. */
static void worker_execute_within(struct worker *worker, tl_task *task);

/* It is about to run a task, in the loop or in a wait: M of timers.h. False: timers have fired,
 * and the task is queued again. */
static inline bool worker_begins(struct worker *worker, tl_task *task);

/* Without work: the next task, or NULL when this thread shall end. */
static tl_task *worker_idle(struct worker *worker, bool *retires);

/* It has been without work, and has found some by itself; it has taken it, W4 of sleep.h. */
static void worker_comes(struct worker *worker);
static void worker_pass_on(struct worker *worker);

/* It was about to be without work, but goes on inside a callback. */
static void worker_stays(struct worker *worker);

/* This worker can't come at once although it was claimed: have another one come. */
static void pool_bring_another(tl_executor *pool);

/* One thread less, if more than `floor` are there. */
static bool pool_release_thread(tl_executor *pool, uint32_t floor);

#endif
