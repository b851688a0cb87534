/* SPDX-License-Identifier: MIT */
/*
 * What is timed: tasks that are run again and again (tl_every), and tasks that have to begin
 * in time (tl_submit_within).
 *
 * Asserted: runs follow each other until one fails or they are cancelled, beside whoever
 * keeps the time; a task with a limit runs or is cancelled; no timer is left.
 */
#include "timing.h"

/* ---- tl_every ----------------------------------------------------------------- */

static void *fail_second(void *argument)
{
	return ++*(unsigned *)argument < 2 ? NULL : tl_fail(-EPIPE);
}

static void beats_twice(void)
{
	tl_future *every = tl_every(pool, SOON, fail_second, &ran[0]);
	model_assert(tl_future_result(every, NULL, TL_FOREVER) == -EPIPE);
	tl_future_release(every);
	model_assert(ran[0] == 2);
	ran[0] = 1;
}

/* Whoever is idle while a run has the only timer keeps the time for ever. */
static void two_with_timers(void)
{
	two();
	model_assert(timers_of(pool));
}

static void *tell_then_fail_second(void *argument)
{
	tl_future_set(&met, NULL);
	return fail_second(argument);
}

static void tells_and_beats_twice(void)
{
	tl_future *every = tl_every(pool, SOON, tell_then_fail_second, &ran[0]);
	model_assert(tl_future_result(every, NULL, TL_FOREVER) == -EPIPE);
	tl_future_release(every);
	ran[0] = 1;
}

static void submits_beside_a_beat(void)
{
	tl_future_wait(&met, TL_FOREVER);
	finish_task(submit(count_run, 1));
}

static void *beat_and_tell(void *argument)
{
	tl_future_set(&met, NULL);
	return argument;
}

/* Its second time doesn't come: nothing but the cancelling takes it out. */
static void stops_after_a_beat(void)
{
	tl_future *every = timed_start(pool, SOON, FAR, every_run, beat_and_tell, NULL);
	tl_future_wait(&met, TL_FOREVER);
	tl_future_cancel(every);
	model_assert(tl_future_result(every, NULL, TL_FOREVER) == -ECANCELED);
	tl_future_release(every);
	ran[0] = 1;
}

/* ---- tl_submit_within --------------------------------------------------------- */

static void submits_within(void)
{
	tl_future *future = tl_submit_within(pool, SOON, count_run, &ran[0]);
	model_assert(future);
	tl_future_wait(future, TL_FOREVER);
	model_assert(ran[0] == !tl_future_cancelled(future));
	ran[0] = 1;
	tl_future_release(future);
}

static void submits_within_far(void)
{
	finish(tl_submit_within(pool, FAR, count_run, &ran[0]));
}

/* In a queue whose turn another task has until this one is over: nobody but the timer can
 * end it. */
static tl_executor *queue;

static void two_and_a_queue(void)
{
	two();
	queue = tl_serial_create(pool, 1);
	model_assert(queue);
}

static void holds_the_queue(void)
{
	tl_task *task = new_task(computes_until_over, &ran[1]);
	model_assert(tl_submit_task(queue, task) == 0);
	finish_task(task);
}

static void submits_within_behind(void)
{
	tl_future *future = tl_submit_within(queue, SOON, count_run, &ran[0]);
	model_assert(future);
	tl_future_wait(future, TL_FOREVER);
	model_assert(ran[0] == !tl_future_cancelled(future));
	tl_future_release(future);
	store_release(&over, 1u);
	futex_wake(&over, 1);
}

static void other_ran(void)
{
	model_assert(ran[1] == 1);
}

static void every_released(void)
{
	one();
	tl_future_release(tl_every(pool, SOON, beat_and_tell, NULL));
}

static void shuts_down_after_a_beat(void)
{
	tl_future_wait(&met, TL_FOREVER);
	shuts_down();
}

const struct model models[] = {
	MODEL("timer-every", "twice, then fails", one, 3, one_ran_none_left, beats_twice),
	MODEL("timer-every-2", "with two workers", two, 1, one_ran_none_left,
	      beats_twice),
	MODEL("timer-every-beside", "another worker keeps the time", two_with_timers, 1,
	      two_ran, tells_and_beats_twice, submits_beside_a_beat),
	MODEL("timer-every-stop", "cancelled at any moment", one, 2, one_ran_none_left,
	      stops_after_a_beat),
	MODEL("timer-within", "runs or is cancelled", one, 2, NULL, submits_within),
	{ .name = "timer-within-due",
	  .property = "the time is over at any moment",
	  .setup = one,
	  .threads = { submits_within, },
	  .daemons = true,
	  .timeouts = 1,
	  .bound = 2 },
	MODEL("timer-within-far", "runs", two, 2, NULL, submits_within_far),
	MODEL("timer-within-behind", "a task that has the turn", two_and_a_queue, 1,
	      other_ran, holds_the_queue, submits_within_behind),
	MODEL("timer-close-every", "a shutdown beside a run", every_released, 2,
	      nothing_left, shuts_down_after_a_beat),
	{ 0 },
};
