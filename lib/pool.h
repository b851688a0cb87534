/* SPDX-License-Identifier: MIT */
/* layer 4: pool · the one executor behind worker, fixed pool and adaptive pool */
/*
 * A worker is a pool of one that keeps order: nothing goes into its own ring, so all
 * submissions pass the inbox, which is first in, first out.
 * A fixed pool has min == max. What each word is for:
 *
 *   threads   workers that exist or are about to, in numbers: the demand counter. Up
 *             by CAS below the limit (who does it starts a thread), down by CAS above
 *             a floor (who does it ends).
 *   coming    workers claimed or being started that have not looked for work yet
 *   live      threads of ours that still run any code, and helpers (help.c); 0 ends
 *             a shutdown
 *   blocked   workers that sleep inside a task, or are in a blocking section; spares may
 *             stand in for them (blocking.h)
 *   role      the searcher's role, see sleep.h
 *   pending   with max_pending: tasks accepted and not yet begun, see pending.h
 *   idle      a bit for each worker that is without work and not claimed
 *   joiners   the same for those that wait in a join, and may take forks only
 *   dozes     of those with an idle bit, how many wait inside a task, and above that how
 *             many ever have; dozers: a hint at who they are (meanwhile.c)
 */
#ifndef TL_POOL_H
#define TL_POOL_H

#include <pthread.h>

#include "lock.h"
#include "overflow.h"
#include "range.h"
#include "shelf.h"
#include "split.h"
#include "task.h"

struct counters {
	uint64_t local; /* submitted from inside */
	uint64_t begun, completed, cancelled, stolen;
	uint64_t served; /* tasks of serial queues, within a task of the pool */
	uint64_t parks, vain;
	uint64_t aside;   /* run inside a wait for something else */
	uint64_t claimed; /* taken to run them inside a wait for them */
};

struct worker {
	ON_OWN_LINE struct ring *ring; /* its current one, and those set aside: shelf.h */
	struct shelf shelf;
	struct ring first;                  /* the one that it begins with */
	ON_OWN_LINE uint64_t range;         /* see range.h; thieves write it too */
	struct split *forks;                /* see forks.h; set by its first region */
	ON_OWN_LINE uint32_t parker;        /* see sleep.h */
	ON_OWN_LINE struct overflow chosen; /* tasks for this very worker: chosen.c */
	ON_OWN_LINE tl_executor *pool;
	unsigned index;
	unsigned tick;      /* tasks since it looked outside */
	unsigned turn;      /* such looks since it took the oldest of its own */
	unsigned took;      /* from the inbox, last */
	int64_t looked;     /* there, when it was time, */
	int64_t look_cost;  /* and took so long, ns */
	unsigned victim;    /* whom it robbed last */
	unsigned relieve;   /* looks outside since it looked at another one, */
	unsigned looks_at;  /* which has this number, */
	uint64_t had_begun; /* and had begun so many tasks */
	unsigned ahead;     /* tasks ahead of the others since it looked at these first */
	bool announced;     /* own idle bit was set and not taken back */
	bool searcher;      /* holds the role */
	bool woken;         /* by a claim, and has not found work since */
	bool surplus;       /* gave up its place because there were too many threads */
	bool vacant;        /* its section counts in pool->blocked */
	unsigned sections;  /* tl_blocking_begin without its end */
	struct worker *below; /* in the reserve; under pool->threads_lock */
	pthread_t thread;
	bool used;     /* under pool->threads_lock: a thread runs on this slot */
	bool joinable; /* likewise: `thread` has to be joined */
	uint32_t bell; /* see join.c; a futex */
	struct tl_branch_ *branch;   /* found by forks_find, */
	struct worker *branch_owner; /* which took it from here */
	struct counters counters;
	uint32_t counted;  /* by whom in pool->blocked: see evidence.h */
	bool watches;      /* it is to watch the others, not to work */
	int number;        /* of its thread, as the kernel counts */
	uint64_t seen_did; /* at the watcher's last look */
	int64_t seen_cpu;
	tl_function *function; /* what it runs, and with what; kept after the end */
	void *argument;
	uint64_t watched; /* see watch.c; under pool->threads_lock */
	int64_t watched_since;
	bool punctual;            /* its thread sleeps no longer than it is told */
	unsigned tasks_unclocked; /* since it looked at the clock: timers.h */
	unsigned tasks_to_clock;
	int64_t clocked;
	uint64_t searches;                      /* see seek.c */
	ON_OWN_LINE tl_task *slots[RING_SLOTS]; /* of its first ring */
};

#define GROUPS (TL_MAX_WORKERS / 64)

struct tl_executor {
	/* Set at creation, or seldom: */
	uint32_t process; /* whose threads it has; or SERIAL */
	uint32_t waiters; /* debug build: threads inside tl_executor_shutdown */
	bool destroyed;   /* debug build */
	bool adaptive, ordered;
	bool waiters_help; /* see meanwhile.c */
	uint32_t cpus;     /* TL_GROW_ON_EVIDENCE: of the machine; else 0 */
	char name[16];
	uint32_t min_workers, max_workers, spare_workers;
	uint32_t closed;       /* submits are refused */
	uint32_t cancelling;   /* what is queued ends as cancelled */
	uint32_t finished;     /* closed and nothing left: workers end */
	uint32_t slots;        /* workers[0..slots) may be set */
	struct timers *timers; /* NULL before the first one; see timers.h */
	int64_t idle_timeout, spin;
	int pauses;           /* between two looks of a spinning worker */
	uint32_t hints;       /* for those who wait for its tasks: help.h */
	uint32_t max_pending; /* 0: any number; see pending.h */
	enum tl_when_full when_full;
	int64_t full_timeout;
	tl_options options; /* hooks, stack size */
	struct worker *workers[TL_MAX_WORKERS];

	/* Who sleeps: written by idle workers and wakers, read by every submit. */
	ON_OWN_LINE uint32_t role;
	uint32_t recent; /* who became idle last */
	uint64_t idle[GROUPS];
	uint64_t joiners[GROUPS]; /* see forks.h */
	uint64_t dozers[GROUPS];
	uint64_t dozes;

	ON_OWN_LINE uint32_t threads;
	uint32_t live, blocked;
	uint32_t coming;
	struct lock threads_lock; /* worker slots, started, retired, old_thread */
	pthread_t old_thread;     /* the last one retired, not joined yet */
	bool have_old_thread;
	struct worker *reserve; /* see reserve.h */
	uint64_t started, retired, replaced;
	uint64_t wakes, cancelled, helped, inlined; /* from anywhere */

	/* Here: with its tail and head in one pair of lines submit_task took 25 % more. */
	struct inbox inbox;

	ON_OWN_LINE uint32_t pending;
	uint32_t room_waiters;

	ON_OWN_LINE struct rings rings;
};

/* A serial queue (serial.h) begins with this number in the place of a process's: what is
 * not a pool of ours is looked at again, and pools pay nothing for it. */
#define SERIAL UINT32_MAX

static inline bool executor_is_serial(const tl_executor *executor)
{
	return *(const uint32_t *)executor == SERIAL;
}

/* False in a child forked off since: it has none of these threads. */
static inline bool pool_is_ours(const tl_executor *pool)
{
	return process_is(*(const uint32_t *)pool); /* also of what is no pool: above */
}

#ifdef TL_DEBUG
#define CHECK_POOL(pool)                                                                 \
	MISUSE(!executor_is_serial(pool) && (pool)->destroyed,                           \
	       "this executor has been destroyed")
#else
#define CHECK_POOL(pool) ((void)0)
#endif

/* What a task carries of its pool's options and of its queue, for those who wait for it and
 * may not touch the pool: bits 0-4 below; 5-14 the number of the worker that was chosen;
 * above them for how long to watch it, in units. */
#define HINT_RUN UINT32_C(1) /* they may run it */
#define HINT_SERIAL UINT32_C(2)
#define HINT_URGENT UINT32_C(4)
#define HINT_ORDERED UINT32_C(8) /* a worker's, or a serial queue's of width 1 */
#define HINT_CHOSEN UINT32_C(16)
#define HINT_WORKER 5
#define HINT_SPIN 15
#define HINT_SPIN_UNIT INT64_C(2048) /* ns */
#define HINT_SPIN_MOST INT64_C(250000000)

static inline uint32_t hints_make(uint32_t kind, int64_t spin)
{
	spin = spin < HINT_SPIN_MOST ? spin : HINT_SPIN_MOST;
	return (uint32_t)((spin + HINT_SPIN_UNIT - 1) / HINT_SPIN_UNIT) << HINT_SPIN |
	       kind;
}

static inline int64_t hints_spin(uint32_t hints)
{
	return (hints >> HINT_SPIN) * HINT_SPIN_UNIT;
}

static inline unsigned hints_worker(uint32_t hints)
{
	return hints >> HINT_WORKER & (TL_MAX_WORKERS - 1);
}

/* In which worker's own list is it, if this is its place? -1: in none. Only in its place what
 * hints_ says is known; there it stays until that worker runs it, or it ends. */
static inline int task_chosen_for(const tl_task *task, uintptr_t place)
{
	if (LIKELY(place_kind(place) != PLACE_OVERFLOW))
		return -1;
	uint32_t hints = load_relaxed(&task->hints_);
	return hints & HINT_CHOSEN ? (int)hints_worker(hints) : -1;
}

/* In pool->blocked, above the number: somebody should watch who sleeps, see evidence.h. */
#define UNWATCHED (UINT32_C(1) << 31)
enum { BLOCKS = 1, SEEN };

static inline uint32_t pool_limit_of(tl_executor *pool, uint32_t mask)
{
	uint32_t spare = load_relaxed(&pool->spare_workers);
	if (!spare)
		return load_seq_cst(&pool->max_workers);
	spare = smaller(spare, load_seq_cst(&pool->blocked) & mask);
	return smaller(load_seq_cst(&pool->max_workers) + spare, TL_MAX_WORKERS);
}

/* How many threads the pool may have now. */
static inline uint32_t pool_limit(tl_executor *pool)
{
	return pool_limit_of(pool, ~UNWATCHED);
}

/* Is there something to be done when nobody is idle? */
static inline bool pool_may_grow(tl_executor *pool)
{
	return load_seq_cst(&pool->threads) < pool_limit_of(pool, UINT32_MAX);
}

/* In zeroed memory, before it is published. */
static inline void worker_init(struct worker *worker, tl_executor *pool, unsigned index)
{
	worker->pool = pool;
	worker->index = index;
	worker->first.slots = worker->slots;
	worker->ring = &worker->first;
}

/* Workers are published once and stay until the pool is freed. */
static inline struct worker *pool_worker(tl_executor *pool, unsigned index)
{
	return load_acquire(&pool->workers[index]);
}

/* The workers of a fixed pool stay: tasks may be submitted to each of them, and are in no
 * other's reach. Those that stand in for them have higher numbers, and go. */
static inline bool worker_may_go(const struct worker *worker)
{
	return worker->pool->adaptive || worker->index >= worker->pool->max_workers;
}

/* Is a task in any queue that all look into? Finds every push whose edge came before the
 * caller's. */
static bool pool_has_work(tl_executor *pool);

/* The same for the lists that one worker each looks into. */
static bool pool_has_chosen(tl_executor *pool);

/* Whoever had the lock of one of these has let go of it. */
static void pool_chosen_unlocked(tl_executor *pool);

/* The same for the offers of forks alone. */
static bool pool_has_forks(tl_executor *pool);

/* The list in which it is, or was, if it is in none of the rings. */
static struct overflow *pool_list_of(tl_executor *pool, const tl_task *task);

/* Take this very task out of where it is queued. The pool must be known to live. */
static bool pool_claim(tl_executor *pool, tl_task *task);

/* The same at a place that has been looked at: with two looks it might have come there in
 * between. */
static bool pool_claim_at(tl_executor *pool, tl_task *task, uintptr_t place);

/* threads.c: count among the live threads of a pool that can't end before that, so that
 * it isn't freed before the letting go. */
static void pool_hold(tl_executor *pool);
static void pool_let_go(tl_executor *pool);

/* threads.c: a place among the threads, if the limit allows; and a thread to fill it:
 * one that has work waiting for it, or one that is idle from its first moment on. */
static bool pool_reserve_thread(tl_executor *pool);
static int pool_start_thread(tl_executor *pool, bool idle);

/* threads.c: if nobody watches who sleeps, have somebody do so. */
static void pool_watch(tl_executor *pool);

/* If the pool was closed, and has no work, and all its threads are idle: end them. */
static void pool_finish_if_idle(tl_executor *pool);

#endif
