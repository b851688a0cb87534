/* SPDX-License-Identifier: MIT */
/* layer 5: worker · the loop of a pool's thread */
#include "worker.h"

#include "clock.h"
#include "forks.h"
#include "pending.h"
#include "serial.h"

/* ---- Finding work ------------------------------------------------------------- */

/* Make spots of the inbox stealable as this worker's range, and take the first. */
static tl_task *worker_hold(struct worker *worker, uint64_t spot, unsigned length)
{
	tl_executor *pool = worker->pool;
	if (length > 1) {
		exchange_seq_cst(&worker->range, range_make(spot, length));
		pool_signal(pool);
		return range_next(&worker->range, &pool->inbox);
	}
	return inbox_get(&pool->inbox, spot);
}

static tl_task *worker_take_injected(struct worker *worker, unsigned most)
{
	tl_executor *pool = worker->pool;
	uint64_t spot;
	if (pool_may_grow(pool)) /* each task has a worker of its own on its way */
		most = 1;
	unsigned n, share = load_relaxed(&pool->threads);
	while ((n = inbox_take(&pool->inbox, most, share ? share : 1, &spot))) {
		for (unsigned i = 0; i < n; i++)
			inbox_prefetch(&pool->inbox, spot + 2 * i);
		tl_task *task = worker_hold(worker, spot, n);
		if (task)
			return task;
	}
	return NULL;
}

/* The own ring is empty: move the oldest tasks there, the very oldest on top. */
static COLD tl_task *worker_take_overflowed(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	struct overflow *list = &pool->inbox.list;
	tl_task *tasks[RANGE_MOST];
	if (overflow_count(list) == 0)
		return NULL;
	lock(&list->lock);
	uint64_t share = list->count / (load_relaxed(&pool->threads) + 1) + 1;
	unsigned n = overflow_detach(list, tasks,
	                             share < RANGE_MOST ? (unsigned)share : RANGE_MOST);
	for (unsigned i = n; i > 1; i--)
		ring_push(&worker->ring, tasks[i - 1]);
	unlock(&list->lock);
	if (n > 1)
		pool_signal(pool);
	return n ? tasks[0] : NULL;
}

static tl_task *worker_steal(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	unsigned slots = load_acquire(&pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		unsigned index = (worker->victim + i) % slots;
		struct worker *victim = pool_worker(pool, index);
		if (!victim || victim == worker)
			continue;
		uint64_t spot;
		tl_task *task = ring_steal(&victim->ring);
		unsigned n = task ? 0 : range_steal(&victim->range, &spot);
		if (n)
			task = worker_hold(worker, spot, n);
		if (task) {
			worker->victim = index;
			count_up(&worker->counters.stolen, 1);
			return task;
		}
	}
	return NULL;
}

static tl_task *worker_find(struct worker *worker)
{
	tl_task *task = overflow_take(&worker->pool->inbox.urgent);
	if (!task)
		task = worker_take_injected(worker, RANGE_MOST);
	if (!task)
		task = worker_take_overflowed(worker);
	return task ? task : worker_steal(worker);
}

/* The same, and forks: for the loop alone. */
static tl_task *worker_find_any(struct worker *worker)
{
	tl_task *task = worker_find(worker);
	return task ? task : forks_find(worker);
}

static bool worker_too_many(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	return UNLIKELY(load_relaxed(&pool->threads) > pool_limit(pool));
}

/* What is urgent first, unless it is the turn of the others. */
static COLD tl_task *worker_take_urgent(struct worker *worker)
{
	if (++worker->urgent <= URGENT_MOST)
		return overflow_take(&worker->pool->inbox.urgent);
	worker->urgent = 0;
	return NULL;
}

/* Own work first, newest first; then from outside, oldest first. */
static tl_task *worker_next(struct worker *worker)
{
	tl_task *task = NULL;
	if (UNLIKELY(load_relaxed(&worker->pool->inbox.urgent.count))) {
		task = worker_take_urgent(worker);
		if (task)
			return task;
	}
	if (UNLIKELY(++worker->tick >= OUTSIDE_EVERY) && !worker->pool->ordered) {
		worker->tick = 0;
		task = range_next(&worker->range, &worker->pool->inbox);
		if (!task)
			task = worker_take_injected(worker, 1);
		if (!task)
			task = overflow_take(&worker->pool->inbox.list);
	}
	if (!task)
		task = ring_pop(&worker->ring);
	if (!task)
		task = range_next(&worker->range, &worker->pool->inbox);
	if (!task && !worker_too_many(worker)) {
		task = worker_take_injected(worker, RANGE_MOST);
		if (!task)
			task = worker_take_overflowed(worker);
	}
	return task ? task : overflow_take(&worker->pool->inbox.urgent);
}

/* ---- Running a task ----------------------------------------------------------- */

static void pool_bring_another(tl_executor *pool)
{
	struct worker *other = idle_claim(pool);
	if (other)
		worker_notify(other, PLAIN);
	else if (pool_reserve_thread(pool))
		pool_start_thread(pool, false);
}

/* No task is left that this worker would run next. */
static bool worker_out_of_work(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	return load_relaxed(&worker->ring.tail) == load_relaxed(&worker->ring.head) &&
	       !range_length(load_relaxed(&worker->range)) && !inbox_count(&pool->inbox);
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
	}
}

/* ---- Without work ------------------------------------------------------------- */

/* Look for work for a while, at intervals; true: there is some, or a notification. */
static bool worker_search(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	if (pool->spin > 0 && worker_take_role(worker)) {
		int64_t end = clock_now() + pool->spin;
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
		         !load_relaxed(&pool->finished));
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
	forks_ask(pool); /* a thread could be started for them now, which there was */
	/* A submit that came before may have counted on this thread: look again. */
	if (!pool_has_work(pool) || !pool_reserve_thread(pool))
		return true;
	worker->woken = true;
	return false;
}

static int64_t worker_deadline(tl_executor *pool)
{
	int64_t timeout = load_relaxed(&pool->idle_timeout);
	if (load_seq_cst(&pool->threads) <= load_relaxed(&pool->min_workers))
		return TL_FOREVER;
	return deadline_after(timeout);
}

/* The next task, or NULL when this thread shall end. */
static tl_task *worker_idle(struct worker *worker, bool *retires)
{
	tl_executor *pool = worker->pool;
	for (;;) {
		if (worker->announced && worker_notified(worker))
			continue;
		if (worker->woken) {
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
		if (worker_too_many(worker)) {
			if (worker->announced && !worker_withdraw(worker))
				continue;
			worker_pass_on(worker);
			*retires = worker_retires(worker, pool_limit(pool));
			if (*retires)
				return NULL;
		}
		if (!worker->announced)
			worker_announce(worker);
		forks_ask(pool);
		if (worker_search(worker)) {
			worker_withdraw(worker);
			tl_task *task = worker_find_any(worker);
			if (task) {
				worker_pass_on(worker);
				return task;
			}
			continue;
		}
		if (load_seq_cst(&pool->closed)) {
			pool_finish_if_idle(pool);
			/* Whoever has ended all may have woken all before our bit was set. */
			if (load_seq_cst(&pool->finished))
				continue;
		}
		if (!worker_park(worker, worker_deadline(pool))) {
			*retires =
				worker_retires(worker, load_relaxed(&pool->min_workers));
			if (*retires)
				return NULL;
		}
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
			if (task == &forked) {
				forks_call_found(worker);
				continue;
			}
		}
		worker_execute(worker, task);
	}
}
