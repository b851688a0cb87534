/* SPDX-License-Identifier: MIT */
/* layer 4: queues · looking at all queues of a pool at once */
#include "pool.h"

static bool worker_has_forks(struct worker *worker)
{
	struct split *forks = load_seq_cst(&worker->forks);
	return forks && split_has_offer(forks);
}

static bool pool_has_forks(tl_executor *pool)
{
	unsigned slots = load_seq_cst(&pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		struct worker *worker = pool_worker(pool, i);
		if (worker && worker_has_forks(worker))
			return true;
	}
	return false;
}

/* The ring before the count: shelf.h. */
static bool worker_has_own(struct worker *worker)
{
	struct ring *ring = load_seq_cst(&worker->ring);
	return shelf_count(&worker->shelf) || ring_has_work(ring);
}

static bool pool_has_work(tl_executor *pool)
{
	if (inbox_count(&pool->inbox))
		return true;
	unsigned slots = load_seq_cst(&pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		struct worker *worker = pool_worker(pool, i);
		if (worker && (range_length(load_seq_cst(&worker->range)) ||
		               worker_has_own(worker) || worker_has_forks(worker)))
			return true;
	}
	return false;
}

static bool pool_has_chosen(tl_executor *pool)
{
	unsigned slots = pool->adaptive ? 0 : load_seq_cst(&pool->slots);
	for (unsigned i = 0; i < slots; i++)
		if (overflow_count(&pool_worker(pool, i)->chosen))
			return true;
	return false;
}

static void pool_chosen_unlocked(tl_executor *pool)
{
	unsigned slots = pool->adaptive ? 0 : load_acquire(&pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		lock(&pool_worker(pool, i)->chosen.lock);
		unlock(&pool_worker(pool, i)->chosen.lock);
	}
}

static struct overflow *pool_list_of(tl_executor *pool, const tl_task *task)
{
	uint32_t hints = load_relaxed(&task->hints_);
	if (UNLIKELY(hints & HINT_CHOSEN))
		return &pool_worker(pool, hints_worker(hints))->chosen;
	return hints & HINT_URGENT ? &pool->inbox.urgent : &pool->inbox.list;
}

static bool pool_claim(tl_executor *pool, tl_task *task)
{
	return pool_claim_at(pool, task, load_acquire(&task->place_));
}

static bool pool_claim_at(tl_executor *pool, tl_task *task, uintptr_t place)
{
	switch (place_kind(place)) {
	case PLACE_INBOX: return inbox_claim(&pool->inbox, place_spot(place), task);
	case PLACE_RING: return ring_claim(place_pointer(place), task);
	case PLACE_OVERFLOW: return overflow_claim(pool_list_of(pool, task), task);
	case PLACE_NONE: break;
	}
	return false;
}
