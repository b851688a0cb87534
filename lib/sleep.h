/* SPDX-License-Identifier: MIT */
/* layer 4: sleep · who sleeps, who searches, whom to wake */
/*
 * Two kinds of ownership, both taken by exactly one thread:
 *
 * A worker's idle bit is a token. The worker sets it when it has nothing to do (even
 * before it publishes its last result: then who waited for that finds it idle). It is
 * cleared by a waker, who thereby has claimed this worker and now owes it a
 * notification, or by the worker itself, which then owes nobody anything. Never by both:
 * it is one atomic fetch-and. A worker that wants to leave and finds its bit gone has
 * been claimed and waits for the notification, which is on its way.
 *
 * The role (of the searcher) is held by nobody (0) or one (1): a worker that looks for
 * work without having any, or one that is being woken to do so. While it is held, single
 * submits wake nobody else. Whoever gives it up looks at the queues again afterwards.
 *
 *   a worker's parker   EMPTY    it runs
 *                       PARKED   it sleeps, or is about to; futex
 *                       PLAIN    claimed: look for work
 *                       ROLE     claimed: look for work, the role is yours
 *                       RESERVED not one of the pool's threads now, see reserve.h
 *                       ENDED    claimed: what it waits for is over, see meanwhile.c
 *
 * Why no wake-up is lost. All of these are sequentially consistent:
 *
 *   submit   S1 push (a CAS or exchange of the queue's index)
 *            S2 load idle: none -> leave it to those that run (or start a thread,
 *               when the pool may grow and the role is free: one may just have retired)
 *            S3 load role: held -> leave it to the searcher
 *   worker   W1 set own idle bit (fetch-or)
 *            W2 role = 0 (exchange), if it held the role
 *            W3 look at every queue; if all are empty, park
 *            W4 else take one task; role = 0, if it held it; S2 for what is left
 *
 *   So is `slots`, which tells S2 and W3 how many bits and queues there are to look at:
 *   a new worker is counted before its own W1 and S1.
 *
 *   S3 finds the role held: its holder's W2 comes after S3, so its W3 comes after S1
 *   and finds the task, or finds others: then its W4 sees to it that one more comes,
 *   which inherits this duty. (W4 is owed also by a worker that gave the role up in W2
 *   and found work in W3: tasks may have been left to it until then. Its absence
 *   stranded one task in some thousand rounds of two: tests/t_fixed.c.)
 *   S2 finds no idle worker: each worker's W1 comes after S2, so its W3 comes after S1.
 *   Otherwise S3 claims a bit and notifies: that worker looks at the queues.
 *   If the one that S2 saw idle is idle no more when the searcher comes to W4, it has
 *   taken its bit back or been claimed since, and looks at the queues after that.
 *   A waker that held the role and found no sleeper looks again after it has given
 *   the role up, for those who came to S3 in between.
 *   S2 stands before S3 for speed alone: with S3 first and the role held, the pool would
 *   be grown by the searcher's W4.
 *
 * A worker that takes over a range, or moves tasks from the overflow list or another one's ring
 * to its own, or makes a ring from a shelf its current one, hides them from W3 of others for some
 * instructions; so it does S2 and S3 after it has made them visible again. To set a ring aside
 * hides nothing: W3 reads `ring`, which ring is a worker's current one, before the shelf's
 * count, and both are written by exchanges (shelf.h). S1 into a new current ring is the
 * exchange of its tail: it comes after that of `ring`, and so is found by a W3 that comes after
 * it.
 *
 * A task for a chosen worker (chosen.c) is pushed into that worker's own list, which nobody
 * else looks into, and instead of S2 and S3 the submitter takes that worker's bit and
 * notifies it. The bit isn't set: either the worker's W1 comes after that look, so its W3,
 * which begins with its own list, comes after S1; or somebody has claimed it and it looks
 * after the notification; or it has taken its bit back, and looks before it sets it again.
 * While it watches the queues with its bit set it need not look at that list again, since
 * whoever pushes into it claims the bit. The others don't look there in W3, and so do not
 * spin for what they may not take; who ends the pool looks at all lists (threads.c).
 *
 * A growing adaptive pool (threads below the limit) goes by tokens while nobody searches:
 * each submit first claims an idle worker or reserves a thread, then pushes, then notifies
 * it or starts it. Two quick blocking tasks thus get two threads, and a sequence of submit
 * and wait needs one. While somebody searches, a task is left to him as in any pool, and
 * what he leaves in W4 gets the next worker, or a thread. (By tokens alone each of many
 * tiny tasks paid for waking a worker, and the workers kept up with that: a flood of
 * 100,000 took 0.5 s in place of 10 ms, until somebody was preempted.) No thread is
 * started while the role is held: its holder has found the task and isn't idle any more.
 */
#ifndef TL_SLEEP_H
#define TL_SLEEP_H

#include "pool.h"

enum { EMPTY, PARKED, PLAIN, ROLE, RESERVED, ENDED };

/* Claim an idle worker: whoever became idle last, if it still is, else the first. */
static struct worker *idle_claim(tl_executor *pool);
static uint32_t idle_count(tl_executor *pool);

/* There are 64 bits to a word, and as many words as `slots` says, at least one. */
static inline bool idle_any(tl_executor *pool)
{
	if (load_seq_cst(&pool->idle[0]))
		return true;
	unsigned slots = load_seq_cst(&pool->slots);
	for (unsigned first = 64; UNLIKELY(first < slots); first += 64)
		if (load_seq_cst(&pool->idle[first / 64]))
			return true;
	return false;
}

/* Take this one's bit: it owes us nothing, or we owe it a notification. */
static bool idle_take(tl_executor *pool, unsigned index);

static void worker_notify(struct worker *worker, uint32_t what);

/* Claim and notify this very worker, if it is idle. */
static void worker_wake(tl_executor *pool, unsigned index);

/* After a push, or after tasks have become visible again: see that somebody comes. */
static void pool_signal(tl_executor *pool);

/* The first look of that: is there anything to be done? */
static inline bool pool_wants_signal(tl_executor *pool)
{
	return idle_any(pool) || pool_may_grow(pool);
}

/* The worker's side. announce: W1. withdraw: true if the bit was still its own; false
 * after the notification of the one who had claimed it has been taken. */
static void worker_announce(struct worker *worker);
static bool worker_withdraw(struct worker *worker);

/* The same for one that waits inside a task (meanwhile.c), until dozer_withdrawn. */
#define DOZED (UINT64_C(1) << 32)
static void dozer_announce(struct worker *worker);
static void dozer_withdrawn(struct worker *worker);

/* The look for work that a claim or a start has promised is over. */
static void worker_has_looked(struct worker *worker);

/* Has it been notified? Takes the notification: worker->searcher, worker->woken. */
static bool worker_notified(struct worker *worker);

/* Sleep until notified: true; or until the deadline: false, and the bit is taken back. */
static bool worker_park(struct worker *worker, int64_t deadline);

/* Take the role if nobody has it; give it up, and look again if work is to be done. */
static bool worker_take_role(struct worker *worker);
static void worker_drop_role(struct worker *worker);

#endif
