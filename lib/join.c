/* SPDX-License-Identifier: MIT */
/* layer 6: join · regions of forks, and the join of a branch that others have seen */
/*
 * A branch that a thief has is waited for. Meanwhile this worker takes other branches:
 * first back from that thief, whose offers are mostly parts of what we wait for, then
 * anybody's. It never takes a task: that might wait for what is further down this stack.
 * With no stack left for one it only sleeps: what is offered others take, or who has offered it
 * takes it back at its join.
 * (Nor can branches wait in a circle: a branch waits for what it has forked, which began
 * later, and what lies above it on a stack began later still.)
 *
 *   bell     of a worker: goes up when it has been woken for an offer, or when the
 *            branch it waits for has been called. It sleeps on it; so nobody touches the
 *            branch after he has called it.
 *
 *   joiner   reads the bell; sets its bit (W1), asks (A1), looks for offers (W3); sets
 *            OUT_AWAITED, which fails when the branch was called; sleeps while the bell
 *            is the same; takes its bit back. If that was gone, somebody counts on it:
 *            it sees to it that another one comes for what it leaves (W4).
 */
#include "blocking.h"
#include "clock.h"
#include "forks.h"
#include "wait.h"

/* ---- Regions ---------------------------------------------------------------------- */

TL_API tl_forks *tl_run_begin_(void)
{
	struct worker *worker = self.worker;
	if (!worker || !self.frame || worker->pool->ordered ||
	    !pool_is_ours(worker->pool))
		return forks_no_place();
	struct split *split = forks_of(worker);
	if (!split)
		return forks_no_place();
	return split_open(split, split_head(split), self.frame->task);
}

TL_API void tl_run_end_(tl_forks *at)
{
	struct split *split = split_of(at);
	MISUSE(load_relaxed(&at->word_), "a forked branch has not been joined");
	split_close(split, at);
}

/* ---- Joins ------------------------------------------------------------------------ */

static bool branch_called(struct tl_branch_ *branch)
{
	return load_acquire(&branch->state_) == CALLED;
}

/* Take a branch to call it meanwhile: worker->branch, worker->branch_owner. */
static bool join_take(struct worker *worker, unsigned thief)
{
	struct worker *owner = pool_worker(worker->pool, thief);
	worker->branch = forks_take(worker, owner);
	worker->branch_owner = owner;
	return worker->branch || forks_take_any(worker);
}

/* False: it has been called, or there are offers. */
static bool join_watch(struct worker *worker, struct tl_branch_ *branch)
{
	tl_executor *pool = worker->pool;
	int64_t looks = pool->spin / LOOK_LEAST;
	int64_t end = pool->spin ? deadline_after(pool->spin) : 0;
	do {
		for (int i = 0; i < HOT_PAUSES; i++) {
			if (branch_called(branch))
				return false;
			cpu_relax();
		}
		if (pool_has_forks(pool))
			return false;
	} while (looks-- > 0 && clock_now() < end);
	return true;
}

static void join_sleep(struct worker *worker, struct tl_branch_ *branch, uint32_t bell)
{
	uint32_t state = OUT;
	if (cas_acq_rel(&branch->state_, &state, (uint32_t)OUT_AWAITED) ||
	    state == OUT_AWAITED) {
		bool blocks = worker_blocks(worker);
		futex_wait(&worker->bell, bell, TL_FOREVER);
		if (blocks)
			worker_unblocks(worker);
	}
}

static COLD void join_taken(struct worker *worker, tl_forks *at,
                            struct tl_branch_ *branch, unsigned thief)
{
	tl_executor *pool = worker->pool;
	bool takes = !stack_is_short(), alone = true; /* nobody counts on us */
	while (!branch_called(branch)) {
		process_leave_child(pool->process); /* the thief is not here */
		if (!takes) {
			join_sleep(worker, branch, load_acquire(&worker->bell));
			continue;
		}
		if (join_take(worker, thief)) {
			if (!alone && pool_has_forks(pool))
				forks_signal(pool);
			forks_call(at, worker->branch, worker->branch_owner);
			alone = true;
			continue;
		}
		uint32_t bell = load_acquire(&worker->bell);
		joiner_announce(worker);
		forks_ask(pool);
		if (join_watch(worker, branch))
			join_sleep(worker, branch, bell);
		alone = joiner_withdraw(worker);
	}
	if (!alone && pool_has_forks(pool))
		forks_signal(pool);
}

TL_API tl_forks *tl_join_slow_(tl_forks *at, struct tl_branch_ *branch)
{
	struct split *split = split_of(at);
	tl_forks *here = at - 1;
	if (at == split_end(split) && load_relaxed(&branch->state_) == CALL_IT)
		return at;
	if (split_withdraw(split, here, branch)) {
		branch->state_ = CALL_IT;
		bool below = here > split->slots &&
		             mark_of(load_seq_cst(&here[-1].word_)) == OFFERED;
		if (!below && forks_wanted(split->owner->pool))
			split_ask(split);
		return here;
	}
	MISUSE(mark_of(load_relaxed(&here->word_)) != TAKEN,
	       "a branch was joined that isn't the last one forked");
	unsigned thief = (unsigned)(load_relaxed(&here->word_) >> 2);
	join_taken(split->owner, at, branch, thief);
	split_shrink(split, here);
	return here;
}
