/* SPDX-License-Identifier: MIT */
/* layer 7: timed · tl_after, tl_every, tl_submit_within */
/*
 * A task and a timer for it. While the timer runs the task of tl_after and tl_every is in
 * state NEW, so it is cancelled as a promise is, and who waits for it inside a task of the
 * pool runs it as one that is submitted only after the wait has begun. That of
 * tl_submit_within is queued as any task, with a timer that cancels it if it is so still.
 *
 * A callback on the task's future takes the timer out when it ends, however that is. So
 * the two have two owners: the callback, until it has run; and who has the timer: the
 * heap, who fires it, or the run of tl_every that sets it again. The last one frees the
 * memory and gives back the task.
 */
#include "callback.h"
#include "cancel.h"
#include "clock.h"
#include "futex.h"
#include "pending.h"
#include "serial.h"
#include "timers.h"

struct timed {
	struct timer timer;
	uint32_t owners;
	tl_callback ended;
	tl_task *task;
	tl_executor *pool;
	tl_function *function;
	void *argument;
	int64_t time, period;
};

static struct timed *timed_of(struct timer *timer)
{
	return CONTAINER_OF(timer, struct timed, timer);
}

static void timed_let_go(struct timed *timed, uint32_t owners)
{
	if (fetch_sub_acq_rel(&timed->owners, owners) > owners)
		return;
	timers_let_go(timed->timer.timers);
	tl_future_release(&timed->task->future);
	free(timed);
}

static void timed_ended(tl_future *future, void *context)
{
	struct timed *timed = context;
	tl_future_remove(future, &timed->ended);
	timed_let_go(timed, timers_end(&timed->timer) ? 2 : 1);
}

/* With a callback on its task, which has one more reference. NULL with errno. */
static struct timed *timed_new(tl_executor *pool, tl_executor *executor, tl_function *run,
                               tl_function *function, void *argument)
{
	struct timers *timers = timers_of(pool);
	struct timed *timed = timers ? malloc(sizeof *timed) : NULL;
	if (!timed)
		return fail_with(-ENOMEM);
	memset(timed, 0, sizeof *timed);
	timed->task = task_new(executor, run, timed);
	if (!timed->task) {
		free(timed);
		return NULL;
	}
	timed->owners = 2;
	timed->pool = pool;
	timed->function = function;
	timed->argument = argument;
	timed->timer.timers = timers;
	fetch_add_relaxed(&timers->owners, 1u);
	timed->ended.function = timed_ended;
	timed->ended.context = timed;
	tl_future_retain(&timed->task->future);
	callback_at_once(&timed->task->future, &timed->ended);
	return timed;
}

/* In its task: what the user wanted to be run; the watchdog shall tell of that. */
static void *timed_call(struct timed *timed)
{
	struct worker *worker = self.worker;
	if (worker) {
		store_relaxed(&worker->function, timed->function);
		store_relaxed(&worker->argument, timed->argument);
	}
	return timed->function(timed->argument);
}

/* ---- tl_after, tl_every ------------------------------------------------------- */

/* As from outside: after what is queued already, in the order of the times. */
static void timed_submit(struct timed *timed)
{
	tl_executor *pool = timed->pool;
	tl_task *task = timed->task;
	int64_t word = task_enqueue(task, pool);
	if (word < 0)
		return; /* it has just been cancelled */
	store_relaxed(&task->hints_, pool->hints);
	pending_enter_anyway(pool);
	if (inbox_push(&pool->inbox, task)) {
		pending_leave(pool);
		task_refused(task);
		tl_future_fail(&task->future, -ECANCELED);
	} else if (word & WAITERS) {
		futex_wake(&task->future.word_, INT_MAX);
	}
}

static void timed_due(struct timer *timer, bool closed)
{
	struct timed *timed = timed_of(timer);
	if (closed)
		tl_future_fail(&timed->task->future, -ECANCELED);
	else
		timed_submit(timed);
	timed_let_go(timed, 1);
}

static void *after_run(void *timed)
{
	return timed_call(timed);
}

static int64_t time_after(int64_t time, int64_t duration)
{
	return duration > TL_FOREVER - time ? TL_FOREVER : time + duration;
}

/* The next one of its times that has not passed; the others are missed. */
static void every_set_time(struct timed *timed)
{
	int64_t late = clock_now() - timed->time, skipped = late / timed->period;
	if (late > 0 && skipped) {
		fetch_add_relaxed(&timed->timer.timers->missed, (uint64_t)skipped);
		timed->time += skipped * timed->period;
	}
	timed->time = time_after(timed->time, timed->period);
}

/* Within its own run: set its timer again. False: it was to stop. From then on the task may
 * be another thread's. */
static bool every_again(struct timed *timed)
{
	uint32_t *word = &timed->task->future.word_, seen = load_acquire(word);
	bool returns =
		!self.frame->below && self.worker && self.worker->pool == timed->pool;
	every_set_time(timed);
	/* Of a wait within this run: circle.h. */
	store_relaxed(&timed->task->future.value_, (void *)NULL);
	fetch_add_relaxed(&timed->owners, 1u);
	do {
		if (seen & CANCEL) {
			timed_let_go(timed, 1);
			return false;
		}
	} while (!cas_acq_rel(word, &seen, with_state(seen, NEW)));
	if (timers_add(timed->pool, &timed->timer, timed->time, !returns)) {
		tl_future_fail(&timed->task->future, -ECANCELED);
		timed_let_go(timed, 1);
	}
	return true;
}

static void *every_run(void *argument)
{
	struct timed *timed = argument;
	void *value = timed_call(timed);
	process_leave_child(timed->pool->process); /* its timers' lock may be held */
	if (task_has_failed(value))
		return value;
	return every_again(timed) ? task_given_away() : tl_fail(-ECANCELED);
}

static tl_future *timed_start(tl_executor *pool, int64_t delay, int64_t period,
                              tl_function *run, tl_function *function, void *argument)
{
	if (!pool || !function || delay < 0 || executor_is_serial(pool))
		return fail_with(-EINVAL);
	CHECK_POOL(pool);
	if (!pool_is_ours(pool))
		return fail_with(-EOWNERDEAD);
	struct timed *timed = timed_new(pool, pool, run, function, argument);
	if (!timed)
		return NULL;
	tl_future *future = &timed->task->future;
	uint32_t word = load_relaxed(&future->word_);
	store_relaxed(&future->word_, with_state(word, NEW));
	timed->timer.due = timed_due;
	timed->period = period;
	timed->time = deadline_after(delay);
	int error = timers_add(pool, &timed->timer, timed->time, true);
	if (!error)
		return future;
	tl_future_fail(future, error);
	timed_let_go(timed, 1);
	tl_future_release(future);
	return fail_with(error);
}

TL_API tl_future *tl_after(tl_executor *executor, int64_t delay, tl_function *function,
                           void *argument)
{
	return timed_start(executor, delay, 0, after_run, function, argument);
}

TL_API tl_future *tl_every(tl_executor *executor, int64_t period, tl_function *function,
                           void *argument)
{
	if (period <= 0)
		return fail_with(-EINVAL);
	return timed_start(executor, period, period, every_run, function, argument);
}

/* ---- tl_submit_within --------------------------------------------------------- */

static void within_due(struct timer *timer, bool closed)
{
	struct timed *timed = timed_of(timer);
	(void)closed; /* never: it is a limit */
	future_cancel_queued(&timed->task->future);
	timed_let_go(timed, 1);
}

/* It may be late although nobody has had the time to cancel it. */
static void *within_run(void *argument)
{
	struct timed *timed = argument;
	if (timed->time != TL_FOREVER && clock_now() >= timed->time)
		return tl_fail(-ECANCELED);
	return timed_call(timed);
}

/* set: the timer has been added; whoever has taken it since is its owner. */
static void within_refused(struct timed *timed, tl_future *future, bool set)
{
	bool ours = !set || timers_end(&timed->timer);
	if (task_begin(timed->task))
		future_finish(future, CANCELLED);
	if (ours)
		timed_let_go(timed, 1);
	tl_future_release(future);
}

TL_API tl_future *tl_submit_within(tl_executor *executor, int64_t timeout,
                                   tl_function *function, void *argument)
{
	if (!executor || !function || timeout < 0)
		return fail_with(-EINVAL);
	CHECK_POOL(executor);
	bool serial = executor_is_serial(executor);
	tl_executor *pool = serial ? serial_of(executor)->pool : executor;
	if (!process_is(serial ? serial_of(executor)->owner : pool->process))
		return fail_with(-EOWNERDEAD);
	struct timed *timed = timed_new(pool, executor, within_run, function, argument);
	if (!timed)
		return NULL;
	tl_future *future = &timed->task->future;
	timed->timer.limit = true;
	timed->timer.due = within_due;
	timed->time = deadline_after(timeout);
	int error = timers_add(pool, &timed->timer, timed->time, true);
	bool set = !error;
	if (set) {
		int way = executor_enter(executor);
		error = way < 0 ? way : executor_submit(executor, timed->task, way);
	}
	if (!error)
		return future;
	within_refused(timed, future, set);
	return fail_with(error);
}
