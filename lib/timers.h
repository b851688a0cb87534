/* SPDX-License-Identifier: MIT */
/* layer 5: timers · what a pool has to do at some time, and which worker sleeps till then */
/*
 * There is no timer thread. Timers lie in a heap under a lock; `nearest` says when the
 * first of them is due. One idle worker, the keeper, sleeps until then and no longer; the
 * others sleep as ever. Pools without timers have none of this but a pointer that is NULL.
 *
 * Being the keeper is a word that holds the worker's number. Who is idle and finds it 0
 * takes it before he parks. He gives it up when he goes to run a task (M) or to end (R),
 * and only then: between, he is asleep or about to look again.
 *
 *   adder    A1 insert; nearest = the new time, if that is nearer
 *            A2 load keeper: one: take his idle bit and notify him
 *               none: have an idle worker come, or a new thread, if there may be one
 *   keeper   K1 set own idle bit (W1 of sleep.h)
 *            K2 keeper 0 -> me; if it is another one, park without a time
 *            K3 load nearest, park until then
 *   worker   M1 about to run a task: keeper me -> 0
 *            M2 load nearest; any: look at the clock now and then, see below
 *            M3 keeper 0: have another worker come, as in A2
 *
 * Why no timer is forgotten while a worker is idle. A1, A2, K2, K3, M1, M2 are
 * sequentially consistent.
 *
 *   A2 finds a keeper: if his bit can be taken, he is woken and comes to K3 again, or to
 *   M. If it can't, he has been claimed or has taken it back: he is awake, and K3, M2 or
 *   R come after that, hence after A1.
 *   A2 finds none: who becomes the keeper later does K3 later. If somebody is idle or on
 *   his way (`coming`), he passes K2 or M3 after A2. If all are busy each passes M before
 *   its next task.
 *   A keeper that leaves does M1, then M2 and M3: the next one comes after that, and sees
 *   what is nearest.
 *
 * A pool that is wholly busy has its workers look at the clock between two tasks, each
 * after as many tasks as take some CLOCK_EVERY ns. A keeper doesn't retire while there
 * are timers. A worker that waits inside a task can't look; so a pool with timers has at
 * least one spare worker (but tl_worker_create: there all has to wait for that task). It
 * comes when somebody waits and nobody keeps the time. As it runs tasks, too, it may come to
 * wait like the others: a worker that is about to wait while there is no keeper looks again
 * when the next timer is due, and at intervals, since no adder can tell it (N). Whoever
 * stops being the keeper comes to M first, so the last one that waits does that.
 *
 * The keeper that fires a timer runs its task itself, and before that wakes the next
 * keeper, if there are more timers and somebody is idle. Fired tasks go to the inbox, in
 * the order of their times, also above max_pending.
 *
 * Timers may be touched when the pool is gone (a future's canceller takes its timer out),
 * so they have an owner for each timer, and the pool.
 */
#ifndef TL_TIMERS_H
#define TL_TIMERS_H

#include "heap.h"
#include "worker.h"

/* The place of a timer that shall not be added again. */
#define TIMER_OVER UINT32_MAX

struct timer {
	struct heap_node node; /* under the lock */
	bool limit;            /* stays when the pool is shut down */
	struct timers *timers;
	struct timer *next; /* of a list of those that have been taken out */
	/* Called without the lock, by a worker that runs no task, or by who shuts down
	 * (closed). The timer isn't in the heap, and is the callee's. */
	void (*due)(struct timer *timer, bool closed);
};

struct timers {
	uint32_t owners; /* the pool, and each timer */
	uint32_t keeper; /* index of a worker + 1 */
	int64_t nearest;
	struct lock lock;
	struct heap heap;
	uint64_t missed; /* statistics */
};

/* Those of the pool; made when they are first asked for. NULL when out of memory. */
static struct timers *timers_of(tl_executor *pool);
static void timers_let_go(struct timers *timers);

/* A1, A2. find: without a keeper, find one; not needed by a worker that comes to M or K2
 * at once. (A keeper has to be told all the same: he may sleep for ever.) -ENOMEM,
 * -ESHUTDOWN, -ECANCELED (it is over). */
static int timers_add(tl_executor *pool, struct timer *timer, int64_t time, bool find);

/* It is over: not in the heap any more, nor ever again. Was it there? */
static bool timers_end(struct timer *timer);

static void timers_stats(struct timers *timers, tl_stats *stats);

/* The pool has been closed: let go of all but the limits. */
static void timers_close(tl_executor *pool);

/* See that somebody keeps the time, if there is anything to keep. */
static void timers_find_keeper(tl_executor *pool);

/* Are there timers that nobody keeps? */
static bool timers_unkept(tl_executor *pool);

/* K2 and K3: until when this worker, which is idle, shall sleep. False: as ever. */
static bool worker_keeps_time(struct worker *worker, int64_t *until);

/* What is due now; or the keeper has slept so long. Callbacks of users may run in here, and
 * wait for whatever is in a queue: not for a task that this worker has in its hands. */
static void worker_fires(struct worker *worker, int64_t now);
static void worker_fires_late(struct worker *worker, int64_t until);

/* A worker that is about to sleep inside a task: until when, at most; and afterwards. */
static int64_t worker_naps(struct worker *worker, int64_t deadline);
static void worker_has_napped(struct worker *worker);

/* M: it is about to run a task; true: something is due. R: it has given up its place among
 * the threads. */
static bool worker_minds_time(struct worker *worker, int64_t *now);
static void worker_leaves_time(struct worker *worker);

#endif
