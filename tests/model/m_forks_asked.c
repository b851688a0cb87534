/* SPDX-License-Identifier: MIT */
/*
 * Forks in whole pools, for those who ask for them: sleepers, joiners, threads to come.
 *
 * Asserted: whoever sleeps is woken for an offer, or has asked for one; so it is for a
 * thread that may be started; each branch is called once.
 */
#include "forking.h"

/* In a pool of two: if the other worker sleeps and nobody is about to wake it, then there is no
 * offer, and the next fork will make one. */
static void nobody_forgotten(void)
{
	struct split *split = self.worker->forks;
	struct worker *other = pool->workers[!self.worker->index];
	bool asleep = other && other->parker == PARKED &&
	              (pool->idle[0] >> other->index & 1) && !pool->role;
	model_assert(!asleep || !split->deque.limit_);
	for (unsigned i = 0; i < FORKS_MOST; i++)
		model_assert(!asleep || mark_of(split->slots[i].word_) != OFFERED);
}

/* The same for a thread that could be started: since the maximum was raised, or since one
 * retired. */
static bool raised;

/* Looks at `raised` in the step of what came before, not as a thread would. */
__attribute__((no_sanitize("thread"))) static void no_growth_forgotten(void)
{
	struct split *split = self.worker->forks;
	/* Who has the role looks for work when he gives it back. */
	bool grows = raised && !pool->coming && !pool->role &&
	             pool->threads < pool->max_workers;
	model_assert(!grows || !split->deque.limit_);
}

static void fork_and_join(tl_forks *at, unsigned i)
{
	tl_branch branch;
	tl_fork(&at, &branch, count, &called[i]);
	nobody_forgotten();
	no_growth_forgotten();
	model_assert(tl_join(&at, &branch) == &called[i]);
	nobody_forgotten();
	no_growth_forgotten();
}

static void *forks_one(void *argument)
{
	tl_forks *at = tl_run_begin_();
	fork_and_join(at, 1);
	tl_run_end_(at);
	return count(NULL, argument);
}

static void *forks_again(void *argument)
{
	tl_forks *at = tl_run_begin_();
	fork_and_join(at, 1);
	fork_and_join(at, 2);
	tl_run_end_(at);
	return count(NULL, argument);
}

/* The same at close range: one thread forks, the other has just become a worker. */
static tl_task *root;

static void still_two(void)
{
	pool = still_pool(2);
	forks_of(pool->workers[0]);
	root = new_task(NULL, NULL);
	pool->closed = 1; /* who sets its bit late looks whether all is over */
}

static void forks_beside(void)
{
	struct frame frame = { .task = root };
	play(pool, 0);
	self.frame = &frame;
	forks_again(&called[0]);
	exchange_seq_cst(&pool->finished, 1u);
	pool_wake_all(pool);
}

static void works(void)
{
	worker_run(play(pool, 1));
}

/* One that retires, beside one that forks. */
static void still_retiring(void)
{
	still_two();
	pool->closed = 0;
	pool->adaptive = true; /* so that one may go */
	pool->min_workers = 1;
	pool->workers[0]->used = true;
}

static void retires(void)
{
	raised = worker_run(play(pool, 1));
}

/* The same for one that sleeps in a join, in what it waits for. */
static void no_joiner_forgotten(struct tl_branch_ *awaited)
{
	struct split *split = self.worker->forks;
	struct worker *joiner = pool->workers[!self.worker->index];
	bool asleep = awaited->state_ == OUT_AWAITED && pool->joiners[0] && !joiner->bell;
	model_assert(!asleep || !split->deque.limit_);
	for (unsigned i = 0; i < FORKS_MOST; i++)
		model_assert(!asleep || mark_of(split->slots[i].word_) != OFFERED);
}

static void *forks_two_inside(tl_forks *at, void *outer)
{
	tl_branch a, b;
	unsigned worker = self.worker->index;
	tl_fork(&at, &a, count, &called[1]);
	tl_fork(&at, &b, count, &called[2]);
	if (((tl_branch *)outer)->base_.task_ && worker != called[3])
		no_joiner_forgotten(outer);
	tl_join(&at, &b);
	tl_join(&at, &a);
	return outer;
}

static void *joins_forker(void *argument)
{
	tl_forks *at = tl_run_begin_();
	tl_branch branch = { .base_ = { .task_ = NULL } };
	called[3] = self.worker->index;
	tl_fork(&at, &branch, forks_two_inside, &branch);
	tl_join(&at, &branch);
	tl_run_end_(at);
	return count(NULL, argument);
}

static void one_that_may_grow_later(void)
{
	tl_options options = { .max_workers = 1, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static void raises(void)
{
	model_assert(tl_executor_set_max_workers(pool, 2) == 0);
	raised = true;
}

static void forks(void)
{
	runs(forks_one, &called[0]);
}

static void forks_twice(void)
{
	runs(forks_again, &called[0]);
}

static void is_joined(void)
{
	runs(joins_forker, &called[0]);
}

const struct model models[] = {
	MODEL("fork-asked-again", "when it sleeps again", two_threads, 2, 0, have_met,
	      forks_twice),
	MODEL("fork-asked-first", "by one that has just begun", still_two, 3, 0, NULL,
	      forks_beside, works),
	MODEL("fork-pool", "a fork in a pool of two", two_threads, 1, 0, have_met, forks,
	      other_task),
	MODEL("fork-asked", "who sleeps is woken or has asked", two_threads, 2, 0,
	      have_met, forks),
	MODEL("fork-asked-join", "so it is in a join", two_threads, 2, 0, have_met,
	      is_joined),
	MODEL("fork-retired", "after one has retired", still_retiring, 2, 1, NULL,
	      forks_beside, retires),
	MODEL("fork-raised", "the maximum is raised", one_that_may_grow_later, 2, 0,
	      have_met, forks, raises),
	{ 0 },
};
