/* SPDX-License-Identifier: MIT */
/*
 * Serial queues (serial.c) on a pool's real threads: runners that come and go and are
 * queued again, beside submits and waits inside of tasks.
 *
 * Asserted: each task runs once; as many at a time as the queue is wide, with one runner in
 * order; nobody waits for ever, on a pool of one neither.
 */
#include "serial_pool.h"

static unsigned next;

static void wide(void)
{
	on_pool(1, 2);
}

static void *in_turn(void *argument)
{
	model_assert(next++ == (unsigned)((unsigned *)argument - ran));
	return enter(argument);
}

static void queues_first(void)
{
	finish_task(submit_to_queue(enter, 0));
}

static void queues_second(void)
{
	finish_task(submit_to_queue(enter, 1));
}

static void queues_in_order(void)
{
	tl_task *task[3];
	for (unsigned i = 0; i < 3; i++)
		task[i] = submit_to_queue(in_turn, i);
	for (unsigned i = 0; i < 3; i++)
		finish_task(task[i]);
}

static void three_ran(void)
{
	two_ran();
	model_assert(ran[2] == 1);
}

/* ---- Waiting inside --------------------------------------------------------------- */

/* In the pool: waits for the second of two in the queue. */
static void *wait_for_second(void *argument)
{
	tl_task *a = submit_to_queue(enter, 1), *b = submit_to_queue(enter, 2);
	finish_task(b);
	finish_task(a);
	return count_run(argument);
}

static void waits_inside(void)
{
	finish_task(submit(wait_for_second, 0));
}

/* One worker waits for the queue, the other one, after its turn, for that worker's task. */
static tl_task *first, *waiter;

static void *wait_for_first(void *argument)
{
	tl_future_wait(&first->future, TL_FOREVER);
	return count_run(argument);
}

static void *submit_waiter(void *argument)
{
	waiter = submit(wait_for_first, 3);
	return enter(argument);
}

static void *wait_for_second_of_two(void *argument)
{
	tl_task *a = submit_to_queue(submit_waiter, 1), *b = submit_to_queue(enter, 2);
	finish_task(b);
	finish_task(a);
	return count_run(argument);
}

static void waits_for_each(void)
{
	first = new_task(wait_for_second_of_two, &ran[0]);
	model_assert(tl_submit_task(pool, first) == 0);
	tl_future_wait(&first->future, TL_FOREVER);
	finish_task(waiter);
}

static void four_ran(void)
{
	three_ran();
	model_assert(ran[3] == 1);
}

/* In the queue: waits for one behind; it is told at once, also if it had a limit. */
static void *wait_behind(void *argument)
{
	tl_task *task = submit_to_queue(count_run, 1);
	int told = tl_future_wait(&task->future, most == 1 ? 1000 : TL_FOREVER);
	model_assert(told == (most == 1 ? -EDEADLK : 0));
	return count_run(argument);
}

static void waits_behind(void)
{
	finish_task(submit_to_queue(wait_behind, 0));
}

const struct model models[] = {
	MODEL("serial-order", "one at a time, in order", two, 2, three_ran,
	      queues_in_order),
	MODEL("serial-two", "two submitters", two, 2, two_ran, queues_first,
	      queues_second),
	MODEL("serial-wide", "two at a time", two_wide, 2, two_ran, queues_first,
	      queues_second),
	MODEL("serial-inside", "a task of a pool of one waits", one, 2, three_ran,
	      waits_inside),
	MODEL("serial-inside-wide", "for a wider queue", wide, 2, three_ran,
	      waits_inside),
	MODEL("serial-inside-two", "and the other worker waits for it", two, 1, four_ran,
	      waits_for_each),
	MODEL("serial-behind", "waits for one behind", one, 3, two_ran, waits_behind),
	MODEL("serial-behind-wide", "in a wider queue", wide, 2, two_ran, waits_behind),
	{ 0 },
};
