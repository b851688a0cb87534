/* SPDX-License-Identifier: MIT */
/*
 * Timers: who keeps the time, beside timers that are set and taken back, tasks that take
 * the keeper away, shutdowns.
 *
 * Asserted: a timer that is due soon fires, though a far one was there before, and whoever
 * has other things to do; it runs once or is cancelled; what is cancelled or over is in
 * the heap no more; nobody touches it after it has been given back.
 */
#include "timing.h"

static tl_future *far;

static void a_far_one(void)
{
	far = tl_after(pool, FAR, count_run, &ran[3]);
	model_assert(far);
}

static void one_far(void)
{
	one();
	a_far_one();
}

static void two_far(void)
{
	two();
	a_far_one();
}

static void adaptive_far(void)
{
	tl_options options = { .max_workers = 2, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
	a_far_one();
}

/* Two threads, of which one may retire. */
static void shrinking(void)
{
	tl_options options = { .max_workers = 2, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool_reserve_thread(pool));
	store_relaxed(&pool->coming, 0u);
	model_assert(pool_start_thread(pool, true) == 0);
	model_assert(timers_of(pool));
}

static void sets(void)
{
	finish(tl_after(pool, SOON, count_run, &ran[0]));
}

static void sets_other(void)
{
	finish(tl_after(pool, SOON, count_run, &ran[1]));
}

/* Due at the same time, and need a thread each. */
static void sets_a_pair(void)
{
	tl_future *a = tl_after(pool, SOON, meet_first, &ran[0]);
	finish(tl_after(pool, SOON, meet_second, &ran[1]));
	finish(a);
}

static void *fires(void *argument)
{
	store_release(&over, 1u);
	futex_wake(&over, 1);
	tl_future_set(&met, NULL);
	return count_run(argument);
}

static void holds_a_worker(void)
{
	finish_task(submit(computes_until_over, 0));
}

static void sets_the_end_of_it(void)
{
	finish(tl_after(pool, SOON, fires, &ran[1]));
}

static void takes_back(void)
{
	model_assert(tl_future_cancel(far) == 0);
	tl_future_release(far);
}

/* Beside a keeper for whom it is due. */
static void sets_and_takes_back(void)
{
	tl_future *future = tl_after(pool, SOON, count_run, &ran[0]);
	int error = tl_future_cancel(future);
	model_assert(error == 0 || error == -EINPROGRESS || error == -EALREADY);
	tl_future_wait(future, TL_FOREVER);
	model_assert(ran[0] == (error != 0));
	ran[0] = 1;
	tl_future_release(future);
}

static void far_left(void)
{
	model_assert(!far || pool->timers->heap.count == 1);
}

static void one_ran_far_left(void)
{
	one_ran();
	far_left();
}

static void two_ran_far_left(void)
{
	two_ran();
	far_left();
}

/* ---- Waiting inside ------------------------------------------------------------- */

static void *wait_for_met(void *argument)
{
	tl_future_wait(&met, TL_FOREVER);
	return count_run(argument);
}

static void waits_inside(void)
{
	finish_task(submit(wait_for_met, 0));
}

static void *sleep_inside(void *argument)
{
	finish(tl_after(pool, SOON, count_run, &ran[1]));
	return count_run(argument);
}

static void sleeps_inside(void)
{
	finish_task(submit(sleep_inside, 0));
}

static void *other_sleep_inside(void *argument)
{
	finish(tl_after(pool, SOON, count_run, &ran[3]));
	return count_run(argument);
}

static void other_sleeps_inside(void)
{
	finish_task(submit(other_sleep_inside, 2));
}

static void four_ran(void)
{
	for (unsigned i = 0; i < 4; i++)
		model_assert(ran[i] == 1);
}

/* ---- The end -------------------------------------------------------------------- */

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

static void sets_beside_shutdown(void)
{
	tl_future *future = tl_after(pool, SOON, count_run, &ran[0]);
	if (!future)
		return;
	tl_future_wait(future, TL_FOREVER);
	model_assert(ran[0] == !tl_future_cancelled(future));
	tl_future_release(future);
}

/* Has been set before, and is waited for and cancelled while the pool goes. */
static void takes_back_beside_shutdown(void)
{
	tl_future_cancel(far);
	tl_future_wait(far, TL_FOREVER);
	model_assert(tl_future_cancelled(far) && !ran[3]);
	tl_future_release(far);
}

const struct model models[] = {
	MODEL("timer-1-first", "while the worker parks", one, 3, one_ran_none_left, sets),
	MODEL("timer-1-nearer", "than what the keeper sleeps for", one_far, 3,
	      one_ran_far_left, sets),
	MODEL("timer-1-two", "set by two", one_far, 2, two_ran_far_left, sets,
	      sets_other),
	MODEL("timer-2-nearer", "one of two keeps", two_far, 2, one_ran_far_left, sets),
	MODEL("timer-2-pair", "a thread each", two, 2, two_ran, sets_a_pair),
	MODEL("timer-2-held", "the keeper is taken away", two_far, 2, two_ran_far_left,
	      holds_a_worker, sets_the_end_of_it),
	MODEL("timer-grows", "a thread is started to keep it", adaptive_far, 2,
	      two_ran_far_left, holds_a_worker, sets_the_end_of_it),
	{ .name = "timer-retires",
	  .property = "beside a worker that times out",
	  .setup = shrinking,
	  .threads = { sets, },
	  .check = one_ran_none_left,
	  .daemons = true,
	  .timeouts = 1,
	  .bound = 2 },
	MODEL("timer-take-back", "beside its keeper", one_far, 3, NULL, takes_back),
	MODEL("timer-cancel", "beside its firing", one, 3, one_ran_none_left,
	      sets_and_takes_back),
	{ .name = "timer-cancel-due",
	  .property = "the same, due at any moment",
	  .setup = one,
	  .threads = { sets_and_takes_back, },
	  .check = one_ran_none_left,
	  .daemons = true,
	  .timeouts = 1,
	  .bound = 2 },
	MODEL("timer-waits", "all workers wait inside", one, 2, two_ran, waits_inside,
	      sets_the_end_of_it),
	MODEL("timer-sleeps", "a task sleeps", one, 2, two_ran, sleeps_inside),
	MODEL("timer-sleeps-two", "so does the spare", one, 1, four_ran, sleeps_inside,
	      other_sleeps_inside),
	MODEL("timer-close", "a shutdown beside setting it", one, 2, nothing_left,
	      sets_beside_shutdown, shuts_down),
	{ .name = "timer-close-due",
	  .property = "due while it is closed",
	  .setup = one,
	  .threads = {
		  sets_beside_shutdown,
		  shuts_down,
	  },
	  .check = nothing_left,
	  .daemons = true,
	  .timeouts = 1,
	  .bound = 2 },
	MODEL("timer-close-back", "a destroy beside taking it back", one_far, 2, NULL,
	      takes_back_beside_shutdown, destroys),
	{ 0 },
};
