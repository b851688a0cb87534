/* SPDX-License-Identifier: MIT */
/* layer 5: forks · offering forked branches, asking for them, taking them */
/*
 * The branches of a deque are its owner's alone until somebody asks. With the words of
 * sleep.h; all steps are sequentially consistent:
 *
 *   asker   W1 has set its idle bit; A1 asks in every deque; then looks everywhere (W3)
 *   owner   at a fork that finds itself asked:
 *           F1 stop being asked (exchange of the limit)
 *           F2 is a worker idle, or could one be started? No: keep all
 *           F3 offer the older half (S1: exchange of `offered`); signal (S2, S3). With
 *              nothing left to offer: be asked again
 *           at a join that takes an offer back:
 *           J1 win the slot; if no offer is below it
 *           J2 and a worker is idle or could be started: be asked again
 *   thief   T1 win the slot; if no other offer is left in this deque
 *           T2 ask there
 *
 * While a worker sleeps, each deque has an offer for which somebody has been woken (as
 * for a task in any queue), or is asked, and its next fork makes one. For the sleeper asked
 * in A1. Who took that away in F1: if F2 came before W1, so did F1 before A1, and
 * it is asked still; else F2 has seen the bit, or that worker has been woken since. F3
 * signals, so all that sleep.h shows of a task in a queue holds for the offer. When the
 * offers are gone, the last one was won by T1, then T2 asks; or by J1, and J2 sees the idle
 * bit, as long as that worker has not been woken. (Two that win the last two offers: the
 * later one sees no other.) Asking too often costs one call. At the end of a deque that
 * is full of offers F1 is left out: asked it stays.
 *
 * "Could be started" can become true later: whoever makes it so (who retires, who raises
 * the maximum, who blocks where there are spares) asks after that, as in W1 and A1.
 *
 * A worker that waits in a join for a thief (join.c) is no idle worker: it may not
 * take tasks. It has a bit of its own, among the joiners, for which the same holds, and
 * offers wake joiners first.
 *
 * What is kept when its thread blocks is kept from those that went idle after the last
 * fork. So a wait for a future offers all first (forks_offer_all).
 */
#ifndef TL_FORKS_H
#define TL_FORKS_H

#include "worker.h"

/* A1. */
static void forks_ask(tl_executor *pool);

/* See that somebody comes for an offer. */
static void forks_signal(tl_executor *pool);

/* Before this thread blocks: what it keeps is there for others. */
static void forks_offer_all(struct worker *worker);

/* This worker's deque, which is made by its first use; NULL when out of memory. */
static struct split *forks_of(struct worker *worker);

/* Take a branch from that worker, or NULL. */
static struct tl_branch_ *forks_take(struct worker *worker, struct worker *owner);

/* Take one from anybody: worker->branch, worker->branch_owner. Also from oneself: a thief
 * with an old look may have taken a younger one first, for which this worker waits. */
static bool forks_take_any(struct worker *worker);

/* The same in the place of a task: &forked, or NULL; to be called by forks_call_found. */
static tl_task forked;
static tl_task *forks_find(struct worker *worker);
static void forks_call_found(struct worker *worker);

/* Call a branch that was taken, from the slot `at` of the caller's deque on. */
static void forks_call(tl_forks *at, struct tl_branch_ *branch, struct worker *owner);

/* The worker waits in a join: it may be woken for a fork. True if its bit was still there:
 * nobody has woken it. */
static void joiner_announce(struct worker *worker);
static bool joiner_withdraw(struct worker *worker);

#endif
