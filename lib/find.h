/* SPDX-License-Identifier: MIT */
/* layer 5: find · where a worker looks for work, and in which order */
#ifndef TL_FIND_H
#define TL_FIND_H

#include "worker.h"

/* The next task of a worker that is at work: its own, then what comes from outside. */
static tl_task *worker_next(struct worker *worker);

/* Any task of this pool, for a worker without own work; NULL if none was found. */
static tl_task *worker_find(struct worker *worker);

/* The same, and forks: for the loop, and for waits that run anything. */
static tl_task *worker_find_any(struct worker *worker);

/* No task is left that this worker would run next. */
static bool worker_out_of_work(struct worker *worker);

/* Then it takes no more tasks and gives up its place, but when the pool is to end anyway. */
static bool worker_too_many(struct worker *worker);

#endif
