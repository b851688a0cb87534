/* SPDX-License-Identifier: MIT */
/*
 * TL_WAITERS_HELP (meanwhile.c) in the other kinds of wait: for any, for a group, for a
 * completion queue, for a time.
 *
 * Asserted: as in m_helping.c.
 */
#include "helping.h"

static tl_group *group;

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

static void member_rests(void)
{
	one_rests();
	model_assert(ran[2] == 1);
}

const struct model models[] = {
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
	{ 0 },
};
