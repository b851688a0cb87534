/* SPDX-License-Identifier: MIT */
/* layer 5: serial · an executor of a pool's threads: so many tasks at a time, in order */
#include "serial.h"

#include <limits.h>

#include "futex.h"
#include "help.h"
#include "pending.h"

#define RUNNER_QUEUED (QUEUED | CELL | REFERENCE)

/* ---- Runners: with the lock held ---------------------------------------------- */

static int runner_push(struct serial *serial, tl_task *runner)
{
	tl_executor *pool = serial->pool;
	store_relaxed(&runner->future.word_, RUNNER_QUEUED);
	/* Of a wait within its last turn: circle.h. */
	store_relaxed(&runner->future.value_, (void *)NULL);
	pending_enter_anyway(pool); /* a full pool has accepted its tasks already */
	int error = inbox_push(&pool->inbox, runner);
	if (error)
		pending_leave(pool);
	return error;
}

static int serial_activate(struct serial *serial)
{
	tl_task *runner = serial->runners;
	while (state_of(load_relaxed(&runner->future.word_)) != NEW)
		runner++;
	int error = runner_push(serial, runner);
	if (error)
		store_relaxed(&runner->future.word_, (uint32_t)NEW);
	else
		store_relaxed(&serial->active, serial->active + 1);
	return error;
}

/* Take a queued one out of the pool. While the lock is held none is pushed, so the place
 * that it tells is where it is, or it has been taken. */
static tl_task *serial_claim_runner(struct serial *serial)
{
	for (uint32_t i = 0; i < serial->width; i++) {
		tl_task *runner = &serial->runners[i];
		if (load_relaxed(&runner->future.word_) == RUNNER_QUEUED &&
		    pool_claim(serial->pool, runner)) {
			store_relaxed(&runner->future.word_, (uint32_t)RUNNING);
			return runner;
		}
	}
	return NULL;
}

/* ---- A turn ------------------------------------------------------------------- */

static void serial_run(struct serial *serial, tl_task *task)
{
	enum state state = CANCELLED;
	if (!task_begin(task)) {
		fetch_add_relaxed(&serial->cancelled, 1);
		return;
	}
	if (load_relaxed(&serial->cancelling) ||
	    load_relaxed(&serial->pool->cancelling)) {
		task->future.error_ = -ECANCELED;
		fetch_add_relaxed(&serial->cancelled, 1);
	} else {
		struct worker *worker = self.worker;
		tl_function *function = worker->function;
		void *argument = worker->argument;
		store_relaxed(&worker->function, task->function_);
		store_relaxed(&worker->argument, task->argument_);
		count_up(&worker->counters.served, 1);
		state = task_call(task);
		process_leave_child(serial->owner);
		store_relaxed(&worker->function, function);
		store_relaxed(&worker->argument, argument);
		fetch_add_relaxed(&serial->completed, 1);
	}
	future_finish(&task->future, state);
	if (self.worker)
		process_leave_child(serial->owner); /* forked in a callback */
}

/* Has this turn been long enough? If there is `last`, its waiter has the turn: until that
 * is no longer queued; in a wider queue he wants nothing but that, and has had it. */
static bool turn_is_over(struct serial *serial, unsigned ran, tl_task *last)
{
	if (!last)
		return ran >= SERIAL_TURN;
	return serial->width > 1 || state_of(load_acquire(&last->future.word_)) != QUEUED;
}

/* When this returns the runner is not the caller's any more, and the queue may be gone. */
static void turn_run(struct serial *serial, tl_task *runner, tl_task *last)
{
	tl_executor *pool = serial->pool;
	for (unsigned ran = 0;; ran++) {
		bool enough = turn_is_over(serial, ran, last);
		lock(&serial->list.lock);
		tl_task *task = serial->list.first;
		if (!task) {
			store_relaxed(&runner->future.word_, (uint32_t)NEW);
			uint32_t active = serial->active - 1;
			store_relaxed(&serial->active, active);
			bool over = serial->closed && !active;
			unlock(&serial->list.lock);
			if (over)
				futex_wake(&serial->active, INT_MAX);
			return;
		}
		if (enough && !runner_push(serial, runner)) {
			unlock(&serial->list.lock);
			pool_signal(pool);
			return;
		}
		overflow_unlink(&serial->list, task);
		unlock(&serial->list.lock);
		serial_run(serial, task);
	}
}

static void serial_turn(struct serial *serial, tl_task *runner, tl_task *last)
{
	struct visit visit;
	visit_begin(&visit, (tl_executor *)(void *)serial);
	if (last && serial->width > 1 && overflow_claim(&serial->list, last))
		serial_run(serial, last);
	turn_run(serial, runner, last);
	visit_end(&visit);
}

static void *runner_main(void *serial)
{
	serial_turn(serial, self.frame->task, NULL);
	return task_given_away();
}

static bool is_runner(const tl_task *task)
{
	return task->function_ == runner_main;
}

/* A worker of the pool has won this runner while it waits for something. */
static void serial_turn_inside(struct serial *serial, tl_task *runner, tl_task *last)
{
	struct worker *worker = self.worker;
	pending_leave(serial->pool);
	store_release(&worker->counters.begun, worker->counters.begun + 1);
	count_up(&worker->counters.claimed, 1);
	serial_turn(serial, runner, last);
	count_up(&worker->counters.completed, 1);
}

/* ---- Submitting, waiting ------------------------------------------------------ */

static int serial_submit(struct serial *serial, tl_task *task, bool wake)
{
	tl_executor *pool = serial->pool;
	int error = 0;
	bool tell = false;
	if (UNLIKELY(!process_is(serial->owner)))
		return -EOWNERDEAD;
	uint32_t hints = (pool->hints & ~HINT_RUN) | HINT_SERIAL;
	store_relaxed(&task->hints_, serial->width == 1 ? hints | HINT_ORDERED : hints);
	lock(&serial->list.lock);
	if (serial->closed || load_relaxed(&pool->closed)) {
		error = -ESHUTDOWN;
	} else if (serial->active < serial->width) {
		error = serial_activate(serial);
		serial->untold |= !error;
	}
	if (!error) {
		overflow_append(&serial->list, task);
		wake = wake || pending_awaited(pool);
		tell = wake && serial->untold;
		serial->untold &= !wake;
	}
	unlock(&serial->list.lock);
	if (tell)
		pool_signal(pool);
	return error;
}

/* The waiter runs a task of the queue: it may run another one in its own place. */
static int serial_run_instead(struct serial *serial, tl_task *task)
{
	if (serial->width == 1)
		return -EDEADLK;
	if (!overflow_claim(&serial->list, task))
		return -EAGAIN;
	serial_run(serial, task);
	return 1;
}

static int serial_run_queued(tl_task *task)
{
	struct worker *worker = self.worker;
	if (!(load_relaxed(&task->hints_) & HINT_SERIAL))
		return 0;
	if (runs_task_of(task->executor_))
		return serial_run_instead(serial_of(task->executor_), task);
	if (!help_hold(task)) /* now it is queued, so its queue is there */
		return -EAGAIN;
	struct serial *serial = serial_of(task->executor_);
	tl_task *runner = NULL;
	/* Refused, and submitted elsewhere, meanwhile? */
	bool ours = (load_relaxed(&task->hints_) & HINT_SERIAL) &&
	            serial->pool == worker->pool;
	if (ours) {
		lock(&serial->list.lock);
		runner = serial_claim_runner(serial);
		unlock(&serial->list.lock);
	}
	help_let_go(task);
	if (runner)
		serial_turn_inside(serial, runner, task);
	return runner ? 1 : ours ? -EAGAIN : 0;
}
