/* SPDX-License-Identifier: MIT */
/* layer 5: forks · offering forked branches, asking for them, taking them */
#include "forks.h"

#include <stdlib.h>
#include <string.h>

#include "callback.h"
#include "futex.h"

/* Where there is no deque: full from the beginning, asked by nobody. */
static const struct split forks_nowhere;

static tl_forks *forks_no_place(void)
{
	return (tl_forks *)(uintptr_t)&forks_nowhere.slots[FORKS_MOST - 1];
}

static COLD struct split *forks_make(struct worker *worker)
{
	struct split *split = aligned_alloc(TL_DEQUE_SIZE_, sizeof *split);
	if (!split)
		return NULL;
	memset(split, 0, sizeof *split); /* asked: who is idle already did not find it */
	split->owner = worker;
	(void)exchange_seq_cst(&worker->forks, split);
	return split;
}

static struct split *forks_of(struct worker *worker)
{
	struct split *split = load_relaxed(&worker->forks);
	return split ? split : forks_make(worker);
}

/* ---- Who waits in joins --------------------------------------------------------- */

static void joiner_announce(struct worker *worker)
{
	fetch_or_seq_cst(&worker->pool->joiners[worker->index / 64],
	                 UINT64_C(1) << worker->index % 64);
}

static bool joiner_take(tl_executor *pool, unsigned index)
{
	uint64_t bit = UINT64_C(1) << index % 64;
	return fetch_and_seq_cst(&pool->joiners[index / 64], ~bit) & bit;
}

static bool joiner_withdraw(struct worker *worker)
{
	return joiner_take(worker->pool, worker->index);
}

static void joiner_ring(struct worker *worker)
{
	fetch_add_seq_cst(&worker->bell, 1u);
	futex_wake(&worker->bell, 1);
}

static bool joiner_wake(tl_executor *pool)
{
	unsigned groups = (load_seq_cst(&pool->slots) + 63) / 64;
	for (unsigned g = 0; g < groups; g++) {
		uint64_t joiners;
		while ((joiners = load_seq_cst(&pool->joiners[g]))) {
			unsigned index = g * 64 + (unsigned)__builtin_ctzll(joiners);
			if (joiner_take(pool, index)) {
				joiner_ring(pool_worker(pool, index));
				return true;
			}
		}
	}
	return false;
}

/* ---- Offering ------------------------------------------------------------------- */

static bool forks_wanted(tl_executor *pool)
{
	unsigned groups = (load_seq_cst(&pool->slots) + 63) / 64;
	for (unsigned g = 0; g < groups; g++)
		if (load_seq_cst(&pool->joiners[g]))
			return true;
	return idle_any(pool) || pool_may_grow(pool);
}

static void forks_signal(tl_executor *pool)
{
	if (!joiner_wake(pool))
		pool_signal(pool);
}

static COLD void forks_answer(struct split *split, tl_forks *head)
{
	tl_executor *pool = split->owner->pool;
	tl_forks *from = split_offers_end(split);
	if (from == head || !pool_is_ours(pool)) /* full of offers: asked it stays */
		return;
	exchange_seq_cst(&split->deque.limit_, (uintptr_t)split_end(split));
	if (!forks_wanted(pool))
		return;
	if (split_offer(split, from + (head - from + 1) / 2, head))
		forks_signal(pool);
	else
		split_ask(split);
}

TL_API tl_forks *tl_fork_slow_(tl_forks *at, struct tl_branch_ *branch)
{
	struct split *split = split_of(at);
	bool kept = at != split_end(split);
	if (kept)
		store_relaxed(&at++->word_, (uintptr_t)branch);
	else
		branch->state_ = CALL_IT;
	/* A region without room leaves a slot free below the end: the head is looked for, but
	 * only when somebody asks. */
	if (split->owner && !load_acquire(&split->deque.limit_))
		forks_answer(split, kept ? at : split_head(split));
	return at;
}

static void forks_offer_all(struct worker *worker)
{
	struct split *split = worker ? load_relaxed(&worker->forks) : NULL;
	if (!split || !pool_is_ours(worker->pool))
		return;
	tl_forks *head = split_head(split);
	if (split_offer(split, head, head))
		forks_signal(worker->pool);
}

/* ---- Asking and taking ------------------------------------------------------------ */

static void forks_ask(tl_executor *pool)
{
	unsigned slots = load_seq_cst(&pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		struct worker *worker = pool_worker(pool, i);
		struct split *split = worker ? load_seq_cst(&worker->forks) : NULL;
		if (split)
			split_ask(split);
	}
}

static struct tl_branch_ *forks_take(struct worker *worker, struct worker *owner)
{
	struct split *split = load_seq_cst(&owner->forks);
	struct tl_branch_ *branch = split ? split_take(split, worker->index) : NULL;
	if (branch && !split_has_offer(split))
		split_ask(split);
	return branch;
}

static bool forks_take_any(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	unsigned slots = load_acquire(&pool->slots);
	for (unsigned i = 0; i < slots; i++) {
		struct worker *owner = pool_worker(pool, (worker->victim + i) % slots);
		if (!owner)
			continue;
		worker->branch = forks_take(worker, owner);
		worker->branch_owner = owner;
		if (worker->branch) {
			worker->victim = owner->index;
			return true;
		}
	}
	return false;
}

static tl_task *forks_find(struct worker *worker)
{
	return forks_take_any(worker) ? &forked : NULL;
}

/* Its frame and all it forks belong to the task in which it was forked. */
static void forks_call(tl_forks *at, struct tl_branch_ *branch, struct worker *owner)
{
	struct frame frame = { branch->task_, self.frame, FORKED };
	struct callbacks aside = callbacks_aside();
	self.frame = &frame;
	self.branches++;
	at = split_open(split_of(at), at, frame.task);
	branch->call_(at, branch);
	split_close(split_of(at), at);
	self.branches--;
	self.frame = frame.below;
	callbacks_back(aside);
	process_leave_child(owner->pool->process);
	if (exchange_acq_rel(&branch->state_, (uint32_t)CALLED) == OUT_AWAITED)
		joiner_ring(owner);
}

static void forks_call_found(struct worker *worker)
{
	struct split *split = forks_of(worker);
	forks_call(split ? split_head(split) : forks_no_place(), worker->branch,
	           worker->branch_owner);
}
