/* SPDX-License-Identifier: MIT */
/* layer 5: worker · the loop of a pool's thread */
#include "worker.h"

#include "find.h"
#include "forks.h"
#include "own.h"
#include "pending.h"
#include "serial.h"
#include "timers.h"

static void pool_bring_another(tl_executor *pool)
{
	struct worker *other = idle_claim(pool);
	if (other)
		worker_notify(other, PLAIN);
	else if (pool_reserve_thread(pool))
		pool_start_thread(pool, false);
	else if (UNLIKELY(pool->cpus))
		pool_watch(pool);
}

static void worker_stays(struct worker *worker)
{
	if (worker->announced && !worker_withdraw(worker)) {
		worker_has_looked(worker);
		worker_drop_role(worker);
		pool_bring_another(worker->pool);
	}
}

static ALWAYS_INLINE void *worker_call(struct worker *worker, tl_task *task,
                                       struct frame *frame)
{
	store_relaxed(&worker->function, task->function_); /* watch.c tells of them */
	store_relaxed(&worker->argument, task->argument_);
	store_release(&worker->counters.begun, worker->counters.begun + 1);
	void *value = task_call_in(task, frame);
	process_leave_child(worker->pool->process);
	count_up(&worker->counters.completed, 1);
	return value;
}

/* Nobody has a handle to it, or asks how it goes: no word is written. */
static ALWAYS_INLINE void worker_execute_alone(struct worker *worker, tl_task *task)
{
	struct frame frame;
	void *value = worker_call(worker, task, &frame);
	if (LIKELY(!task_has_failed(value)) || frame.error != GIVEN_AWAY)
		cell_free(task);
}

static ALWAYS_INLINE void worker_execute_as(struct worker *worker, tl_task *task,
                                            bool within)
{
	tl_executor *pool = worker->pool;
	pending_leave(pool);
	bool cancelled = UNLIKELY(load_relaxed(&pool->cancelling)) && !is_runner(task);
	if (is_alone(load_acquire(&task->future.word_)) && !cancelled) {
		worker_execute_alone(worker, task);
		return;
	}
	if (UNLIKELY(!task_begin(task))) {
		process_leave_child(pool->process);
		count_up(&worker->counters.cancelled, 1);
		return;
	}
	enum state state = CANCELLED;
	if (cancelled) {
		task->future.error_ = -ECANCELED;
		count_up(&worker->counters.cancelled, 1);
	} else {
		struct frame frame;
		void *value = worker_call(worker, task, &frame);
		state = task_take(task, value, &frame);
		if (UNLIKELY(state == QUEUED)) /* a runner */
			return;
	}
	/* Idle before the result is out: who waits for it finds this worker, not another. */
	if (!within && load_relaxed(&pool->max_workers) > 1 && worker_out_of_work(worker))
		worker_announce(worker);
	tl_callback *list = future_end(&task->future, state);
	if (UNLIKELY(list != NULL)) {
		worker_stays(worker);
		future_fire(list);
		process_leave_child(pool->process); /* below may be a wait */
	}
}

static void worker_execute_within(struct worker *worker, tl_task *task)
{
	tl_function *function = worker->function; /* of the task that waits */
	void *argument = worker->argument;
	worker_execute_as(worker, task, self.frame != NULL);
	store_relaxed(&worker->function, function);
	store_relaxed(&worker->argument, argument);
}

/* To the list that its hints tell of: one that was chosen for this worker must not come into
 * others' reach, and a list is changed under its own lock only (pool_list_of). */
static bool worker_puts_back(struct worker *worker, tl_task *task)
{
	if (!(load_relaxed(&task->hints_) & (HINT_CHOSEN | HINT_URGENT)))
		return worker_push(worker, task);
	overflow_put_back(pool_list_of(worker->pool, task), task);
	return true;
}

/* M. False: something was due. Callbacks of that may wait, also for the very task that this
 * worker has in its hands: so that was put back before, where they and others find it. */
static COLD bool worker_begins_timed(struct worker *worker, tl_task *task)
{
	int64_t now;
	if (!worker_minds_time(worker, &now))
		return true;
	if (!worker_puts_back(worker, task)) {
		worker->tasks_to_clock = 0; /* next time */
		return true;
	}
	pool_signal(worker->pool);
	worker_fires(worker, now);
	process_leave_child(worker->pool->process);
	pool_signal(worker->pool);
	return false;
}

static inline bool worker_begins(struct worker *worker, tl_task *task)
{
	return LIKELY(!load_acquire(&worker->pool->timers)) ||
	       worker_begins_timed(worker, task);
}

/* The same for a branch: it can't be put back, so what is due comes after it. */
static COLD void worker_calls_branch(struct worker *worker)
{
	int64_t now;
	bool timers = load_acquire(&worker->pool->timers) != NULL;
	if (timers)
		worker_leaves_time(worker);
	forks_call_found(worker);
	if (timers && worker_minds_time(worker, &now)) {
		worker_fires(worker, now);
		process_leave_child(worker->pool->process);
		pool_signal(worker->pool);
	}
}

static bool worker_run(struct worker *worker)
{
	bool retires = false;
	process_leave_child(worker->pool->process); /* forked in on_start */
	for (;;) {
		bool idle = worker->announced || worker->woken;
		tl_task *task = idle ? NULL : worker_next(worker);
		if (!task) {
			task = worker_idle(worker, &retires);
			process_leave_child(worker->pool->process);
			if (!task)
				return retires;
		}
		if (task == &forked)
			worker_calls_branch(worker);
		else if (worker_begins(worker, task))
			worker_execute_as(worker, task, false);
	}
}
