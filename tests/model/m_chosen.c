/* SPDX-License-Identifier: MIT */
/*
 * Tasks for a chosen worker beside that worker's parking, other submits, cancellers and
 * shutdown.
 *
 * Asserted: each task runs once, in its worker, or is cancelled; those for one worker run
 * in their order; nobody waits for ever; the pool isn't touched once it is freed.
 */
#include "chosen.h"

static tl_task *victim;
static unsigned order;

static void at_rest(void)
{
	one_ran();
	model_assert(pool->coming == 0 && pool->role == 0 && !pool_has_chosen(pool));
}

static void submits_there(void)
{
	finish_task(submit_there(count_there, 0));
}

static void submits_both(void)
{
	tl_task *b = submit(count_run, 1), *a = submit_there(count_there, 0);
	finish_task(a);
	finish_task(b);
}

static void *first_of_two(void *argument)
{
	model_assert(order++ == 0);
	return count_run(argument);
}

static void *second_of_two(void *argument)
{
	model_assert(order++ == 1);
	return count_run(argument);
}

static void submits_in_order(void)
{
	tl_task *a = submit_there(first_of_two, 0), *b = submit_there(second_of_two, 1);
	finish_task(a);
	finish_task(b);
}

/* It needs one that is for any worker; that it keeps, who was idle last, is so no more. */
static void meets_any(void)
{
	tl_task *a = submit_there(meet_first, 1), *b = submit(meet_second, 0);
	finish_task(b);
	finish_task(a);
}

static void meets_there(void)
{
	tl_task *a = submit_there(meet_first, 0), *b = submit_there(meet_second, 1);
	finish_task(b);
	finish_task(a);
}

/* To its own worker and to the other one, which sleeps. */
static void *submit_from_inside(void *argument)
{
	finish_task(submit_there(count_there, 1));
	return count_run(argument);
}

static void submits_inside(void)
{
	finish_task(submit_there(submit_from_inside, 0));
}

/* ---- Cancellers, shutdown ------------------------------------------------------- */

static void with_victim(void)
{
	one();
	victim = submit_there(count_there, 0);
}

static void withdraws(void)
{
	int result = tl_task_withdraw(victim);
	model_assert(result == 0 ? ran[0] == 0 : ran[0] == 1);
	model_free(victim);
}

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

static void try_submit(void)
{
	tl_task *task = new_task(count_there, &ran[0]);
	int error = tl_submit_to(pool, 0, task);
	model_assert(error == 0 || error == -ESHUTDOWN);
	if (!error)
		tl_future_wait(&task->future, TL_FOREVER);
	model_assert(ran[0] == (!error && !tl_future_cancelled(&task->future)));
	model_free(task);
}

static void shuts(enum tl_shutdown_mode how)
{
	model_assert(tl_executor_shutdown(pool, how, TL_FOREVER) == 0);
	model_assert(load_relaxed(&pool->live) == 0);
	model_assert(!pool_has_chosen(pool));
}

static void drains(void)
{
	shuts(TL_DRAIN);
}

static void cancels(void)
{
	shuts(TL_CANCEL);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

const struct model models[] = {
	MODEL("chosen-1", "against one that parks", one, 4, at_rest, submits_there),
	MODEL("chosen-two", "one of two that park", two, 3, at_rest, submits_there),
	MODEL("chosen-both", "beside another one", one, 3, two_ran, submits_both),
	MODEL("chosen-beside", "beside another one, two workers", two, 2, two_ran,
	      submits_there, other_submitter),
	MODEL("chosen-order", "two for one worker", one, 3, two_ran, submits_in_order),
	MODEL("chosen-meets", "one waits for it in a worker", two, 2, two_ran,
	      meets_there),
	MODEL("chosen-any", "it waits for one that is for any worker", two, 2, two_ran,
	      meets_any),
	MODEL("chosen-inside", "from inside, waited for there", one, 3, two_ran,
	      submits_inside),
	MODEL("chosen-across", "from inside, for the other one", two, 2, two_ran,
	      submits_inside),
	MODEL("chosen-destroy", "a canceller and a destroyer", with_victim, 3, NULL,
	      withdraws, destroys),
	MODEL("chosen-drain", "a shutdown beside it", one, 3, NULL, try_submit, drains),
	MODEL("chosen-cancel", "one that cancels", one, 3, NULL, try_submit, cancels),
	{ 0 },
};
