/* SPDX-License-Identifier: MIT */
/*
 * max_pending (pending.c): submits that wait for room, beside all that makes room: the
 * worker, a canceller, a helper; and beside a shutdown.
 *
 * Asserted: nobody waits for ever; at rest as many places are taken as tasks are queued;
 * the pool isn't touched once it is freed; a shutdown waits for a task that its submitter
 * runs.
 */
#include "still.h"

#include "tasks.h"

static tl_task *victim;

static void limited_pool(unsigned when_full, uint64_t flags)
{
	tl_options options = {
		.spin = TL_NONE,
		.flags = flags,
		.max_pending = 1,
		.when_full = when_full,
	};
	pool = tl_fixed_pool_create(1, &options);
	model_assert(pool);
}

static void waiting(void)
{
	limited_pool(TL_FULL_WAIT, 0);
}

static void waiting_helped(void)
{
	limited_pool(TL_FULL_WAIT, TL_WAITERS_RUN);
}

static void refusing_with_victim(void)
{
	limited_pool(TL_FULL_FAIL, 0);
	victim = submit(count_run, 0);
}

static void running(void)
{
	limited_pool(TL_FULL_RUN, 0);
}

/* One task is queued, and no worker takes it. */
static void full(void)
{
	pool = still_pool(1);
	pool->live = 1;
	pool->max_pending = 1;
	pool->when_full = TL_FULL_WAIT;
	pool->full_timeout = TL_FOREVER;
	victim = submit(count_run, 0);
}

static void full_with_limit(void)
{
	full();
	pool->full_timeout = 1000;
}

static void cancels(void)
{
	model_assert(tl_future_cancel(&victim->future) == 0);
}

/* Waits for room, then makes room. */
static void comes_and_goes(void)
{
	tl_task *task = new_task(count_run, &ran[0]);
	int error = tl_submit_task(pool, task);
	if (!error)
		model_assert(tl_task_withdraw(task) == 0);
	else
		model_assert(error == -EAGAIN && pool->full_timeout != TL_FOREVER);
	model_free(task);
}

static void stays(void)
{
	submit(count_run, 0);
}

static void is_shut_out(void)
{
	tl_task *task = new_task(count_run, &ran[0]);
	model_assert(tl_submit_task(pool, task) == -ESHUTDOWN);
	model_free(task);
}

static void closes(void)
{
	executor_close(pool, TL_DRAIN);
}

static void destroys(void)
{
	model_assert(tl_executor_destroy(pool) == 0);
}

static void withdraws(void)
{
	int told = tl_task_withdraw(victim);
	model_assert(told == 0 ? ran[0] == 0 : ran[0] == 1);
	model_free(victim);
}

static void submits_or_not(void)
{
	tl_task *task = new_task(count_run, &ran[1]);
	int error = tl_submit_task(pool, task);
	model_assert(error == 0 || error == -ESHUTDOWN);
	if (!error)
		tl_future_wait(&task->future, TL_FOREVER);
	model_assert(ran[1] == !error);
	model_free(task);
}

static bool over;

static void *look(void *argument)
{
	model_assert(!over);
	return argument;
}

static void submits_a_look(void)
{
	tl_task *task = new_task(look, NULL);
	int error = tl_submit_task(pool, task);
	model_assert(error == 0 || error == -ESHUTDOWN);
}

static void submits_two_looks(void)
{
	submits_a_look();
	submits_a_look();
}

static void shuts(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
	over = true;
}

/* ---- At rest ---------------------------------------------------------------------- */

static void taken(uint32_t places)
{
	model_assert((pool->pending & ~SHUT) == places);
	model_assert(pool->room_waiters == 0);
}

static void none_taken(void)
{
	taken(0);
}

static void two_ran_and_none_taken(void)
{
	two_ran();
	taken(0);
}

static void one_taken(void)
{
	taken(1);
}

#define MODEL(title, text, where, most, outs, end, ...)                                  \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most,                 \
		.timeouts = outs, .daemons = true                                        \
	}

const struct model models[] = {
	MODEL("pending-worker", "the worker makes room", waiting, 2, 0,
	      two_ran_and_none_taken, submitter, other_submitter),
	MODEL("pending-helper", "so does a helper", waiting_helped, 2, 0,
	      two_ran_and_none_taken, submitter, other_submitter),
	MODEL("pending-canceller", "so does a canceller", full, 4, 0, one_taken, stays,
	      cancels),
	MODEL("pending-waiters", "two wait", full, 3, 0, none_taken, comes_and_goes,
	      comes_and_goes, cancels),
	MODEL("pending-late", "one of them not for ever", full_with_limit, 3, 1,
	      none_taken, comes_and_goes, comes_and_goes, cancels),
	MODEL("pending-shut", "two are shut out", full, 4, 0, one_taken, is_shut_out,
	      is_shut_out, closes),
	MODEL("pending-destroy", "a canceller and a destroyer", refusing_with_victim, 3,
	      0, NULL, withdraws, destroys),
	MODEL("pending-shutdown", "beside a submit", waiting, 2, 0, none_taken,
	      submits_or_not, submits_a_look, shuts),
	MODEL("pending-run", "the submitter runs it", running, 3, 0, none_taken,
	      submits_two_looks, shuts),
	{ 0 },
};
