/* SPDX-License-Identifier: MIT */
/*
 * tl_wait for one of many. Its nodes are not on its stack here but in memory that it gives
 * back at once, so that a node that is used too late is found.
 *
 * Asserted: the answer is right and comes; afterwards nobody touches a node.
 */
#define WAIT_ON_STACK 1
#include "tasks.h"

static tl_future pair[2];
static int answer;

static int wait_for(enum tl_wait_mode mode, int64_t timeout)
{
	tl_future *futures[2] = { &pair[0], &pair[1] };
	return tl_wait(futures, 2, mode, timeout);
}

static void waits_for_any(void)
{
	answer = wait_for(TL_ANY, TL_FOREVER);
	model_assert(answer == 0 || answer == 1);
	model_assert(tl_future_done(&pair[answer]));
}

static void waits_for_any_a_while(void)
{
	answer = wait_for(TL_ANY, 1000);
	if (answer != -ETIMEDOUT)
		model_assert(answer >= 0 && tl_future_done(&pair[answer]));
}

static void waits_for_error(void)
{
	answer = wait_for(TL_FIRST_ERROR, TL_FOREVER);
}

static void completes_first(void)
{
	tl_future_set(&pair[0], NULL);
}

static void completes_second(void)
{
	tl_future_set(&pair[1], NULL);
}

static void cancels_second(void)
{
	tl_future_cancel(&pair[1]);
}

static void fails_both(void)
{
	tl_future_fail(&pair[0], -EIO);
	tl_future_fail(&pair[1], -EIO);
}

static void none_failed(void)
{
	model_assert(answer == 2);
}

static void first_failed(void)
{
	model_assert(answer == 0);
}

static void second_failed(void)
{
	model_assert(answer == 1);
}

/* ---- Inside a task ----------------------------------------------------------------- */

static tl_task *tasks[2];

static void *wait_for_tasks(void *argument)
{
	tl_future *futures[2] = { &tasks[0]->future, &tasks[1]->future };
	model_assert(tl_wait(futures, 2, TL_FIRST_ERROR, TL_FOREVER) == 2);
	return count_run(argument);
}

static void pool_of(unsigned workers)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

/* The one who waits comes first out of the queue, then those it waits for. */
static void two_with_tasks(void)
{
	pool_of(2);
	comes_from_a_task(0);
	comes_from_a_task(1);
	submit(wait_for_tasks, 2);
	tasks[0] = submit(count_run, 0);
	tasks[1] = submit(count_run, 1);
}

static void finishes_tasks(void)
{
	tl_future_wait(&tasks[0]->future, TL_FOREVER);
	tl_future_wait(&tasks[1]->future, TL_FOREVER);
}

/* One whose submit has begun, in a pool of one: nobody else will run it. */
static void *wait_if_queued(void *argument)
{
	tl_future *future = &tasks[0]->future;
	if (state_of(load_acquire(&future->word_)) != NEW)
		model_assert(tl_wait(&future, 1, TL_ANY, TL_FOREVER) == 0);
	return count_run(argument);
}

static void one_with_waiter(void)
{
	pool_of(1);
	comes_from_a_task(0);
	submit(wait_if_queued, 1);
	tasks[0] = new_task(count_run, &ran[0]);
}

/* Refused, and submitted to another pool, into a list there, while a worker of the first
 * one looks for it. */
static tl_executor *other;

static void two_pools(void)
{
	one_with_waiter();
	other = pool;
	pool_of(1);
	tl_executor *first = other;
	other = pool;
	pool = first;
}

static void submits_elsewhere(void)
{
	executor_close(pool, TL_DRAIN);
	model_assert(tl_submit_task(pool, tasks[0]) == -ESHUTDOWN);
	model_assert(tl_submit_urgently(other, tasks[0]) == 0);
	tl_future_wait(&tasks[0]->future, TL_FOREVER);
}

static void ran_elsewhere(void)
{
	model_assert(ran[0] == 1);
	model_assert(overflow_count(&pool->inbox.urgent) == 0 &&
	             overflow_count(&pool->inbox.list) == 0);
	model_assert(overflow_count(&other->inbox.urgent) == 0);
}

static void submits_task(void)
{
	model_assert(tl_submit_task(pool, tasks[0]) == 0);
	tl_future_wait(&tasks[0]->future, TL_FOREVER);
}

static void all_ran(void)
{
	model_assert(ran[0] == 1 && ran[1] == 1 && ran[2] == 1);
}

#define MODEL(title, text, where, most, outs, end, ...)                                  \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true,               \
		.bound = most, .timeouts = outs                                          \
	}

const struct model models[] = {
	MODEL("wait-any", "one of two", NULL, 3, 0, NULL, waits_for_any, completes_first,
	      completes_second),
	MODEL("wait-any-limit", "or none in time", NULL, 3, 1, NULL,
	      waits_for_any_a_while, completes_first, completes_second),
	MODEL("wait-errors", "the first of two", NULL, 4, 0, first_failed,
	      waits_for_error, fails_both),
	MODEL("wait-error", "one is cancelled", NULL, 3, 0, second_failed,
	      waits_for_error, completes_first, cancels_second),
	MODEL("wait-no-error", "both are well", NULL, 3, 0, none_failed, waits_for_error,
	      completes_first, completes_second),
	MODEL("wait-inside", "runs what is queued", two_with_tasks, 2, 0, all_ran,
	      finishes_tasks),
	MODEL("wait-inside-nap", "in its submitter's hands", one_with_waiter, 3, 0,
	      two_ran, submits_task),
	MODEL("wait-elsewhere", "refused, and in another pool's list", two_pools, 2, 0,
	      ran_elsewhere, submits_elsewhere),
	{ 0 },
};
