/* SPDX-License-Identifier: MIT */
/* layer 5: serial · an executor of a pool's threads: so many tasks at a time, in order */
/*
 * A serial queue is a list of tasks (overflow.h) and a few runners. A runner is a task of
 * the pool: one turn of it runs some of the list's tasks, oldest first. So at most as
 * many of them run at once as there are runners, and with one runner in order.
 *
 * Under the list's lock:
 *   active      runners that are queued in the pool or have a turn. Who appends a task
 *               while there are fewer than `width` pushes one more into the pool, before
 *               the append, so that a pool that refuses it refuses the task. A runner
 *               that finds the list empty becomes inactive: nobody is forgotten.
 *   the end     a closed queue without tasks and without active runners is over. The
 *               unlock is the last touch of whoever makes it so, and a destroyer takes
 *               the lock before he frees it.
 *
 * A runner's word always says QUEUED and CELL with one reference (is_alone): nobody has
 * a handle. Its turn ends not with a published future: within its function it has been
 * pushed again or made inactive, so it may be another thread's by then, or gone. The
 * function tells by what it returns, and the pool's worker leaves it alone.
 *
 * After TURN tasks the runner goes to the end of the pool's queue, so that a long queue
 * doesn't hog a worker. (If the pool has been closed meanwhile it goes on.)
 *
 * A worker of the pool that waits for a task of the queue takes a queued runner out of
 * the pool and has a turn with it that lasts until that task is over. The tasks before
 * it in the queue run inside that wait, too; with one runner they would have to run first
 * anyway; with more, only the one task is run. If all runners have their turn elsewhere
 * the worker naps (wait.c) and looks again: a turn may end and its runner be queued where
 * nobody but this worker could take it up. In a task of the same queue: with one runner,
 * it is queued behind: -EDEADLK; with more, the waiter runs the one task in its own place.
 * The waiter pins the task (HELD, help.c) before he looks at the queue.
 */
#ifndef TL_SERIAL_H
#define TL_SERIAL_H

#include "pool.h"

struct serial {
	uint32_t process; /* SERIAL: see executor_is_serial */
	uint32_t owner;   /* whose pool it is */
	tl_executor *pool;
	uint32_t width, active; /* a futex for those who wait for the end */
	bool closed;
	bool untold; /* a runner was pushed quietly: nobody has been woken for it */
	uint32_t cancelling;
	uint64_t completed, cancelled; /* statistics */
	struct overflow list;
	tl_task runners[]; /* width */
};

static inline struct serial *serial_of(tl_executor *executor)
{
	return (struct serial *)(void *)executor;
}

/* What the pool's threads know of it: is this task a runner? Then it must have its turn
 * also in a pool that cancels what is pending. */
static bool is_runner(const tl_task *task);
static void serial_turn(struct serial *serial, tl_task *runner, tl_task *last);

/* What the pool runs: a turn of this queue. */
static void *runner_main(void *serial);

/* With the lock held: take a queued runner out of the pool, or NULL; then, without it, have
 * its turn, as a worker that waits for something; with `last`, until that is over. */
static tl_task *serial_claim_runner(struct serial *serial);
static void serial_turn_inside(struct serial *serial, tl_task *runner, tl_task *last);

/* Run or cancel one that was taken off the list. */
static void serial_run(struct serial *serial, tl_task *task);

/* Queue a task in state QUEUED; if `wake`, see that somebody runs it. 0, -ESHUTDOWN, -EOWNERDEAD. */
static int serial_submit(struct serial *serial, tl_task *task, bool wake);

/* For a worker that waits for a queued task: if that is in a serial queue, as
 * wait_run_queued. */
static int serial_run_queued(tl_task *task);

static int serial_shutdown(struct serial *serial, enum tl_shutdown_mode how,
                           int64_t deadline);
static int serial_destroy(struct serial *serial);
static int serial_stats(struct serial *serial, tl_stats *stats);

#endif
