/* SPDX-License-Identifier: MIT */
/*
 * Tasks that are submitted without a wake-up, and the one kick for all of them, beside
 * workers that park, other submits, and a shutdown without a kick.
 *
 * Asserted: after the kick each task runs, in a thread of its own if it needs that; a
 * shutdown forgets none.
 */
#include "tasks.h"

static void pool_of(unsigned workers, unsigned max_pending)
{
	tl_options options = {
		.spin = TL_NONE,
		.max_pending = max_pending,
		.when_full = TL_FULL_WAIT,
	};
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static void one(void)
{
	pool_of(1, 0);
}

static void two(void)
{
	pool_of(2, 0);
}

static void one_limited(void)
{
	pool_of(1, 1);
}

static void adaptive(void)
{
	tl_options options = { .max_workers = 2, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static tl_task *queue(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_submit_quietly(pool, task) == 0);
	return task;
}

static void queues_two_and_kicks(void)
{
	tl_task *a = queue(count_run, 0), *b = queue(count_run, 1);
	model_assert(tl_kick(pool) == 0);
	finish_task(a);
	finish_task(b);
}

static void queues_a_pair_and_kicks(void)
{
	tl_task *a = queue(meet_first, 0), *b = queue(meet_second, 1);
	model_assert(tl_kick(pool) == 0);
	finish_task(a);
	finish_task(b);
}

static void queues_and_submits(void)
{
	tl_task *a = queue(count_run, 0), *b = submit(count_run, 1);
	finish_task(a);
	finish_task(b);
}

static void queues_and_destroys(void)
{
	tl_task *a = queue(count_run, 0), *b = queue(count_run, 1);
	model_assert(tl_executor_destroy(pool) == 0);
	model_free(a);
	model_free(b);
}

/* Nobody kicks it but who waits for its place. */
static void queues_first(void)
{
	queue(count_run, 0);
}

static void second_ran(void)
{
	model_assert(ran[1] == 1);
}

static void submits_third(void)
{
	finish_task(submit(count_run, 2));
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

const struct model models[] = {
	MODEL("kick-1", "one worker", one, 4, two_ran, queues_two_and_kicks),
	MODEL("kick-2", "two workers", two, 2, two_ran, queues_two_and_kicks),
	MODEL("kick-2-pair", "each has a thread", two, 2, two_ran,
	      queues_a_pair_and_kicks),
	MODEL("kick-adaptive", "a thread is started for it", adaptive, 2, two_ran,
	      queues_a_pair_and_kicks),
	MODEL("kick-beside", "another submitter", two, 1, two_ran, queues_two_and_kicks,
	      submits_third),
	MODEL("kick-submit", "by a later submit", two, 2, two_ran, queues_and_submits),
	MODEL("kick-destroy", "by a shutdown", one, 3, two_ran, queues_and_destroys),
	MODEL("kick-destroy-2", "two workers", two, 2, two_ran, queues_and_destroys),
	MODEL("kick-room", "by a wait for room", one_limited, 3, two_ran,
	      queues_two_and_kicks),
	MODEL("kick-room-beside", "the same, beside another submitter", one_limited, 3,
	      second_ran, queues_first, other_submitter),
	{ 0 },
};
