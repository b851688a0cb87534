/* SPDX-License-Identifier: MIT */
/* layer 4: circle · tasks that wait for each other in a circle */
/*
 * A thread that is about to sleep for ever inside a task first takes a note, under one
 * lock: which future it waits for, and, in each task on its stack, whose stack that is.
 * The latter goes into value_, which nobody reads before the end. Then it follows the
 * notes: the awaited task runs on a thread that waits for a task that runs on ... this
 * thread? Then the wait would never end, and gives -EDEADLK in place of it.
 *
 * Sound: a note stands under the lock only while its thread sleeps or is about to take it
 * back. Meanwhile the tasks on that thread's stack can't end, so what the walk finds there
 * stays. value_ is believed only in a task that runs, and only when it is the address of
 * a note that stands: in any other task it is a result, or an old address.
 *
 * A task that was submitted to a chosen worker, and is queued, can't begin before that
 * worker's innermost wait ends. So the walk goes on with what that worker waits for; unless it is
 * this task, which it would run in its wait.
 *
 * Branches of forks are left out: their task goes on when they have ended, elsewhere, and
 * would still be said to be on this stack.
 *
 * Complete (for tasks without forks): whoever is last to take a note in a circle finds those of all the others. So
 * the notes that stand never form a circle, and each walk ends.
 *
 * Waits with a deadline take no note: they end by themselves. Nor do waits for any of
 * several: another one may end. The price is paid where a thread goes to sleep inside a
 * task, nowhere else.
 */
#ifndef TL_CIRCLE_H
#define TL_CIRCLE_H

#include "task.h"

/* This thread will sleep inside a task until this future has ended. False: that would be
 * never, and no note has been taken. */
static bool circle_note(tl_future *future);

/* It has slept. */
static void circle_forget(void);

#endif
