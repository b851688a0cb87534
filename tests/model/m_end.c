/* SPDX-License-Identifier: MIT */
/*
 * Shutdown and destruction beside submits and running tasks, by real threads that all
 * have to end and be joined, after which everything is freed.
 *
 * Asserted: what was accepted runs (drain) or ends as cancelled (cancel), once; what was
 * refused never; a pair that needs two threads has them while the pool drains; a worker
 * executor keeps the order; no thread is left; nobody touches what was freed.
 */
#include "tasks.h"

static unsigned accepted[4];

static void pool_of(unsigned workers, int64_t spin)
{
	tl_options options = { .spin = spin };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static void one(void)
{
	pool_of(1, TL_NONE);
}

static void two(void)
{
	pool_of(2, TL_NONE);
}

static void adaptive(void)
{
	tl_options options = { .min_workers = 1, .max_workers = 2, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static void adaptive_grown(void)
{
	adaptive();
	model_assert(pool_reserve_thread(pool));
	store_relaxed(&pool->coming, 0u);
	model_assert(pool_start_thread(pool, true) == 0);
}

static void adaptive_busy(void)
{
	adaptive();
	comes_from_a_task(0);
}

static void ordered(void)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_worker_create(&options);
	model_assert(pool);
}

/* ---- Shutdown beside a submit ----------------------------------------------------- */

static void try_submit(unsigned i)
{
	tl_task *task = new_task(count_run, &ran[i]);
	int error = tl_submit_task(pool, task);
	model_assert(error == 0 || error == -ESHUTDOWN);
	accepted[i] = error == 0;
	if (!error)
		tl_future_wait(&task->future, TL_FOREVER);
	model_assert(!tl_future_cancelled(&task->future) || ran[i] == 0);
	model_assert(error || tl_future_cancelled(&task->future) || ran[i] == 1);
	model_free(task);
}

static void submits(void)
{
	try_submit(0);
}

static void submits_too(void)
{
	try_submit(1);
}

static void submits_both(void)
{
	try_submit(0);
	try_submit(1);
}

static void drains(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
	model_assert(load_relaxed(&pool->live) == 0);
}

static void cancels(void)
{
	model_assert(tl_executor_shutdown(pool, TL_CANCEL, TL_FOREVER) == 0);
	model_assert(load_relaxed(&pool->live) == 0);
}

/* What tl_shutdown and the next tl_go do to the default executor, which a submit of
 * another thread may still be inside of. */
static void reopens(void)
{
	drains();
	model_assert(executor_reopen(pool) == 0);
	try_submit(1);
	model_assert(accepted[1] && ran[1] == 1);
	drains();
}

/* Gives up waiting, then comes back. */
static void drains_with_a_limit(void)
{
	int error = tl_executor_shutdown(pool, TL_DRAIN, 1000);
	model_assert(error == 0 || error == -ETIMEDOUT);
	if (error)
		cancels();
}

/* A submit that came late has not left a thread behind, or a count of one. */
static void freed(void)
{
	model_assert(pool->live == 0 && pool->threads == 0 && pool->coming == 0);
	tl_executor_destroy(pool);
}

static void drained(void)
{
	for (unsigned i = 0; i < 2; i++)
		model_assert(ran[i] == accepted[i]);
	freed();
}

/* ---- Destruction by the one who submits ------------------------------------------ */

static void submits_and_destroys(void)
{
	tl_task *task = submit(count_run, 0);
	model_assert(tl_executor_destroy(pool) == 0);
	model_assert(tl_future_done(&task->future));
	model_free(task);
}

static void destroys_a_pair(void)
{
	tl_task *a = submit(meet_first, 0), *b = submit(meet_second, 1);
	model_assert(tl_executor_destroy(pool) == 0);
	model_free(a);
	model_free(b);
}

/* Waiting for the result, then destroying at once, while the worker still ends it. */
static void waits_and_destroys(void)
{
	finish_task(submit(count_run, 0));
	model_assert(tl_executor_destroy(pool) == 0);
}

/* Cancelled while it is queued, by another thread than its destroyer's. */
static tl_task *victim;

static void with_victim(void)
{
	one();
	victim = submit(count_run, 0);
}

static void cancels_victim(void)
{
	int told = tl_task_withdraw(victim);
	model_assert(told == 0 ? ran[0] == 0 : ran[0] == 1);
	model_free(victim);
}

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

/* Cancelled beside a submit that may be refused: it must not run later either. */
static tl_task *fresh;

static void with_fresh(void)
{
	one();
	fresh = new_task(count_run, &ran[0]);
}

static void submits_fresh(void)
{
	int error = tl_submit_task(pool, fresh);
	model_assert(error == 0 || error == -ESHUTDOWN || error == -ECANCELED ||
	             error == -EBUSY);
}

static void cancels_fresh(void)
{
	tl_future_cancel(&fresh->future);
}

static void fresh_ended(void)
{
	model_assert(tl_future_cancelled(&fresh->future) ? ran[0] == 0 : ran[0] == 1);
	freed();
}

/* ---- Order ------------------------------------------------------------------------ */

static unsigned done[3], count;

static void *note(void *argument)
{
	done[count++] = (unsigned)(uintptr_t)argument;
	return NULL;
}

static void submits_three_and_destroys(void)
{
	tl_task *task[3];
	for (unsigned i = 0; i < 3; i++) {
		task[i] = new_task(note, (void *)(uintptr_t)i);
		model_assert(tl_submit_task(pool, task[i]) == 0);
	}
	model_assert(tl_executor_destroy(pool) == 0);
	for (unsigned i = 0; i < 3; i++)
		model_free(task[i]);
}

static void in_order(void)
{
	for (unsigned i = 0; i < 3; i++)
		model_assert(done[i] == i);
}

/* bound, time-outs, failures to start a thread */
#define MODEL(title, text, where, most, outs, fails_to, end, ...)                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most,                 \
		.timeouts = outs, .failures = fails_to                                   \
	}

const struct model models[] = {
	MODEL("drain-1", "beside a submit", one, 3, 0, 0, drained, submits, drains),
	MODEL("drain-1-two", "beside two", one, 2, 0, 0, drained, submits, submits_too,
	      drains),
	MODEL("drain-2", "two threads", two, 1, 0, 0, drained, submits_both, drains),
	MODEL("drain-2-one", "two threads, one submit", two, 2, 0, 0, drained, submits,
	      drains),
	MODEL("drain-limit", "gives up", one, 2, 1, 0, freed, submits,
	      drains_with_a_limit),
	MODEL("drain-twice", "from two threads at once", one, 2, 0, 0, drained, submits,
	      drains, drains),
	MODEL("drain-adaptive", "beside a growing submit", adaptive, 2, 0, 0, drained,
	      submits_both, drains),
	MODEL("drain-retire", "beside one that retires", adaptive_grown, 1, 1, 0, drained,
	      submits, drains),
	MODEL("drain-fails", "no thread can be had", adaptive, 2, 0, 1, drained, submits,
	      drains),
	MODEL("drain-fails-busy", "the same, three times, its worker busy", adaptive_busy,
	      1, 0, 3, drained, submits, drains),
	MODEL("reopen-retire", "beside a submit from before, and a retirement", adaptive,
	      1, 1, 0, drained, submits, reopens),
	MODEL("cancel-1", "beside a submit", one, 3, 0, 0, freed, submits, cancels),
	MODEL("cancel-2", "two threads", two, 1, 0, 0, freed, submits_both, cancels),
	MODEL("cancel-adaptive", "beside a growing submit", adaptive, 2, 0, 0, freed,
	      submits, cancels),
	MODEL("destroy-1", "a task under way", one, 3, 0, 0, one_ran,
	      submits_and_destroys),
	MODEL("destroy-2", "two threads", two, 2, 0, 0, one_ran, submits_and_destroys),
	MODEL("destroy-pair", "each has a thread", two, 2, 0, 0, two_ran,
	      destroys_a_pair),
	MODEL("destroy-after", "its result has been seen", two, 2, 0, 0, one_ran,
	      waits_and_destroys),
	MODEL("destroy-cancel", "beside a canceller", with_victim, 3, 0, 0, NULL,
	      cancels_victim, destroys),
	MODEL("order", "first in, first out", ordered, 2, 0, 0, in_order,
	      submits_three_and_destroys),
	MODEL("drain-cancel", "beside a submit and a canceller", with_fresh, 2, 0, 0,
	      fresh_ended, submits_fresh, cancels_fresh, drains),
	{ 0 },
};
