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

/* Its idle workers look around before they sleep; submits leave tasks to the one that
 * does (or is woken for what it was left), who sees to it that there are enough. */
static void searching(unsigned max)
{
	tl_options options = { .max_workers = max, .spin = 1 };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static void searching_of_two(void)
{
	searching(2);
}

static void searching_of_three(void)
{
	searching(3);
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

/* A task that still runs when its submit comes to look for idle workers. */
static void submits_a_long_one(void)
{
	tl_task *task = submit(meet_first, 0);
	tl_future_set(&met, NULL);
	finish_task(task);
}

static void one_thread_for_it(void)
{
	one_ran_at_rest();
	model_assert(pool->started == 1);
}

/* Two tasks get two threads, not three. With preemptions a worker may still start one too
 * many: who reserves a thread counts it as coming only an instruction later. */
static void no_third(void)
{
	two_ran_at_rest();
	model_assert(pool->started == 2);
}

/* ---- Spares: a thread more for each that waits inside a task ---------------------- */

static void one_with_spare(void)
{
	tl_options options = { .spare_workers = 1, .spin = TL_NONE };
	pool = tl_fixed_pool_create(1, &options);
	model_assert(pool);
}

static void searching_with_spare(void)
{
	tl_options options = { .spare_workers = 1, .spin = 1 };
	pool = tl_fixed_pool_create(1, &options);
	model_assert(pool);
}

/* The spare may still be about to retire, or idle until it times out. */
static void spare_is_no_more(void)
{
	two_ran();
	model_assert(pool->coming == 0 && pool->role == 0 && pool->blocked == 0);
}

/* ---- Opened again, as the default executor is, beside a submit that came late ----- */

static void submits_late(void)
{
	tl_task *task = new_task(count_run, &ran[0]);
	int error = tl_submit_task(pool, task);
	model_assert(error == 0 || error == -ESHUTDOWN);
	if (!error)
		tl_future_wait(&task->future, TL_FOREVER);
	model_free(task);
}

static void drains_and_reopens(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
	model_assert(executor_reopen(pool) == 0);
	finish_task(submit(count_run, 1));
}

static void reopened_at_rest(void)
{
	model_assert(ran[1] == 1 && !pool->closed && !pool->finished);
	at_rest();
}

/* bound, time-outs, failures to start a thread */
#define MODEL(title, text, where, most, outs, fails_to, end, ...)                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true,               \
		.bound = most, .timeouts = outs, .failures = fails_to                    \
	}

const struct model models[] = {
	MODEL("grow-pair", "two tasks, two threads", one_of_two, 3, 0, 0, two_ran_at_rest,
	      submits_a_pair),
	MODEL("grow-meet", "from two submitters", one_of_two, 2, 0, 0, two_ran_at_rest,
	      submits_first, submits_second),
	MODEL("grow-batch", "from a batch", one_of_two, 3, 0, 0, two_ran_at_rest,
	      submits_batch_pair),
	MODEL("grow-nested", "from a task", one_of_two, 3, 0, 0, two_ran_at_rest,
	      submits_nested),
	MODEL("grow-turn", "submit and wait", one_of_two, 2, 0, 0, one_thread,
	      submits_in_turn),
	MODEL("grow-fails", "thread creation fails", one_of_two, 2, 0, 1, two_ran_at_rest,
	      submitter, other_submitter),
	MODEL("grow-three", "with room for a third one", three, 2, 0, 0, two_ran_at_rest,
	      submits_a_pair),
	MODEL("retire", "times out beside a submit", two_of_two, 2, 1, 0, one_ran_at_rest,
	      submitter),
	MODEL("retire-pair", "beside two that need two", two_of_two, 2, 1, 0,
	      two_ran_at_rest, submits_a_pair),
	MODEL("retire-meet", "from two submitters", two_of_two, 1, 1, 0, two_ran_at_rest,
	      submits_first, submits_second),
	MODEL("retire-nested", "beside a task's submit", two_of_two, 2, 1, 0,
	      two_ran_at_rest, submits_nested),
	MODEL("retire-fails", "and none can be started", two_of_two, 1, 1, 1,
	      two_ran_at_rest, submits_two),
	MODEL("grow-calm", "two tasks, not three threads", three, 0, 0, 0, no_third,
	      submits_a_pair),
	MODEL("grow-search", "beside a searcher", searching_of_two, 2, 0, 0,
	      two_ran_at_rest, submits_a_pair),
	MODEL("grow-search-three", "with room for a third one", searching_of_three, 2, 0,
	      0, two_ran_at_rest, submits_a_pair),
	MODEL("grow-search-meet", "from two submitters", searching_of_two, 1, 0, 0,
	      two_ran_at_rest, submits_first, submits_second),
	MODEL("grow-search-nested", "from a task", searching_of_two, 2, 0, 0,
	      two_ran_at_rest, submits_nested),
	MODEL("grow-search-turn", "submit and wait", searching_of_two, 2, 0, 0,
	      one_thread, submits_in_turn),
	MODEL("grow-search-long", "one long task", searching_of_two, 2, 0, 0,
	      one_thread_for_it, submits_a_long_one),
	MODEL("grow-search-retire", "that times out", searching_of_three, 1, 1, 0,
	      two_ran_at_rest, submits_a_pair),
	MODEL("spare-pair", "a spare for one that waits", one_with_spare, 2, 0, 0,
	      spare_is_no_more, submits_a_pair),
	MODEL("spare-meet", "from two submitters", one_with_spare, 1, 0, 0,
	      spare_is_no_more, submits_first, submits_second),
	MODEL("spare-nested", "from a task", one_with_spare, 2, 0, 0, spare_is_no_more,
	      submits_nested),
	MODEL("spare-search", "with searchers", searching_with_spare, 2, 0, 0,
	      spare_is_no_more, submits_a_pair),
	MODEL("reopen", "beside a late submit", one_of_two, 2, 0, 0, reopened_at_rest,
	      submits_late, drains_and_reopens),
	{ 0 },
};
