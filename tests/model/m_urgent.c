/* SPDX-License-Identifier: MIT */
/*
 * The urgent lane beside workers that park, other submits, cancellers and shutdown.
 *
 * Asserted: each task runs once or is cancelled; nobody waits for ever; the pool isn't
 * touched once it is freed.
 */
#include "tasks.h"

static tl_task *victim;

static void pool_of(unsigned workers)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static void one(void)
{
	pool_of(1);
}

static void two(void)
{
	pool_of(2);
}

static tl_task *submit_urgent(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_submit_urgently(pool, task) == 0);
	return task;
}

static void submits_urgent(void)
{
	finish_task(submit_urgent(count_run, 0));
}

static void submits_both(void)
{
	tl_task *b = submit(count_run, 1), *a = submit_urgent(count_run, 0);
	finish_task(a);
	finish_task(b);
}

static void submits_an_urgent_pair(void)
{
	tl_task *a = submit_urgent(meet_first, 0), *b = submit_urgent(meet_second, 1);
	finish_task(a);
	finish_task(b);
}

static void *wait_for_urgent(void *argument)
{
	finish_task(submit_urgent(count_run, 1));
	return count_run(argument);
}

static void waits_inside(void)
{
	finish_task(submit(wait_for_urgent, 0));
}

static void with_victim(void)
{
	one();
	victim = submit_urgent(count_run, 0);
}

static void withdraws(void)
{
	int told = tl_task_withdraw(victim);
	model_assert(told == 0 ? ran[0] == 0 : ran[0] == 1);
	model_free(victim);
}

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

static void try_submit(void)
{
	tl_task *task = new_task(count_run, &ran[0]);
	int error = tl_submit_urgently(pool, task);
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
	MODEL("urgent-1", "against one that parks", one, 4, one_ran, submits_urgent),
	MODEL("urgent-both", "beside another one", one, 3, two_ran, submits_both),
	MODEL("urgent-two", "two submitters", two, 2, two_ran, submits_urgent,
	      other_submitter),
	MODEL("urgent-pair", "each has a thread", two, 2, two_ran,
	      submits_an_urgent_pair),
	MODEL("urgent-inside", "a task waits for it", one, 3, two_ran, waits_inside),
	MODEL("urgent-destroy", "a canceller and a destroyer", with_victim, 3, NULL,
	      withdraws, destroys),
	MODEL("urgent-drain", "a shutdown beside it", one, 3, NULL, try_submit, drains),
	MODEL("urgent-cancel", "one that cancels", one, 3, NULL, try_submit, cancels),
	{ 0 },
};
