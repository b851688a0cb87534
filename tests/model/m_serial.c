/* SPDX-License-Identifier: MIT */
/*
 * Serial queues (serial.c) on a pool's real threads: runners that come and go and are
 * queued again, beside submits, waits inside of tasks, cancellers, and whoever shuts the
 * queue or the pool down and frees it.
 *
 * Asserted: each task runs once or is cancelled; as many at a time as the queue is wide,
 * with one runner in order; nobody waits for ever, on a pool of one neither; neither queue
 * nor pool is touched once it is freed.
 */
#define SERIAL_TURN 1
#include "tasks.h"

static tl_executor *serial;
static uint32_t inside, most;
static unsigned next;
static tl_task *victim;

static void on_pool(unsigned workers, unsigned width)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
	serial = tl_serial_create(pool, width);
	model_assert(serial);
	most = width;
}

static void one(void)
{
	on_pool(1, 1);
}

static void two(void)
{
	on_pool(2, 1);
}

static void wide(void)
{
	on_pool(1, 2);
}

static void two_wide(void)
{
	on_pool(2, 2);
}

static void *enter(void *argument)
{
	model_assert(fetch_add_seq_cst(&inside, 1u) < most);
	fetch_sub_seq_cst(&inside, 1u);
	return count_run(argument);
}

static tl_task *submit_to_queue(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_submit_task(serial, task) == 0);
	return task;
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

/* In the queue: waits for one behind. */
static void *wait_behind(void *argument)
{
	tl_task *task = submit_to_queue(count_run, 1);
	int told = tl_future_wait(&task->future, TL_FOREVER);
	model_assert(told == (most == 1 ? -EDEADLK : 0));
	return count_run(argument);
}

static void waits_behind(void)
{
	finish_task(submit_to_queue(wait_behind, 0));
}

/* ---- Ending ------------------------------------------------------------------------ */

static void submits_and_destroys(void)
{
	tl_task *a = submit_to_queue(enter, 0), *b = submit_to_queue(enter, 1);
	model_assert(tl_executor_destroy(serial) == 0);
	model_free(a);
	model_free(b);
	model_assert(tl_executor_destroy(pool) == 0);
}

static void one_with_victim(void)
{
	one();
	victim = submit_to_queue(count_run, 0);
}

static void withdraws(void)
{
	int told = tl_task_withdraw(victim);
	model_assert(told == 0 ? ran[0] == 0 : ran[0] == 1);
	model_free(victim);
}

static void destroys_queue(void)
{
	model_assert(tl_executor_destroy(serial) == 0);
}

static void cancels_queue(void)
{
	model_assert(tl_executor_shutdown(serial, TL_CANCEL, TL_FOREVER) == 0);
	model_assert(tl_future_done(&victim->future));
	model_assert(tl_executor_destroy(serial) == 0);
}

/* A waiter in the pool looks at the queue while it is being destroyed. */
static void *wait_for_victim(void *argument)
{
	tl_future_wait(&victim->future, TL_FOREVER);
	return argument;
}

static void waits_for_victim(void)
{
	tl_task *task = new_task(wait_for_victim, NULL);
	model_assert(tl_submit_task(pool, task) == 0);
	finish_task(task);
}

static void two_with_victim(void)
{
	two();
	victim = submit_to_queue(count_run, 0);
}

static void try_submit(void)
{
	tl_task *task = new_task(enter, &ran[0]);
	int error = tl_submit_task(serial, task);
	model_assert(error == 0 || error == -ESHUTDOWN);
	if (!error)
		tl_future_wait(&task->future, TL_FOREVER);
	model_assert(ran[0] == (!error && !tl_future_cancelled(&task->future)));
	model_free(task);
}

static void drains_pool(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
}

static void cancels_pool(void)
{
	model_assert(tl_executor_shutdown(pool, TL_CANCEL, TL_FOREVER) == 0);
}

static bool over;

static void *look(void *argument)
{
	model_assert(!over);
	return argument;
}

static void submits_looks(void)
{
	for (unsigned i = 0; i < 2; i++) {
		tl_task *task = new_task(look, NULL);
		int error = tl_submit_task(serial, task);
		model_assert(error == 0 || error == -ESHUTDOWN);
	}
}

static void drains_queue(void)
{
	model_assert(tl_executor_shutdown(serial, TL_DRAIN, TL_FOREVER) == 0);
	over = true;
}

static void queue_at_rest(void)
{
	model_assert(serial_of(serial)->active == 0);
}

static void at_rest(void)
{
	model_assert(serial_of(serial)->active == 0);
	model_assert(tl_executor_destroy(serial) == 0);
	model_assert(tl_executor_destroy(pool) == 0);
}

/* From a task of the pool, whose only worker it has. */
static void *destroy_inside(void *argument)
{
	tl_task *task = submit_to_queue(enter, 0);
	destroys_queue();
	model_free(task);
	return count_run(argument);
}

static void destroys_inside(void)
{
	finish_task(submit(destroy_inside, 1));
}

#define MODEL(title, text, where, most_, end, ...)                                       \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most_,                \
		.daemons = true                                                          \
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
	MODEL("serial-destroy", "then its pool", one, 3, two_ran, submits_and_destroys),
	MODEL("serial-destroy-inside", "from a task of the pool", one, 3, two_ran,
	      destroys_inside),
	MODEL("serial-destroy-wide", "two runners", two_wide, 1, two_ran,
	      submits_and_destroys),
	MODEL("serial-cancel", "a canceller and a destroyer", one_with_victim, 3, NULL,
	      withdraws, destroys_queue),
	MODEL("serial-shutdown", "all is cancelled", one_with_victim, 3, NULL,
	      cancels_queue),
	MODEL("serial-wait-destroy", "a waiter inside and a destroyer", two_with_victim,
	      2, one_ran, waits_for_victim, destroys_queue),
	MODEL("serial-drain", "beside submits", one, 2, queue_at_rest, submits_looks,
	      drains_queue),
	MODEL("serial-pool-drain", "the pool drains beside a submit", one, 3, at_rest,
	      try_submit, drains_pool),
	MODEL("serial-pool-cancel", "or cancels", one, 3, at_rest, try_submit,
	      cancels_pool),
	{ 0 },
};
