/* SPDX-License-Identifier: MIT */
/* layer 5: reserve · threads that stood in for blocked workers wait for the next time */
#include "reserve.h"

#include "clock.h"
#include "futex.h"

static struct worker *reserve_take(tl_executor *pool)
{
	struct worker *worker = pool->reserve;
	if (worker)
		pool->reserve = worker->below;
	return worker;
}

static void reserve_wake(struct worker *worker)
{
	store_release(&worker->parker, (uint32_t)EMPTY);
	futex_wake(&worker->parker, 1);
}

static void reserve_wake_all(tl_executor *pool)
{
	struct worker *worker;
	while ((worker = reserve_take(pool)))
		reserve_wake(worker);
}

static void reserve_renew(tl_executor *pool)
{
	struct worker *worker;
	lock(&pool->threads_lock);
	while ((worker = reserve_take(pool))) {
		worker->surplus = true; /* nobody needs it: back it goes */
		reserve_wake(worker);
	}
	unlock(&pool->threads_lock);
}

/* With the lock held: while a worker was on its way here another thread may have been started
 * in its place. One thread more than the user has allowed may so wait here, not many. */
static bool reserve_has_room(tl_executor *pool)
{
	uint32_t spare = load_relaxed(&pool->spare_workers);
	uint32_t threads = load_seq_cst(&pool->threads);
	for (struct worker *other = pool->reserve; other; other = other->below)
		threads++;
	return spare && threads <= load_seq_cst(&pool->max_workers) + spare;
}

static bool reserve_enter(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	lock(&pool->threads_lock);
	bool enters = worker->surplus && reserve_has_room(pool) &&
	              !load_relaxed(&pool->finished);
	worker->surplus = false;
	if (enters) {
		store_relaxed(&worker->parker, (uint32_t)RESERVED);
		worker->below = pool->reserve;
		pool->reserve = worker;
	}
	unlock(&pool->threads_lock);
	return enters;
}

/* Its time is over; false: it has been taken at the last moment. */
static bool reserve_leave(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	lock(&pool->threads_lock);
	struct worker **link = &pool->reserve;
	while (*link && *link != worker)
		link = &(*link)->below;
	bool left = *link;
	if (left) {
		*link = worker->below;
		store_relaxed(&worker->parker, (uint32_t)EMPTY);
	}
	unlock(&pool->threads_lock);
	return left;
}

/* Until it is taken, or its time is over: false. */
static bool reserve_sleep(struct worker *worker)
{
	int64_t deadline = deadline_after(load_relaxed(&worker->pool->idle_timeout));
	while (load_acquire(&worker->parker) == RESERVED)
		if (futex_wait(&worker->parker, RESERVED, deadline) == -ETIMEDOUT) {
			if (reserve_leave(worker))
				return false;
			deadline = TL_FOREVER; /* whoever took it is about to wake it */
		}
	return true;
}

static bool reserve_wait(struct worker *worker)
{
	do {
		if (!reserve_enter(worker))
			return false;
		/* It may have been the last one that wasn't idle. */
		pool_finish_if_idle(worker->pool);
		if (!reserve_sleep(worker))
			return false;
	} while (worker->surplus);
	return true;
}
