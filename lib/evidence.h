/* SPDX-License-Identifier: MIT */
/* layer 5: evidence · a pool that grows beyond its CPUs only for workers that sleep */
/*
 * With TL_GROW_ON_EVIDENCE max_workers in the pool is the number of CPUs (if that is less
 * than the user's), and what is left of the user's number are spares (blocking.h). While
 * tasks are queued, or timers set, and nobody is idle, a thread of the pool watches the
 * others: a worker that is in the same task as a tick ago, has used no CPU since, and sleeps
 * in the kernel, is counted as blocked, as if it had begun a section; until it runs again.
 *
 * The watch is held by nobody (UNWATCHED in pool->blocked) or one thread. While nobody
 * has it, the pool seems to have room for more threads (pool_may_grow): so who finds in
 * S2 that nobody is idle comes to pool_grow, which may not grow it after all, and takes the
 * watch instead. Other pools pay nothing for it. The watcher is no worker meanwhile: it
 * has no place among the threads, and it comes from the reserve and goes there.
 *
 *   leave    L1 stop counting whom it has counted; set UNWATCHED
 *            L2 look at the queues and the timers (timers.h): if there is a task, or
 *               nobody to fire a timer, take the watch again
 *
 * S1 against L1: a submit that doesn't see UNWATCHED came before it, and L2 finds its task.
 * So it is with A1, and with M1, as both look for a keeper then.
 * With nothing queued nobody watches, so nobody wakes up.
 *
 * A worker's word `counted` says by whom it is counted: by itself (BLOCKS: it waits, or is in
 * a section), by the watcher (SEEN), or not. Who changes it counts, and counts up first, so
 * that pool->blocked is never too small; the worker takes SEEN over, the watcher never
 * touches BLOCKS.
 */
#ifndef TL_EVIDENCE_H
#define TL_EVIDENCE_H

#include "pool.h"

/* Watch the workers until there is nothing to be done that nobody does. */
static void evidence_watch(struct worker *watcher);

/* How many workers may run, and how many may stand in for those that don't. */
static void evidence_divide(tl_executor *pool, uint32_t most);

#endif
