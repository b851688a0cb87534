/* SPDX-License-Identifier: MIT */
/*
 * A waiter outside of the pool runs the task that it waits for (help.c), beside the
 * pool's worker, a canceller, another waiter, and whoever shuts the pool down and frees
 * it.
 *
 * Asserted: it runs once or is cancelled; the pool isn't touched once it is freed, nor the
 * task once a waiter knows that it has ended; shutdown waits for a task that is helped.
 */
#include "tasks.h"

static tl_task *task;

static void pool_of_one(void)
{
	tl_options options = { .spin = TL_NONE, .flags = TL_WAITERS_RUN };
	pool = tl_fixed_pool_create(1, &options);
	model_assert(pool);
}

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

static void submits_and_destroys(void)
{
	submitter();
	destroys();
}

static void with_task(void)
{
	pool_of_one();
	task = submit(count_run, 0);
}

/* Whether it ran here or in the worker: it has run when this returns. */
static void waits(void)
{
	model_assert(tl_future_wait(&task->future, TL_FOREVER) == 0);
}

static void waits_and_frees(void)
{
	waits();
	model_assert(ran[0] == 1);
	model_free(task);
}

static void cancels(void)
{
	if (tl_future_cancel(&task->future) == 0)
		ran[1] = 1;
}

static void ran_or_cancelled(void)
{
	model_assert(ran[0] + ran[1] == 1);
}

/* The pool refuses the task that somebody waits for already. */
static void with_fresh(void)
{
	pool_of_one();
	task = new_task(count_run, &ran[0]);
}

static void is_refused(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
	model_assert(tl_submit_task(pool, task) == -ESHUTDOWN);
	destroys();
	model_assert(tl_task_run(task) == 0);
}

/* Each push is counted once, whoever takes the task and however soon. */
static void submits_twice(void)
{
	submitter();
	submitter();
}

static void counted(void)
{
	model_assert(ran[0] == 2 && ran[1] == 1 && inbox_pushed(&pool->inbox) == 3);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most, .daemons = true \
	}

const struct model models[] = {
	MODEL("help-worker", "a waiter against the worker", pool_of_one, 3, one_ran,
	      submits_and_destroys),
	MODEL("help-destroy", "beside the destruction of the pool", with_task, 3, one_ran,
	      waits_and_frees, destroys),
	MODEL("help-two", "two waiters", with_task, 2, one_ran, waits, waits),
	MODEL("help-counted", "beside another push", pool_of_one, 2, counted,
	      submits_twice, other_submitter),
	MODEL("help-cancel", "beside a canceller", with_task, 2, ran_or_cancelled, waits,
	      cancels),
	MODEL("help-cancel-destroy", "and a destroyer", with_task, 2, ran_or_cancelled,
	      waits, cancels, destroys),
	MODEL("help-refused", "beside a submit that is refused", with_fresh, 3, one_ran,
	      waits, is_refused),
	{ 0 },
};
