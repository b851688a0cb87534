/* SPDX-License-Identifier: MIT */
/* layer 5: timers · what a pool has to do at some time, and which worker sleeps till then */
#include "timers.h"

#include "clock.h"
#include "thread.h"

/* ---- Their life --------------------------------------------------------------- */

static void pool_allows_spare(tl_executor *pool)
{
	uint32_t none = 0;
	if (!pool->ordered)
		cas_seq_cst(&pool->spare_workers, &none, 1u);
}

static COLD struct timers *timers_of(tl_executor *pool)
{
	struct timers *timers = load_acquire(&pool->timers), *none = NULL;
	if (timers)
		return timers;
	timers = malloc(sizeof *timers);
	if (!timers)
		return NULL;
	memset(timers, 0, sizeof *timers);
	timers->owners = 1;
	timers->nearest = TL_FOREVER;
	/* Before the pointer: who sees that finds the spare, too. */
	pool_allows_spare(pool);
	if (cas_seq_cst(&pool->timers, &none, timers)) {
		pool_allows_spare(pool); /* evidence_divide may have met the first one */
		return timers;
	}
	free(timers);
	return none;
}

static void timers_let_go(struct timers *timers)
{
	if (!timers || fetch_sub_acq_rel(&timers->owners, 1u) > 1)
		return;
	free(timers->heap.entries);
	free(timers);
}

/* ---- The heap ----------------------------------------------------------------- */

static struct timer *timer_of(struct heap_node *node)
{
	return CONTAINER_OF(node, struct timer, node);
}

/* With the lock held. True: it is another time than before. */
static bool timers_set_nearest(struct timers *timers)
{
	int64_t nearest = heap_time(&timers->heap);
	if (nearest == load_relaxed(&timers->nearest))
		return false;
	exchange_seq_cst(&timers->nearest, nearest);
	return true;
}

static int timers_insert(tl_executor *pool, struct timer *timer, int64_t time,
                         bool *nearer)
{
	struct timers *timers = timer->timers;
	int error = 0;
	lock(&timers->lock);
	if (timer->node.place == TIMER_OVER)
		error = -ECANCELED;
	else if (!timer->limit && load_seq_cst(&pool->closed))
		error = -ESHUTDOWN;
	else if (!heap_add(&timers->heap, &timer->node, time))
		error = -ENOMEM;
	else
		*nearer = timers_set_nearest(timers);
	unlock(&timers->lock);
	return error;
}

static bool timers_end(struct timer *timer)
{
	struct timers *timers = timer->timers;
	lock(&timers->lock);
	bool there = timer->node.place && timer->node.place != TIMER_OVER;
	if (there) {
		heap_remove(&timers->heap, &timer->node);
		timers_set_nearest(timers);
	}
	timer->node.place = TIMER_OVER;
	unlock(&timers->lock);
	return there;
}

static struct timer *timers_take_due(struct timers *timers, int64_t now)
{
	struct timer *timer = NULL;
	lock(&timers->lock);
	if (heap_time(&timers->heap) <= now && timers->heap.count) {
		timer = timer_of(timers->heap.entries[0].node);
		heap_remove(&timers->heap, &timer->node);
		timers_set_nearest(timers);
	}
	unlock(&timers->lock);
	return timer;
}

static void timers_close(tl_executor *pool)
{
	struct timers *timers = load_seq_cst(&pool->timers);
	struct timer *list = NULL;
	if (!timers)
		return;
	lock(&timers->lock);
	struct heap *heap = &timers->heap;
	uint32_t count = heap->count;
	heap->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct heap_entry entry = heap->entries[i];
		struct timer *timer = timer_of(entry.node);
		if (timer->limit) { /* there is room: no more have been added than seen */
			heap_add(heap, entry.node, entry.time);
		} else {
			entry.node->place = 0;
			timer->next = list;
			list = timer;
		}
	}
	timers_set_nearest(timers);
	unlock(&timers->lock);
	while (list) {
		struct timer *timer = list;
		list = timer->next;
		timer->due(timer, true);
	}
}

static void timers_stats(struct timers *timers, tl_stats *stats)
{
	if (!timers)
		return;
	lock(&timers->lock);
	stats->timers = timers->heap.count;
	unlock(&timers->lock);
	stats->missed = load_relaxed(&timers->missed);
}

/* ---- The keeper --------------------------------------------------------------- */

static bool timers_unkept(tl_executor *pool)
{
	struct timers *timers = load_seq_cst(&pool->timers);
	return timers && load_seq_cst(&timers->nearest) != TL_FOREVER &&
	       !load_seq_cst(&timers->keeper);
}

static COLD void timers_find_keeper(tl_executor *pool)
{
	if (!timers_unkept(pool) || load_seq_cst(&pool->coming))
		return;
	if (idle_any(pool) || pool_may_grow(pool))
		pool_bring_another(pool);
}

/* A2 */
static void timers_tell(tl_executor *pool, struct timers *timers, bool find)
{
	uint32_t keeper = load_seq_cst(&timers->keeper);
	if (!keeper) {
		if (find)
			timers_find_keeper(pool);
	} else {
		worker_wake(pool, keeper - 1);
	}
}

static int timers_add(tl_executor *pool, struct timer *timer, int64_t time, bool find)
{
	struct timers *timers = timer->timers;
	bool nearer = false;
	int error = timers_insert(pool, timer, time, &nearer);
	if (nearer)
		timers_tell(pool, timers, find);
	return error;
}

static COLD bool worker_keeps_time(struct worker *worker, int64_t *until)
{
	struct timers *timers = load_relaxed(&worker->pool->timers);
	uint32_t keeper = 0, me = worker->index + 1;
	if (!cas_seq_cst(&timers->keeper, &keeper, me) && keeper != me)
		return false;
	int64_t nearest = load_seq_cst(&timers->nearest);
	if (nearest == TL_FOREVER)
		return false;
	if (!worker->punctual)
		thread_wakes_in_time();
	worker->punctual = true;
	*until = nearest;
	return true;
}

/* M1 and M3 */
static COLD void worker_leaves_time(struct worker *worker)
{
	struct timers *timers = load_acquire(&worker->pool->timers);
	if (timers && load_relaxed(&timers->keeper) == worker->index + 1)
		exchange_seq_cst(&timers->keeper, 0u);
	timers_find_keeper(worker->pool);
}

/* At most so many at once, as somebody waits for this worker. What they bring about may be
 * callbacks, which may wait, also for other timers: so it keeps the time no longer. */
static void worker_fires(struct worker *worker, int64_t now)
{
	struct timers *timers = load_relaxed(&worker->pool->timers);
	struct timer *timer;
	for (unsigned n = 0; n < TIMERS_MOST; n++) {
		timer = timers_take_due(timers, now);
		if (!timer)
			return;
		if (n == 0)
			worker_leaves_time(worker);
		timer->due(timer, false);
	}
}

static void worker_fires_late(struct worker *worker, int64_t until)
{
	int64_t now = clock_now();
	/* It is as late as we have slept, whatever the clock says. */
	worker_fires(worker, now > until ? now : until);
}

/* N */
static int64_t worker_naps(struct worker *worker, int64_t deadline)
{
	struct timers *timers = worker ? load_seq_cst(&worker->pool->timers) : NULL;
	if (LIKELY(!timers) || worker->pool->ordered || !pool_is_ours(worker->pool) ||
	    load_seq_cst(&timers->keeper))
		return deadline;
	int64_t nap = deadline_after(LOOK_AGAIN_MOST);
	int64_t nearest = load_seq_cst(&timers->nearest);
	nap = nearest < nap ? nearest : nap;
	return nap < deadline ? nap : deadline;
}

static void worker_has_napped(struct worker *worker)
{
	if (!worker || !pool_is_ours(worker->pool) || worker->pool->ordered ||
	    !timers_unkept(worker->pool))
		return;
	worker_fires(worker, clock_now());
	if (pool_has_work(worker->pool))
		pool_signal(worker->pool);
}

/* Reading the clock takes some 20 ns: not before each of many short tasks. */
static bool worker_looks_at_clock(struct worker *worker, int64_t *now)
{
	if (++worker->tasks_unclocked < worker->tasks_to_clock)
		return false;
	*now = clock_now();
	worker->tasks_unclocked = 0;
	worker->tasks_to_clock =
		*now - worker->clocked > CLOCK_EVERY
			? 1
			: smaller(2 * worker->tasks_to_clock + 1, CLOCK_TASKS);
	worker->clocked = *now;
	return true;
}

static bool worker_minds_time(struct worker *worker, int64_t *now)
{
	struct timers *timers = load_relaxed(&worker->pool->timers);
	int64_t nearest = load_seq_cst(&timers->nearest);
	worker_leaves_time(worker);
	return nearest != TL_FOREVER && worker_looks_at_clock(worker, now) &&
	       nearest <= *now;
}
