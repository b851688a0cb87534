/* SPDX-License-Identifier: MIT */
/*
 * The deque of forks: an owner whose younger branch has been taken before the older one.
 *
 * Asserted: a joiner takes what is offered also out of its own deque; it neither sleeps
 * nor turns round beside it.
 */
#include "still.h"

static tl_executor *pool;
static unsigned called[2];

static void *count(tl_forks *at, void *argument)
{
	(void)at;
	++*(unsigned *)argument;
	return argument;
}

static void wait_for(uint32_t *word)
{
	while (!load_acquire(word))
		futex_wait(word, 0, TL_FOREVER);
}

static void let_go(uint32_t *word)
{
	store_release(word, 1u);
	futex_wake(word, 1);
}

/* A thief with an old look takes the younger one of two. What it calls waits for the other
 * one, so who joins it has to take that, though it is its own. */
static uint32_t older_called;

static void *older(tl_forks *at, void *argument)
{
	let_go(&older_called);
	return count(at, argument);
}

static void *younger(tl_forks *at, void *argument)
{
	if (self.worker->index == 1)
		wait_for(&older_called);
	return count(at, argument);
}

/* The pair is offered, and joined, and forked again. */
static struct frame pair_frame;
static tl_branch pair[2];
static tl_forks *pair_at;

static void fork_pair(void)
{
	tl_fork(&pair_at, &pair[0], older, &called[0]);
	tl_fork(&pair_at, &pair[1], younger, &called[1]);
	forks_offer_all(self.worker);
}

static void join_pair(void)
{
	model_assert(tl_join(&pair_at, &pair[1]) == &called[1]);
	model_assert(tl_join(&pair_at, &pair[0]) == &called[0]);
	model_assert(called[0] == called[1]);
}

static void pair_offered(void)
{
	pool = still_pool(3);
	pool->idle[0] = 6; /* nobody has to wake them, but they want work */
	pair_frame.task = new_task(NULL, NULL);
	play(pool, 0);
	self.frame = &pair_frame;
	pair_at = tl_run_begin_();
	fork_pair();
}

static void joins_and_forks_pairs(void)
{
	play(pool, 0);
	self.frame = &pair_frame;
	join_pair();
	store_relaxed(&older_called, 0u);
	fork_pair();
	join_pair();
	tl_run_end_(pair_at);
}

static void thief(void)
{
	struct worker *worker = play(pool, 1);
	forks_ask(pool);
	if (forks_find(worker))
		forks_call_found(worker);
}

const struct model models[] = {
	{ .name = "own-offer",
	  .property = "a joiner takes its own offer",
	  .setup = pair_offered,
	  .threads = { joins_and_forks_pairs, thief },
	  .bound = 4,
	  .daemons = true },
	{ 0 },
};
