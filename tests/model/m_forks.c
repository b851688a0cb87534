/* SPDX-License-Identifier: MIT */
/*
 * Forks in whole pools: a fork beside a worker that parks, searches, retires, waits in a
 * join or is yet to be started.
 *
 * Asserted: a branch that needs another thread gets one; each branch is called once.
 */
#include "forking.h"

static tl_future met;

static void *arrive(tl_forks *at, void *argument)
{
	tl_future_set(&met, NULL);
	return count(at, argument);
}

static void *meet(void *argument)
{
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, arrive, &called[1]);
	tl_future_wait(&met, TL_FOREVER);
	model_assert(tl_join(&at, &branch) == &called[1]);
	tl_run_end_(at);
	return count(NULL, argument);
}

/* The branch is taken, and forks one that must run beside it: in the join of the first. */
static void *meet_inside(tl_forks *at, void *argument)
{
	tl_branch branch;
	tl_fork(&at, &branch, arrive, &called[2]);
	tl_future_wait(&met, TL_FOREVER);
	model_assert(tl_join(&at, &branch) == &called[2]);
	return count(at, argument);
}

static void *meet_in_join(void *argument)
{
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, meet_inside, &called[1]);
	model_assert(tl_join(&at, &branch) == &called[1]);
	tl_run_end_(at);
	return count(NULL, argument);
}

static void two_searching(void)
{
	tl_options options = { .spin = 1 };
	pool = tl_fixed_pool_create(2, &options);
	model_assert(pool);
}

static void one_that_grows(void)
{
	tl_options options = { .max_workers = 2, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static void two_that_retire(void)
{
	one_that_grows();
	model_assert(pool_reserve_thread(pool));
	store_relaxed(&pool->coming, 0u);
	model_assert(pool_start_thread(pool, true) == 0);
}

static void meets(void)
{
	runs(meet, &called[0]);
}

static void meets_in_join(void)
{
	runs(meet_in_join, &called[0]);
}

const struct model models[] = {
	MODEL("fork-park", "forked beside one that parks", two_threads, 2, 0, have_met,
	      meets),
	MODEL("fork-search", "beside one that searches", two_searching, 2, 0, have_met,
	      meets),
	MODEL("fork-busy", "beside one that is busy first", two_threads, 1, 0, have_met,
	      meets, other_task),
	MODEL("fork-join", "a join runs other forks", two_threads, 2, 0, have_met,
	      meets_in_join),
	MODEL("fork-grows", "a pool grows for a fork", one_that_grows, 2, 0, have_met,
	      meets),
	MODEL("fork-retires", "beside one that retires", two_that_retire, 1, 1, have_met,
	      meets),
	{ 0 },
};
