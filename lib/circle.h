/* SPDX-License-Identifier: MIT */
/* layer 6: circle · tasks that wait for each other in a circle */
/*
 * A thread that is about to sleep for ever inside a task first takes a note, under one
 * lock: for which future or group it waits, and, in each task on its stack, whose stack
 * that is. The latter goes into value_, which nobody reads before the end. Then it follows
 * the notes, from what is waited for to the threads that sleep before it:
 *
 *   a task that runs      the note it names, and every one with a branch of it on its
 *                         stack: a task joins what it has forked before it ends
 *   a queued one, of a    every note that has a task of the same executor on its stack:
 *   worker, or a serial   that one has to end before this one begins
 *   queue of width 1
 *   a queued one, of a    the note of that worker, which begins it after its wait; but
 *   chosen worker         not if that waits for this very task, and so runs it,
 *                         nor if it runs any task meanwhile (meanwhile.c)
 *   a group               every note with a task of it; and if its executor is a worker
 *                         and some are queued, as above
 *
 * Does that lead to this thread? Then the wait would never end, and gives -EDEADLK in
 * place of it.
 *
 * Sound: a note stands under the lock only while its thread sleeps or is about to take it
 * back. Meanwhile the tasks on that thread's stack can't end, so what is found there
 * stays, their executors and groups too. Of an executor that is not found so only the
 * address is compared: it may be gone. value_ is believed only in a task that runs, and
 * only when it is the address of a note that stands: in any other task it is a result, or
 * an old address. (A queued task that somebody will cancel is taken for one that has to
 * run, as in a wait within its own queue.)
 *
 * Branches of forks don't mark their task: that goes on when they have ended, elsewhere, and
 * would still be said to be on this stack.
 *
 * Complete: whoever is last to take a note in a circle finds those of all the others. (But
 * for one moment: who waits in one pool for a task that is just being pushed to a chosen
 * worker of another one finds it in no list yet. And a thread that sleeps in a join has no
 * note: its own tasks lead on by their branches, but not those further down its stack.)
 *
 * Waits with a deadline take no note: they end by themselves. Nor do waits for any of
 * several: another one may end. The price is paid where a thread goes to sleep inside a
 * task, nowhere else. Stacks are searched only for what is in no task's value_.
 */
#ifndef TL_CIRCLE_H
#define TL_CIRCLE_H

#include "group.h"

/* This thread will sleep inside a task until this future has ended, or this group is empty.
 * False: that would be never, and no note has been taken. `worker`: the one that runs no task
 * meanwhile, and so keeps others from those for which it was chosen; or NULL. */
static bool circle_note(tl_future *future, struct worker *worker);
static bool circle_note_group(const tl_group *group, struct worker *worker);

/* It has slept. */
static void circle_forget(void);

/* How many of the pool's workers sleep for what can't end, if this thread never returns to
 * the tasks on its stack (it exits). Waits that take no note are not known. */
static uint32_t circle_stranded(const tl_executor *pool);

#endif
