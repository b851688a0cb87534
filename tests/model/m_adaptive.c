/* SPDX-License-Identifier: MIT */
/*
 * Pools that grow from one thread to two and shrink again: a thread is reserved, started
 * (or can't be), times out beside a submit that counted on it.
 *
 * Asserted: each task runs once; two tasks that need each other get two threads; nobody
 * waits for ever, not even until an idle worker times out; the counters are right in the
 * end: no thread is coming, as many exist as are counted.
 */
#include "tasks.h"

static void adaptive_pool(unsigned min, unsigned max)
{
	tl_options options = { .min_workers = min, .max_workers = max, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static void one_of_two(void)
{
	adaptive_pool(1, 2);
}

/* Grown already: the second thread may retire. */
static void two_of_two(void)
{
	adaptive_pool(1, 2);
	model_assert(pool_reserve_thread(pool));
	store_relaxed(&pool->coming, 0u);
	model_assert(pool_start_thread(pool, true) == 0);
}

static void three(void)
{
	adaptive_pool(1, 3);
}

static void at_rest(void)
{
	unsigned idle = (unsigned)__builtin_popcountll(pool->idle[0]);
	model_assert(pool->coming == 0);
	model_assert(pool->threads == idle);
	model_assert(pool->role == 0);
}

static void two_ran_at_rest(void)
{
	two_ran();
	at_rest();
}

static void one_ran_at_rest(void)
{
	one_ran();
	at_rest();
}

/* Who waits for each result before the next submit gets on with one thread. */
static void one_thread(void)
{
	two_ran_at_rest();
	model_assert(pool->started == 1);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most

const struct model models[] = { MODEL("grow-pair", "two tasks, two threads", one_of_two,
	                              3, two_ran_at_rest, submits_a_pair) },
		   MODEL("grow-meet", "from two submitters", one_of_two, 2,
                         two_ran_at_rest, submits_first, submits_second)
}
, MODEL("grow-batch", "from a batch", one_of_two, 3, two_ran_at_rest, submits_batch_pair)
}
, MODEL("grow-nested", "from a task", one_of_two, 3, two_ran_at_rest, submits_nested)
}
, MODEL("grow-turn", "submit and wait", one_of_two, 2, one_thread, submits_in_turn)
}
,
	MODEL("grow-fails", "thread creation fails", one_of_two, 2, two_ran_at_rest,
              submitter, other_submitter),
	.failures = 1
}
, MODEL("grow-three", "with room for a third one", three, 2, two_ran_at_rest,
        submits_a_pair)
}
, MODEL("retire", "times out beside a submit", two_of_two, 2, one_ran_at_rest, submitter),
	.timeouts = 1
}
,
	MODEL("retire-pair", "beside two that need two", two_of_two, 2, two_ran_at_rest,
              submits_a_pair),
	.timeouts = 1
}
,
	MODEL("retire-meet", "from two submitters", two_of_two, 1, two_ran_at_rest,
              submits_first, submits_second),
	.timeouts = 1
}
,
	MODEL("retire-nested", "beside a task's submit", two_of_two, 2, two_ran_at_rest,
              submits_nested),
	.timeouts = 1
}
,
	MODEL("retire-fails", "and none can be started", two_of_two, 1, two_ran_at_rest,
              submits_two),
	.timeouts = 1, .failures = 1
}
, { 0 },
}
;
