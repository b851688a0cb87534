/* SPDX-License-Identifier: MIT */
/*
 * TL_WAITERS_HELP (meanwhile.c): a worker that waits inside a task beside submits, beside
 * the end of what it waits for, in any kind of wait, and beside a shutdown.
 *
 * Asserted: nobody sleeps for ever while there is a task that could end his wait, or once
 * the wait is over; a claim that comes as the wait ends is passed on; a pool doesn't end
 * under a task that waits; nobody is counted as coming or dozing at rest.
 */
#include "tasks.h"

static tl_group *group;

static void helping_pool(unsigned workers, bool adaptive)
{
	tl_options options = { .spin = TL_NONE,
		               .max_workers = workers,
		               .flags = TL_WAITERS_HELP };
	pool = adaptive ? tl_adaptive_pool_create(&options)
	                : tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static void one(void)
{
	helping_pool(1, false);
}

static void two(void)
{
	helping_pool(2, false);
}

static void growing(void)
{
	helping_pool(2, true);
}

/* ---- Waits in a task ---------------------------------------------------------------- */

/* Back in its task it is not said to be idle, and its pool has not ended. */
static void at_work(void)
{
	unsigned index = self.worker->index;
	model_assert(!(load_relaxed(&pool->idle[0]) >> index & 1));
	model_assert(!load_relaxed(&pool->finished));
}

static void *meet(void *argument)
{
	tl_future_wait(&met, TL_FOREVER);
	at_work();
	return count_run(argument);
}

static void *meet_any(void *argument)
{
	tl_future never, *list[] = { &never, &met };
	tl_future_init(&never);
	model_assert(tl_wait(list, 2, TL_ANY, TL_FOREVER) == 1);
	at_work();
	return count_run(argument);
}

/* The member is run here, and so dozes on top; or elsewhere. */
static void *meet_group(void *argument)
{
	tl_task *task = new_task(meet, &ran[2]);
	model_assert(tl_group_submit_task(group, task) == 0);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_free(task);
	return count_run(argument);
}

static void *meet_for_a_while(void *argument)
{
	int error = tl_future_wait(&met, 1000);
	model_assert(error == 0 || error == -ETIMEDOUT);
	at_work();
	return count_run(argument);
}

static tl_completions *queue;

static void *take(void *argument)
{
	tl_completion taken;
	model_assert(tl_completions_take(queue, &taken, 1, TL_FOREVER) == 1);
	model_assert(taken.future == &met);
	at_work();
	return count_run(argument);
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

/* ---- Threads ------------------------------------------------------------------------ */

static void sets(void)
{
	tl_future_set(&met, NULL);
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

static void submits_any(void)
{
	finish_task(submit(meet_any, 0));
}

static void submits_group(void)
{
	finish_task(submit(meet_group, 0));
}

static void submits_take(void)
{
	finish_task(submit(take, 0));
}

static void submits_for_a_while(void)
{
	finish_task(submit(meet_for_a_while, 0));
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

static void group_made(void)
{
	group = model_allocate(16, sizeof *group);
	model_assert(tl_group_init(group, pool, NULL) == 0);
}

static void one_and_group(void)
{
	one();
	group_made();
}

static void two_and_group(void)
{
	two();
	group_made();
}

static void one_and_queue(void)
{
	one();
	queue = tl_completions_create();
	model_assert(queue && !tl_completions_add(queue, &met, NULL));
}

static void at_rest(void)
{
	model_assert(load_relaxed(&pool->coming) == 0);
	model_assert((uint32_t)load_relaxed(&pool->dozes) == 0);
	model_assert(load_relaxed(&pool->blocked) == 0);
}

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

/* ---- Ends ----------------------------------------------------------------------------- */

static void one_rests(void)
{
	one_ran();
	at_rest();
}

static void member_rests(void)
{
	one_rests();
	model_assert(ran[2] == 1);
}

static void two_rest(void)
{
	two_ran();
	at_rest();
}

static void three_rest(void)
{
	two_rest();
	model_assert(ran[2] == 1);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
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
	MODEL("helping-any", "a wait for any", one, 2, two_rest, submits_any,
	      submits_second),
	MODEL("helping-group", "a wait for a group", one_and_group, 2, three_rest,
	      submits_group, submits_second),
	MODEL("helping-any-end", "the same against its end", one, 3, one_rests,
	      submits_any, sets),
	MODEL("helping-group-end", "a group whose last task ends elsewhere",
	      two_and_group, 2, member_rests, submits_group, sets),
	MODEL("helping-take", "a completion queue", one_and_queue, 2, two_rest,
	      submits_take, submits_second),
	MODEL("helping-take-end", "the same against its end", one_and_queue, 3, one_rests,
	      submits_take, sets),
	{ .name = "helping-while",
	  .property = "a wait with a deadline",
	  .setup = one,
	  .threads = { submits_for_a_while, submits_second },
	  .check = two_rest,
	  .daemons = true,
	  .timeouts = 1,
	  .bound = 2 },
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
