/* SPDX-License-Identifier: MIT */
/* layer 5: worker · the loop of a pool's thread */
#include "worker.h"

#include "blocking.h"
#include "clock.h"
#include "find.h"
#include "forks.h"
#include "pending.h"
#include "serial.h"
#include "timers.h"

/* ---- Running a task ----------------------------------------------------------- */

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

static void worker_execute(struct worker *worker, tl_task *task)
{
	tl_executor *pool = worker->pool;
	pending_leave(pool);
	if (UNLIKELY(!task_begin(task))) {
		process_leave_child(pool->process);
		count_up(&worker->counters.cancelled, 1);
		return;
	}
	enum state state = CANCELLED;
	if (UNLIKELY(load_relaxed(&pool->cancelling) && !is_runner(task))) {
		task->future.error_ = -ECANCELED;
		count_up(&worker->counters.cancelled, 1);
	} else {
		tl_function *function =
			worker->function; /* of the task that waits below */
		void *argument = worker->argument;
		store_relaxed(&worker->function, task->function_);
		store_relaxed(&worker->argument, task->argument_);
		store_release(&worker->counters.begun, worker->counters.begun + 1);
		state = task_call(task);
		process_leave_child(pool->process);
		store_relaxed(&worker->function, function);
		store_relaxed(&worker->argument, argument);
		count_up(&worker->counters.completed, 1);
		if (UNLIKELY(state == QUEUED)) /* a runner */
			return;
	}
	/* Idle before the result is out: who waits for it finds this worker, not another. */
	if (!self.frame && load_relaxed(&pool->max_workers) > 1 &&
	    worker_out_of_work(worker))
		worker_announce(worker);
	tl_callback *list = future_end(&task->future, state);
	if (UNLIKELY(list != NULL)) {
		worker_stays(worker);
		future_fire(list);
		process_leave_child(pool->process); /* below may be a wait */
	}
}

/* ---- Without work ------------------------------------------------------------- */

/* Until when to look for work before it parks: not longer than until a timer is due, since
 * who looks doesn't keep the time. */
static int64_t worker_search_end(tl_executor *pool)
{
	int64_t end = deadline_after(pool->spin);
	struct timers *timers = load_acquire(&pool->timers);
	int64_t nearest = timers ? load_seq_cst(&timers->nearest) : TL_FOREVER;
	return nearest < end ? nearest : end;
}

/* Look for work for a while, at intervals; true: there is some, or a notification. In a
 * pool that is closed there is nothing to wait for. */
static bool worker_search(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	/* What comes to its own list after this look comes with a claim. */
	if (UNLIKELY(overflow_count(&worker->chosen)))
		return true;
	if (pool->spin > 0 && worker_take_role(worker)) {
		int64_t end = worker_search_end(pool);
		int64_t looks = pool->spin / LOOK_LEAST;
		do {
			for (int i = 0; i < pool->pauses; i++) {
				if (load_relaxed(&worker->parker) >= PLAIN)
					return true;
				cpu_relax();
			}
			if (pool_has_work(pool))
				return true;
		} while (looks-- > 0 && clock_now() < end &&
		         !load_relaxed(&pool->closed));
	}
	worker_drop_role(worker);
	return pool_has_work(pool);
}

/*
 * W4. A worker that had no work leaves idleness: submits that found the role held, by it
 * now or a moment ago, have left their tasks to it, and it takes only one of them.
 */
static void worker_pass_on(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	worker_has_looked(worker);
	worker_drop_role(worker);
	/* Whoever is still coming will look, and come here after it. */
	if (idle_any(pool) || (pool_may_grow(pool) && !load_seq_cst(&pool->coming)))
		if (pool_has_work(pool))
			pool_signal(pool);
}

/* This worker's place among the threads has been given up; or work came at once. */
static bool worker_retires(struct worker *worker, uint32_t floor)
{
	tl_executor *pool = worker->pool;
	if (load_relaxed(&pool->closed) || !pool_release_thread(pool, floor))
		return false;
	if (load_seq_cst(&pool->timers))
		worker_leaves_time(worker);
	forks_ask(pool); /* a thread could be started for them now, which there was */
	/* A submit that came before may have counted on this thread: look again. */
	if (!pool_has_work(pool) || !pool_reserve_thread(pool))
		return true;
	worker->woken = true;
	return false;
}

/* It has found work by itself: idle no more, but until it has looked it is among those that
 * are coming, so that no thread is started for the task that it is about to take. */
static void worker_comes(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	bool counts = pool_may_grow(pool);
	if (counts)
		fetch_add_seq_cst(&pool->coming, 1u);
	if (worker_withdraw(worker))
		worker->woken = counts;
	else if (counts) /* it has been claimed, and was counted for that */
		fetch_sub_seq_cst(&pool->coming, 1u);
}

static int64_t worker_deadline(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	int64_t timeout = load_relaxed(&pool->idle_timeout);
	if (load_seq_cst(&pool->threads) <= load_relaxed(&pool->min_workers) ||
	    !worker_may_go(worker))
		return TL_FOREVER;
	return deadline_after(timeout);
}

/* The next task, or NULL when this thread shall end. */
static tl_task *worker_idle(struct worker *worker, bool *retires)
{
	tl_executor *pool = worker->pool;
	if (UNLIKELY(worker->sections))
		worker_leaves_section(worker);
	for (;;) {
		if (worker->announced && worker_notified(worker))
			continue;
		bool surplus = worker_too_many(worker);
		if (worker->woken && !surplus) {
			tl_task *task = worker_find_any(worker);
			if (task) {
				worker_pass_on(worker);
				return task;
			}
			worker_has_looked(worker);
			count_up(&worker->counters.vain, 1);
		}
		if (load_seq_cst(&pool->finished)) {
			if (!worker->announced || worker_withdraw(worker))
				return NULL;
			continue;
		}
		if (surplus) {
			if (worker->announced && !worker_withdraw(worker))
				continue;
			worker_pass_on(worker);
			*retires = worker_retires(worker, pool_limit(pool));
			worker->surplus = *retires;
			if (*retires)
				return NULL;
			continue; /* perhaps with a task to look for */
		}
		if (!worker->announced)
			worker_announce(worker);
		forks_ask(pool);
		if (worker_search(worker)) {
			worker_comes(worker);
			tl_task *task =
				worker_too_many(worker) ? NULL : worker_find_any(worker);
			if (task) {
				worker_pass_on(worker);
				return task;
			}
			worker_has_looked(worker);
			continue;
		}
		if (load_seq_cst(&pool->closed)) {
			pool_finish_if_idle(pool);
			/* Whoever has ended all may have woken all before our bit was set. */
			if (load_seq_cst(&pool->finished))
				continue;
		}
		int64_t until = worker_deadline(worker);
		bool keeps = UNLIKELY(load_seq_cst(&pool->timers) != NULL) &&
		             worker_keeps_time(worker, &until);
		if (worker_park(worker, until))
			continue;
		if (keeps) {
			worker_fires_late(worker, until);
			tl_task *task =
				worker_too_many(worker) ? NULL : worker_find_any(worker);
			if (task) {
				worker_pass_on(worker);
				return task;
			}
		} else {
			*retires =
				worker_retires(worker, load_relaxed(&pool->min_workers));
			if (*retires)
				return NULL;
		}
	}
}

/* To the list that its hints tell of: one that was chosen for this worker must not come into
 * others' reach, and a list is changed under its own lock only (pool_list_of). */
static bool worker_puts_back(struct worker *worker, tl_task *task)
{
	if (!(load_relaxed(&task->hints_) & (HINT_CHOSEN | HINT_URGENT)))
		return ring_push(&worker->ring, task);
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
		pool_signal(worker->pool);
	}
}

static bool worker_run(struct worker *worker)
{
	bool retires = false;
	for (;;) {
		process_leave_child(worker->pool->process);
		bool idle = worker->announced || worker->woken;
		tl_task *task = idle ? NULL : worker_next(worker);
		if (!task) {
			task = worker_idle(worker, &retires);
			if (!task)
				return retires;
		}
		if (task == &forked) {
			worker_calls_branch(worker);
			continue;
		}
		if (worker_begins(worker, task))
			worker_execute(worker, task);
	}
}
