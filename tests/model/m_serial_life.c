/* SPDX-License-Identifier: MIT */
/*
 * The end of serial queues (serial_life.c) on a pool's real threads: cancellers, and whoever
 * shuts the queue or the pool down and frees it, beside submits and waits.
 *
 * Asserted: each task runs once or is cancelled; nobody waits for ever; neither queue nor
 * pool is touched once it is freed.
 */
#include "serial_pool.h"

static tl_task *victim;

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

const struct model models[] = {
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
