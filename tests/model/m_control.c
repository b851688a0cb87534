/* SPDX-License-Identifier: MIT */
/*
 * Fewer and more threads are allowed while tasks come and run.
 *
 * Asserted: each task runs once; two tasks that need each other get two threads once two
 * are allowed; at rest there are no more threads than allowed, and none is coming.
 */
#define OUTSIDE_EVERY 1 /* a worker looks after each task whether it is one too many */

#include "tasks.h"

static void pool_with(unsigned min, unsigned max, int64_t spin)
{
	tl_options options = { .min_workers = min, .max_workers = max, .spin = spin };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static void one(void)
{
	pool_with(1, 1, TL_NONE);
}

static void one_searching(void)
{
	pool_with(1, 1, 1);
}

static void two(void)
{
	pool_with(2, 2, TL_NONE);
}

static void two_busy(void)
{
	two();
	comes_from_a_task(0);
	comes_from_a_task(1);
}

static void raises(void)
{
	model_assert(tl_executor_set_max_workers(pool, 2) == 0);
}

static void lowers(void)
{
	model_assert(tl_executor_set_max_workers(pool, 1) == 0);
}

static void lowers_and_raises(void)
{
	lowers();
	raises();
}

static void submits_one_after_another(void)
{
	submitter();
	lowers();
	other_submitter();
}

/* Its worker has two more tasks of its own by then. */
static tl_task *fed, *fed_too;

static void *feeds_and_lowers(void *argument)
{
	model_assert(tl_submit_task(pool, fed) == 0);
	model_assert(tl_submit_task(pool, fed_too) == 0);
	lowers();
	return count_run(argument);
}

static void submits_feeder(void)
{
	fed = new_task(count_run, &ran[1]);
	fed_too = new_task(count_run, &ran[2]);
	finish_task(submit(feeds_and_lowers, 0));
	finish_task(fed);
	finish_task(fed_too);
	model_assert(ran[2] == 1);
}

static void submits_feeder_and_cancels(void)
{
	fed = new_task(count_run, &ran[1]);
	fed_too = new_task(count_run, &ran[2]);
	finish_task(submit(feeds_and_lowers, 0));
	int error = tl_future_cancel(&fed->future);
	finish_task(fed);
	finish_task(fed_too);
	if (!error)
		model_assert(ran[1]++ == 0);
}

static void at_rest(void)
{
	unsigned idle = (unsigned)__builtin_popcountll(pool->idle[0]);
	model_assert(pool->coming == 0 && pool->role == 0);
	model_assert(pool->threads == idle && pool->live == idle);
	model_assert(pool->threads <= pool->max_workers);
}

static void one_ran_at_rest(void)
{
	one_ran();
	at_rest();
}

static void two_ran_at_rest(void)
{
	two_ran();
	at_rest();
}

static void one_is_left(void)
{
	model_assert(pool->threads == 1);
	two_ran_at_rest();
}

static void nothing_but_one_is_left(void)
{
	model_assert(pool->threads == 1 && pool->min_workers == 1);
	at_rest();
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

const struct model models[] = {
	MODEL("raise-pair", "beside two that need two", one, 2, two_ran_at_rest,
	      submits_a_pair, raises),
	MODEL("raise-search", "beside two left to a searcher", one_searching, 2,
	      two_ran_at_rest, submits_a_pair, raises),
	MODEL("lower-idle", "idle threads end", two, 3, nothing_but_one_is_left, lowers),
	MODEL("lower-busy", "of threads that have no work", two_busy, 1, one_is_left,
	      submits_one_after_another),
	MODEL("lower-raise", "and back again, beside a pair", two, 1, two_ran_at_rest,
	      submits_a_pair, lowers_and_raises),
	MODEL("lower-submit", "beside a task", two, 1, one_ran_at_rest, submitter,
	      lowers),
	MODEL("lower-feeding", "with tasks of its own left", two, 2, one_is_left,
	      submits_feeder),
	MODEL("lower-feeding-cancel", "one of which is cancelled", two, 1, one_is_left,
	      submits_feeder_and_cancels),
	{ 0 },
};
