/* SPDX-License-Identifier: MIT */
/*
 * Blocking sections in a pool of one with a spare: the place is counted, taken by a thread
 * that is started, woken or called from the reserve, and given back, beside submits, time-
 * outs and a shutdown.
 *
 * Asserted: a task that another one needs in its section gets a thread; no task is run
 * beside another outside of a section when nobody is in one; at rest nobody is counted
 * as blocked or coming, and each living thread is idle or in the reserve.
 */
#include "tasks.h"

static unsigned inside;

static void pool_with_spare(bool adaptive, int64_t spin)
{
	tl_options options = { .max_workers = 1, .spare_workers = 1, .spin = spin };
	pool = adaptive ? tl_adaptive_pool_create(&options)
	                : tl_fixed_pool_create(1, &options);
	model_assert(pool);
}

static void fixed(void)
{
	pool_with_spare(false, TL_NONE);
}

static void adaptive(void)
{
	pool_with_spare(true, TL_NONE);
}

static void searching(void)
{
	pool_with_spare(false, 1);
}

/* The spare has been there already, and is idle: one thread too many. */
static void spare_is_idle(void)
{
	fixed();
	fetch_add_seq_cst(&pool->threads, 1u);
	model_assert(pool_start_thread(pool, true) == 0);
}

/* ---- Tasks ---------------------------------------------------------------------- */

static void *meet_in_section(void *argument)
{
	model_assert(tl_blocking_begin());
	tl_future_wait(&met, TL_FOREVER);
	tl_blocking_end();
	return count_run(argument);
}

/* It can only run in the place of one that is in a section, and waits there. */
static void *meet_one_blocked(void *argument)
{
	model_assert(load_relaxed(&pool->blocked) == 1);
	return meet_second(argument);
}

static void *submit_then_block(void *argument)
{
	tl_task *task = new_task(meet_second, &ran[1]);
	model_assert(tl_submit_task(pool, task) == 0);
	return meet_in_section(argument);
}

static void *in_section(void *argument)
{
	model_assert(tl_blocking_begin());
	tl_blocking_end();
	return count_run(argument);
}

static void *alone(void *argument)
{
	model_assert(load_relaxed(&inside) == 0);
	store_relaxed(&inside, 1u);
	tl_cancel_requested(); /* a step */
	store_relaxed(&inside, 0u);
	return count_run(argument);
}

/* ---- Submitters ------------------------------------------------------------------ */

static void blocks_then_meets(void)
{
	tl_task *a = submit(meet_in_section, 0), *b = submit(meet_one_blocked, 1);
	finish_task(a);
	finish_task(b);
}

static void blocks(void)
{
	finish_task(submit(meet_in_section, 0));
}

static void blocks_with_own(void)
{
	finish_task(submit(submit_then_block, 0));
}

/* Who stood in the first time is in the reserve, or on its way there, or still idle. */
static void blocks_twice(void)
{
	blocks_then_meets();
	tl_future_init(&met);
	tl_task *a = submit(meet_in_section, 2), *b = submit(meet_second, 3);
	finish_task(a);
	finish_task(b);
}

static void two_in_turn(void)
{
	tl_task *a = submit(alone, 0), *b = submit(alone, 1);
	finish_task(a);
	finish_task(b);
}

static void two_sections(void)
{
	tl_task *a = submit(in_section, 0), *b = submit(in_section, 1);
	finish_task(a);
	finish_task(b);
}

static void drains(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
}

static void sections_then_drains(void)
{
	two_sections();
	drains();
}

static void meets_then_drains(void)
{
	blocks_then_meets();
	drains();
}

static void lowers_nothing(void)
{
	tl_executor_set_idle_timeout(pool, 1000); /* wakes whoever is idle */
}

/* ---- In the end ------------------------------------------------------------------ */

static void at_rest(void)
{
	unsigned idle = (unsigned)__builtin_popcountll(pool->idle[0]), reserved = 0;
	for (struct worker *worker = pool->reserve; worker; worker = worker->below)
		reserved++;
	model_assert(pool->blocked == 0 && pool->coming == 0 && pool->role == 0);
	model_assert(pool->threads == idle && pool->live == idle + reserved);
	model_assert(pool->threads >= 1 && pool->live <= 3);
}

static void two_ran_at_rest(void)
{
	two_ran();
	at_rest();
}

static void one_thread(void)
{
	two_ran_at_rest();
	model_assert(pool->threads == 1);
}

static void four_ran_at_rest(void)
{
	model_assert(ran[2] == 1 && ran[3] == 1);
	two_ran_at_rest();
}

static void all_over(void)
{
	two_ran();
	model_assert(pool->live == 0 && pool->threads == 0 && !pool->reserve);
	model_assert(pool->blocked == 0);
}

/* bound, time-outs, failures to start a thread */
#define MODEL(title, text, where, most, outs, fails_to, end, ...)                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true,               \
		.bound = most, .timeouts = outs, .failures = fails_to                    \
	}

const struct model models[] = {
	MODEL("section-pair", "a spare runs what it needs", fixed, 2, 0, 0,
	      two_ran_at_rest, blocks_then_meets),
	MODEL("section-meet", "from two submitters", fixed, 2, 0, 0, two_ran_at_rest,
	      blocks, submits_second),
	MODEL("section-own", "in its own ring", fixed, 2, 0, 0, two_ran_at_rest,
	      blocks_with_own),
	MODEL("section-adaptive", "in an adaptive pool", adaptive, 2, 0, 0,
	      two_ran_at_rest, blocks, submits_second),
	MODEL("section-search", "with searchers", searching, 2, 0, 0, two_ran_at_rest,
	      blocks, submits_second),
	MODEL("section-retire", "the spare times out", adaptive, 1, 1, 0, two_ran_at_rest,
	      blocks, submits_second),
	MODEL("section-twice", "the reserve is called", fixed, 2, 0, 0, four_ran_at_rest,
	      blocks_twice),
	MODEL("section-twice-late", "when it times out", fixed, 1, 1, 0, four_ran_at_rest,
	      blocks_twice),
	MODEL("section-idle", "an idle spare is woken", spare_is_idle, 1, 0, 0,
	      two_ran_at_rest, blocks, submits_second),
	MODEL("section-surplus", "an idle spare steps aside", spare_is_idle, 2, 0, 0,
	      two_ran_at_rest, two_in_turn),
	MODEL("section-surplus-woken", "and when all are woken", spare_is_idle, 2, 0, 0,
	      one_thread, two_in_turn, lowers_nothing),
	MODEL("section-short", "two sections, from outside", fixed, 2, 0, 0,
	      two_ran_at_rest, two_sections),
	MODEL("section-fails", "no thread can be started", fixed, 2, 0, 1,
	      two_ran_at_rest, two_sections),
	MODEL("section-drain", "a shutdown ends the reserve", fixed, 1, 0, 0, all_over,
	      sections_then_drains),
	MODEL("section-drain-meet", "and what is in sections", fixed, 2, 0, 0, all_over,
	      meets_then_drains),
	MODEL("section-drain-late", "and who leaves it", fixed, 1, 1, 0, all_over,
	      meets_then_drains),
	{ 0 },
};
