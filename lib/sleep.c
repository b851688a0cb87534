/* SPDX-License-Identifier: MIT */
/* layer 4: sleep · who sleeps, who searches, whom to wake */
#include "sleep.h"

#include "doze.h"
#include "futex.h"

static uint64_t idle_bit(unsigned index)
{
	return UINT64_C(1) << index % 64;
}

/* How many words of idle bits are in use: each 64th worker opens one. */
static unsigned idle_groups(tl_executor *pool)
{
	return (load_seq_cst(&pool->slots) + 63) / 64;
}

static uint32_t idle_count(tl_executor *pool)
{
	uint32_t idle = 0;
	unsigned groups = idle_groups(pool);
	for (unsigned g = 0; g < groups; g++)
		idle += (uint32_t)__builtin_popcountll(load_seq_cst(&pool->idle[g]));
	return idle;
}

static bool idle_take(tl_executor *pool, unsigned index)
{
	uint64_t bit = idle_bit(index);
	return fetch_and_seq_cst(&pool->idle[index / 64], ~bit) & bit;
}

static struct worker *idle_claim(tl_executor *pool)
{
	unsigned recent = load_relaxed(&pool->recent);
	if ((load_relaxed(&pool->idle[recent / 64]) & idle_bit(recent)) &&
	    idle_take(pool, recent)) {
		fetch_add_seq_cst(&pool->coming, 1u);
		return pool_worker(pool, recent);
	}
	unsigned groups = idle_groups(pool);
	for (unsigned g = 0; g < groups; g++) {
		uint64_t idle;
		while ((idle = load_seq_cst(&pool->idle[g]))) {
			uint64_t others = idle & ~load_relaxed(&pool->dozers[g]);
			idle = others ? others : idle;
			unsigned index = g * 64 + (unsigned)__builtin_ctzll(idle);
			if (idle_take(pool, index)) {
				fetch_add_seq_cst(&pool->coming, 1u);
				return pool_worker(pool, index);
			}
		}
	}
	return NULL;
}

static void worker_notify(struct worker *worker, uint32_t what)
{
	fetch_add_relaxed(&worker->pool->wakes, 1);
	if (exchange_seq_cst(&worker->parker, what) == PARKED)
		futex_wake(&worker->parker, 1);
}

static void worker_wake(tl_executor *pool, unsigned index)
{
	uint64_t bit = idle_bit(index);
	if (!(load_seq_cst(&pool->idle[index / 64]) & bit) || !idle_take(pool, index))
		return;
	fetch_add_seq_cst(&pool->coming, 1u);
	worker_notify(pool_worker(pool, index), PLAIN);
}

/* False: there was nobody to wake any more, and whoever came to S2 in between has left
 * it to us; so the caller looks again. */
static COLD bool wake_one(tl_executor *pool)
{
	uint32_t nobody = 0;
	if (!cas_seq_cst(&pool->role, &nobody, 1u))
		return true;
	struct worker *worker = idle_claim(pool);
	if (worker)
		worker_notify(worker, ROLE);
	else
		exchange_seq_cst(&pool->role, 0u);
	return worker != NULL;
}

/* Nobody is idle. A searcher, or one that is coming, will grow the pool in its W4, if there is
 * anything left; and if it is done with that, the task may be run already. */
static COLD void pool_grow(tl_executor *pool)
{
	if (load_seq_cst(&pool->role) || load_seq_cst(&pool->coming) ||
	    !pool_has_work(pool))
		return;
	if (!pool_reserve_thread(pool)) {
		if (UNLIKELY(pool->cpus))
			pool_watch(pool);
	} else if (pool_start_thread(pool, false) && pool_reserve_thread(pool)) {
		pool_start_thread(pool,
		                  false); /* no later submit may come to try again */
	}
}

static void pool_signal(tl_executor *pool)
{
	do {
		if (!idle_any(pool)) {
			if (UNLIKELY(pool_may_grow(pool)))
				pool_grow(pool);
			return;
		}
		if (load_seq_cst(&pool->role))
			return;
	} while (!wake_one(pool) && pool_has_work(pool));
}

/* ---- The worker's side -------------------------------------------------------- */

static void worker_has_looked(struct worker *worker)
{
	if (worker->woken) {
		worker->woken = false;
		fetch_sub_seq_cst(&worker->pool->coming, 1u);
	}
}

static void worker_announce(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	worker->announced = true;
	store_relaxed(&pool->recent, worker->index);
	fetch_or_seq_cst(&pool->idle[worker->index / 64], idle_bit(worker->index));
}

static void dozer_announce(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	unsigned index = worker->index, next = index + 1;
	fetch_add_seq_cst(&pool->dozes, DOZED + 1);
	fetch_or_seq_cst(&pool->dozers[index / 64], idle_bit(index));
	if (load_relaxed(&pool->recent) == index)
		store_relaxed(&pool->recent,
		              next < load_relaxed(&pool->slots) ? next : 0);
	worker->announced = true;
	fetch_or_seq_cst(&pool->idle[index / 64], idle_bit(index));
}

static void dozer_withdrawn(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	fetch_and_seq_cst(&pool->dozers[worker->index / 64], ~idle_bit(worker->index));
	fetch_sub_seq_cst(&pool->dozes, UINT64_C(1));
}

static void dozer_rouse(struct worker *worker)
{
	if (!idle_take(worker->pool, worker->index))
		return;
	if (exchange_seq_cst(&worker->parker, (uint32_t)ENDED) == PARKED)
		futex_wake(&worker->parker, 1);
}

static bool worker_notified(struct worker *worker)
{
	uint32_t what = load_acquire(&worker->parker);
	if (what < PLAIN)
		return false;
	store_relaxed(&worker->parker, (uint32_t)EMPTY);
	worker->announced = false;
	worker->woken = what != ENDED;
	if (what == ROLE)
		worker->searcher = true;
	return true;
}

/* Until notified; the claimer is between two instructions, or has been preempted. */
static void worker_await_claimer(struct worker *worker)
{
	for (int i = 0; i < SPIN_PAUSES; i++) {
		if (worker_notified(worker))
			return;
		cpu_relax();
	}
	while (!worker_notified(worker)) {
		uint32_t seen = EMPTY;
		if (cas_seq_cst(&worker->parker, &seen, (uint32_t)PARKED) ||
		    seen == PARKED)
			futex_wait(&worker->parker, PARKED, TL_FOREVER);
	}
}

static bool worker_withdraw(struct worker *worker)
{
	if (idle_take(worker->pool, worker->index)) {
		worker->announced = false;
		return true;
	}
	worker_await_claimer(worker);
	return false;
}

static bool worker_park(struct worker *worker, int64_t deadline)
{
	uint32_t seen = EMPTY;
	count_up(&worker->counters.parks, 1);
	if (cas_seq_cst(&worker->parker, &seen, (uint32_t)PARKED)) {
		while (load_acquire(&worker->parker) == PARKED) {
			if (futex_wait(&worker->parker, PARKED, deadline) != -ETIMEDOUT)
				continue;
			if (idle_take(worker->pool, worker->index)) {
				store_relaxed(&worker->parker, (uint32_t)EMPTY);
				worker->announced = false;
				return false;
			}
			deadline = TL_FOREVER; /* claimed at the last moment */
		}
	}
	return worker_notified(worker);
}

static bool worker_take_role(struct worker *worker)
{
	uint32_t nobody = 0;
	if (!worker->searcher && load_relaxed(&worker->pool->role) == 0)
		worker->searcher = cas_seq_cst(&worker->pool->role, &nobody, 1u);
	return worker->searcher;
}

static void worker_drop_role(struct worker *worker)
{
	if (!worker->searcher)
		return;
	worker->searcher = false;
	exchange_seq_cst(&worker->pool->role, 0u);
}
