/* SPDX-License-Identifier: MIT */
/* layer 5: reserve · threads that stood in for blocked workers wait for the next time */
/*
 * When a blocked worker comes back there is one thread too many. The first of them that
 * is done with its task steps aside: it gives up its place among the pool's threads, as
 * if it were to end, but waits here until a thread is to be started the next time, or for
 * idle_timeout. A short blocking section thus costs a wake-up, not the start and the end
 * of a thread. In the reserve it is not idle (no bit): no submit can claim it, so the pool
 * never runs more tasks at once than it may.
 *
 * All under pool->threads_lock but the sleeping: who takes a worker off the list writes
 * its parker, which is RESERVED exactly while it is on the list. Pools without spares
 * have no reserve.
 */
#ifndef TL_RESERVE_H
#define TL_RESERVE_H

#include "sleep.h"

/* The worker, which has given up its place, waits; false: it shall end. */
static bool reserve_wait(struct worker *worker);

/* With the lock held: a worker that waits there, now the caller's to wake; or NULL. */
static struct worker *reserve_take(tl_executor *pool);
static void reserve_wake(struct worker *worker);

/* With the lock held, when the pool has finished: all of them shall end. */
static void reserve_wake_all(tl_executor *pool);

/* The idle timeout is another one: those that wait there begin anew. */
static void reserve_renew(tl_executor *pool);

#endif
