/* SPDX-License-Identifier: MIT */
/* layer 5: worker_idle · a worker without work: it looks for some, sleeps, retires */
#include "worker.h"

#include "blocking.h"
#include "cell.h"
#include "clock.h"
#include "find.h"
#include "forks.h"
#include "timers.h"

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
	if ((idle_any(pool) || pool_may_grow(pool)) && pool_has_work(pool))
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

/* Would it retire if nothing came for a while? */
static bool worker_would_go(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	return load_seq_cst(&pool->threads) > load_relaxed(&pool->min_workers) &&
	       worker_may_go(worker);
}

/* Is there memory to be given back, or may there be later? */
static bool pool_trim_may_come(tl_executor *pool)
{
	return cell_trim_may_come() || rings_trim_is_due(&pool->rings);
}

static bool worker_trims(struct worker *worker)
{
	return cell_trim(&worker->parker) &&
	       rings_trim(&worker->pool->rings, &worker->parker);
}

static tl_task *worker_idle(struct worker *worker, bool *retires)
{
	tl_executor *pool = worker->pool;
	bool trims = false, trimmed = false;
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
		bool goes = worker_would_go(worker);
		int64_t until = TL_FOREVER;
		if (goes || UNLIKELY(!trimmed && pool_trim_may_come(pool)))
			until = deadline_after(load_relaxed(&pool->idle_timeout));
		bool keeps = UNLIKELY(load_seq_cst(&pool->timers) != NULL) &&
		             worker_keeps_time(worker, &until);
		if (trims && !keeps) {
			/* Announced, and past K3: who claims this worker interrupts it. Once: what
			 * other pools free is no reason to wake up. */
			trims = false;
			trimmed = worker_trims(worker);
			continue;
		}
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
		} else if (goes) {
			*retires =
				worker_retires(worker, load_relaxed(&pool->min_workers));
			if (*retires)
				return NULL;
		} else {
			trims = true;
		}
	}
}
