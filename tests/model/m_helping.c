/* SPDX-License-Identifier: MIT */
/*
 * TL_WAITERS_HELP (meanwhile.c): a worker that waits inside a task beside submits, beside
 * the end of what it waits for, and beside a shutdown.
 *
 * Asserted: nobody sleeps for ever while there is a task that could end his wait, or once
 * the wait is over; a claim that comes as the wait ends is passed on; a pool doesn't end
 * under a task that waits; nobody is counted as coming or dozing at rest.
 */
#include "helping.h"

static void growing(void)
{
	helping_pool(2, true);
}

/* Its wait may end while it is claimed for another task, and then it blocks for that. */
static tl_future other_met;

static void *meet_then_block(void *argument)
{
	tl_future_wait(&met, TL_FOREVER);
	at_work();
	tl_blocking_begin();
	tl_future_wait(&other_met, TL_FOREVER);
	tl_blocking_end();
	return count_run(argument);
}

static void *meet_other(void *argument)
{
	tl_future_set(&other_met, NULL);
	return count_run(argument);
}

static void submits_meet(void)
{
	finish_task(submit(meet, 0));
}

static void submits_meeting(void)
{
	tl_task *a = submit(meet, 0), *b = submit(meet_second, 1);
	finish_task(a);
	finish_task(b);
}

static void submits_blocking(void)
{
	finish_task(submit(meet_then_block, 0));
}

static void submits_other(void)
{
	finish_task(submit(meet_other, 1));
}

static void submits_third(void)
{
	finish_task(submit(count_run, 2));
}

static void waits_too(void)
{
	tl_future_wait(&met, TL_FOREVER);
}

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

/* ---- Begun later --------------------------------------------------------------------- */

static tl_task *first;

static void one_queued(void)
{
	one();
	first = submit(meet, 0);
}

static void waits_for_first(void)
{
	finish_task(first);
}

/* Two that wait; then one that blocks until one more has run, in whichever order. */
static tl_task *second;

static void two_waiting(void)
{
	two();
	first = submit(meet, 0);
	second = submit(meet, 1);
}

static void *block(void *argument)
{
	tl_blocking_begin();
	tl_future_wait(&other_met, TL_FOREVER);
	tl_blocking_end();
	return count_run(argument);
}

static void *meet_both(void *argument)
{
	tl_future_set(&other_met, NULL);
	return meet_second(argument);
}

static void submits_block(void)
{
	finish_task(submit(block, 2));
}

static void submits_last(void)
{
	finish_task(submit(meet_both, 3));
	finish_task(first);
	finish_task(second);
}

static void four_rest(void)
{
	two_ran();
	model_assert(ran[2] == 1 && ran[3] == 1);
	at_rest();
}

static void two_queued(void)
{
	two();
	comes_from_a_task(0);
	comes_from_a_task(1);
	first = submit(meet_then_block, 0);
}

const struct model models[] = {
	MODEL("helping-end", "a wait against its end", one, 3, one_rests, submits_meet,
	      sets),
	MODEL("helping-queued", "the same, begun later", one_queued, 3, one_rests,
	      waits_for_first, sets),
	MODEL("helping-two-wait", "beside a waiter outside", one_queued, 2, one_rests,
	      waits_for_first, waits_too, sets),
	MODEL("helping-pair", "a wait against a submit", one, 3, two_rest, submits_meet,
	      submits_second),
	MODEL("helping-pair-two", "in a pool of two", two, 2, two_rest, submits_meet,
	      submits_second),
	MODEL("helping-pair-grows", "in one that grows", growing, 2, two_rest,
	      submits_meet, submits_second),
	MODEL("helping-third", "and a third task", one, 2, three_rest, submits_meeting,
	      submits_third),
	MODEL("helping-passes-on", "a claim as the wait ends", two, 2, two_rest,
	      submits_blocking, submits_other, sets),
	MODEL("helping-passes-on-late", "the same, begun later", two_queued, 2, two_rest,
	      waits_for_first, submits_other, sets),
	MODEL("helping-leaves-to", "two that wait, two tasks", two_waiting, 1, four_rest,
	      submits_block, submits_last),
	MODEL("helping-destroy", "beside the end of the pool", one_queued, 3, one_ran,
	      waits_for_first, destroys, sets),
	{ 0 },
};
