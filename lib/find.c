/* SPDX-License-Identifier: MIT */
/* layer 5: find · where a worker looks for work, and in which order */
#include "find.h"

#include "clock.h"
#include "forks.h"
#include "own.h"

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
	unsigned n, share = load_relaxed(&pool->threads);
	if (pool_may_grow(pool)) /* those that may come have their share, too */
		share = pool_limit(pool);
	while ((n = inbox_take(&pool->inbox, most, share ? share : 1, &spot))) {
		worker->took = n;
		inbox_prefetch(&pool->inbox, spot, n < RANGE_AHEAD ? n : RANGE_AHEAD);
		tl_task *task = worker_hold(worker, spot, n);
		if (task)
			return task;
	}
	return NULL;
}

/* After a range that wasn't full: it doesn't look again at once, since each look takes the line
 * of the tail from the producers, who then have but a few more. Not where who finds nobody
 * idle starts a thread, nor for those who asked for spinning. */
static COLD tl_task *worker_take_later(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	if (pool->pauses != SPIN_PAUSES || pool->spin <= 0 || pool_may_grow(pool))
		return worker_take_injected(worker, RANGE_MOST);
	int64_t apart = LOOK_EVERY, now = clock_now();
	if (worker->took >= LOOK_STREAM && LOOK_SHARE * worker->look_cost > apart)
		apart = LOOK_SHARE * worker->look_cost;
	if (apart > LOOK_MOST)
		apart = LOOK_MOST;
	int64_t next = worker->looked + apart;
	for (int64_t looks = apart / LOOK_LEAST; now < next && looks > 0; looks--) {
		for (int i = 0; i < HOLD_PAUSES; i++)
			cpu_relax();
		now = clock_now();
	}
	tl_task *task = worker_take_injected(worker, RANGE_MOST);
	worker->looked = now;
	worker->look_cost = clock_now() - now;
	return task;
}

_Static_assert(RING_SLOTS >= OVERFLOW_MOST && RING_SLOTS >= STEAL_MOST,
               "what is moved there has room");

/* The own ring is empty: the oldest of these on top, but for the very oldest, which is first. */
static tl_task *worker_keep(struct worker *worker, tl_task **tasks, unsigned n)
{
	for (unsigned i = n; i > 1; i--)
		ring_push(load_relaxed(&worker->ring), tasks[i - 1]);
	return n ? tasks[0] : NULL;
}

/* The own ring is empty: move the oldest tasks there. */
static COLD tl_task *worker_take_overflowed(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	struct overflow *list = &pool->inbox.list;
	tl_task *tasks[OVERFLOW_MOST];
	if (overflow_count(list) == 0)
		return NULL;
	lock(&list->lock);
	uint64_t share = list->count / (load_relaxed(&pool->threads) + 1) + 1;
	unsigned n = overflow_detach(
		list, tasks, share < OVERFLOW_MOST ? (unsigned)share : OVERFLOW_MOST);
	tl_task *first = worker_keep(worker, tasks, n);
	unlock(&list->lock);
	if (n > 1)
		pool_signal(pool);
	return first;
}

/* What a worker has set aside is stolen a ring at a time. */
static COLD tl_task *worker_steal_ring(struct worker *worker, struct worker *victim)
{
	tl_task *task = worker_take_ring(worker, &victim->shelf, &victim->shelf.oldest);
	if (task)
		count_up(&worker->counters.stolen, worker_count(worker));
	return task;
}

/* Half of a current ring: who took one would soon be without work again, and say so each time.
 * The own ring is empty. */
static COLD tl_task *worker_steal_half(struct worker *worker, struct ring *ring)
{
	tl_task *tasks[STEAL_MOST];
	unsigned n = ring_steal_half(ring, tasks);
	tl_task *first = worker_keep(worker, tasks, n);
	if (n > 1) {
		count_up(&worker->counters.stolen, n - 1);
		pool_signal(worker->pool);
	}
	return first;
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
		tl_task *task = NULL;
		if (shelf_count(&victim->shelf))
			task = worker_steal_ring(worker, victim);
		if (!task)
			task = worker_steal_half(worker, load_seq_cst(&victim->ring));
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
		task = overflow_take(&worker->chosen);
	/* An idle worker has none of its own, but for what callbacks of a timer that it has
	 * fired have submitted. */
	if (!task)
		task = worker_pop(worker);
	if (!task)
		task = range_next(&worker->range, &worker->pool->inbox);
	if (!task)
		task = worker_take_injected(worker, RANGE_MOST);
	if (!task)
		task = worker_take_overflowed(worker);
	return task ? task : worker_steal(worker);
}

static tl_task *worker_find_any(struct worker *worker)
{
	tl_task *task = worker_find(worker);
	return task ? task : forks_find(worker);
}

static bool worker_too_many(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	return UNLIKELY(load_relaxed(&pool->threads) > pool_limit(pool)) &&
	       worker_may_go(worker) && !load_relaxed(&pool->closed);
}

/* Is there what goes ahead of the others: urgent, or for this very worker? */
static ALWAYS_INLINE bool worker_has_ahead(struct worker *worker)
{
	return load_relaxed(&worker->pool->inbox.urgent.count) |
	       load_relaxed(&worker->chosen.count);
}

/* That first, unless it is the turn of the others; what is urgent before what was submitted
 * to this worker, which has a turn before the others. */
static COLD tl_task *worker_take_ahead(struct worker *worker)
{
	unsigned turn = worker->ahead++;
	tl_task *task = NULL;
	if (turn < URGENT_MOST)
		task = overflow_take(&worker->pool->inbox.urgent);
	if (!task && turn <= URGENT_MOST)
		task = overflow_take(&worker->chosen);
	if (!task)
		worker->ahead = 0;
	return task;
}

/* One too many may never be without work, when its tasks submit to it: what it has goes
 * where all look now and then. */
static COLD void worker_hands_over(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	tl_task *task;
	while ((task = worker_pop(worker)) ||
	       (task = range_next(&worker->range, &pool->inbox)))
		overflow_put_back(pool_list_of(pool, task), task);
}

/* What it has begun, but for what it has run within waits for that: then it doesn't come to
 * the others. */
static uint64_t worker_progress(struct worker *worker)
{
	return load_relaxed(&worker->counters.begun) -
	       load_relaxed(&worker->counters.claimed);
}

/* What lies behind one long task is stolen by who has no work. But as long as more comes from
 * outside, all have some, and it would lie there for ever. So now and then each looks at one
 * of the others: if that has begun no task since the last look, it takes one from it, and
 * looks there again after each few tasks as long as it finds some. */
static COLD tl_task *worker_relieve(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	unsigned slots = load_acquire(&pool->slots);
	struct worker *other = pool_worker(pool, worker->looks_at % slots);
	tl_task *task = NULL;
	worker->relieve = 0;
	if (other && other != worker && worker_progress(other) == worker->had_begun) {
		task = worker_oldest(other);
		if (!task)
			task = range_next(&other->range, &pool->inbox);
	}
	if (task) {
		worker->relieve = RELIEVE_EVERY - 1;
		count_up(&worker->counters.stolen, 1);
		return task;
	}
	other = pool_worker(pool, ++worker->looks_at % slots);
	worker->had_begun = other ? worker_progress(other) : 0;
	return NULL;
}

/* Now and then what waits elsewhere has its turn before own work, of which there may be more
 * and more; and now and then the oldest of its own, before the newer ones. */
static COLD tl_task *worker_take_in_turn(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	tl_task *task = NULL;
	worker->tick = 0;
	if (worker_too_many(worker)) {
		worker_hands_over(worker);
		return NULL;
	}
	if (++worker->turn >= OLDEST_EVERY) {
		worker->turn = 0;
		task = worker_oldest(worker);
	}
	if (!task && ++worker->relieve >= RELIEVE_EVERY)
		task = worker_relieve(worker);
	if (!task)
		task = range_next(&worker->range, &pool->inbox);
	if (!task)
		task = worker_take_injected(worker, 1);
	return task ? task : overflow_take(&pool->inbox.list);
}

/* Own work first, newest first; then from outside, oldest first. */
static ALWAYS_INLINE tl_task *worker_next(struct worker *worker)
{
	tl_task *task = NULL;
	if (UNLIKELY(worker_has_ahead(worker))) {
		task = worker_take_ahead(worker);
		if (task)
			return task;
	}
	if (UNLIKELY(++worker->tick >= OUTSIDE_EVERY) && !worker->pool->ordered)
		task = worker_take_in_turn(worker);
	if (!task)
		task = worker_pop(worker);
	if (!task)
		task = range_next(&worker->range, &worker->pool->inbox);
	if (!task && !worker_too_many(worker)) {
		bool few = worker->took && worker->took < RANGE_FEW;
		task = few ? worker_take_later(worker)
		           : worker_take_injected(worker, RANGE_MOST);
		if (!task)
			task = worker_take_overflowed(worker);
	}
	if (!task && UNLIKELY(worker_has_ahead(worker)))
		task = worker_take_ahead(worker);
	return task;
}

static bool worker_out_of_work(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	return worker_has_none(worker) && !range_length(load_relaxed(&worker->range)) &&
	       !inbox_count(&pool->inbox) && !load_relaxed(&worker->chosen.count);
}
