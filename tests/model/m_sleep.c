/* SPDX-License-Identifier: MIT */
/*
 * The sleep protocol with the pool's real threads: submits from outside against workers
 * that park, search, pass the role on.
 *
 * Asserted: each task runs once and its waiter gets up; nobody waits for ever. The
 * workers may be asleep at the end.
 */
#include "tasks.h"

static void fixed_pool(unsigned workers, int64_t spin)
{
	tl_options options = { .spin = spin };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static void one(void)
{
	fixed_pool(1, TL_NONE);
}

static void two(void)
{
	fixed_pool(2, TL_NONE);
}

/* After a while of sleep they give memory back, and sleep on. */
static void one_trims(void)
{
	one();
	cells_are_due = true;
}

static void two_trim(void)
{
	two();
	cells_are_due = true;
}

/* One is idle, the other one is about to be. The first task has been pushed; its submit
 * comes to S2. */
static void one_idle(void)
{
	two();
	comes_from_a_task(0);
	comes_from_a_task(1);
	submit(meet_first, 0);
	worker_announce(pool->workers[0]);
}

static void signals(void)
{
	pool_signal(pool);
}

/* With workers that look for work for a while and so hold the role. */
static void two_searching(void)
{
	fixed_pool(2, 1);
}

/* Inside a task of one worker: the other task may run there, or on the other one. */
static void *wait_inside(void *argument)
{
	finish_task(submit(count_run, 1));
	return count_run(argument);
}

static void submits_waiting(void)
{
	finish_task(submit(wait_inside, 0));
}

/* A task waits for one that is submitted only then: it has to run it itself. */
static tl_task *later;

static void *wait_for_later(void *argument)
{
	tl_future_wait(&later->future, TL_FOREVER);
	return count_run(argument);
}

static void one_and_later(void)
{
	one();
	later = new_task(count_run, &ran[1]);
}

static void submits_early(void)
{
	finish_task(submit(wait_for_later, 0));
}

static void submits_later(void)
{
	model_assert(tl_submit_task(pool, later) == 0);
}

/* Who waits may free the task although its submit has not returned yet. */
static void frees_later(void)
{
	finish_task(later);
}

static void two_and_later(void)
{
	two();
	later = new_task(count_run, &ran[1]);
}

static void *submit_later(void *argument)
{
	submits_later();
	return count_run(argument);
}

static void submits_from_inside(void)
{
	finish_task(submit(submit_later, 0));
}

/* What a task needs lies in a ring that its worker has set aside. */
static tl_task *beyond[3];

static void *submit_beyond(void *argument)
{
	beyond[0] = submit(meet_second, 1);
	beyond[1] = submit(count_run, 2);
	beyond[2] = submit(count_run, 3);
	tl_future_wait(&met, TL_FOREVER);
	return count_run(argument);
}

static void submits_beyond(void)
{
	finish_task(submit(submit_beyond, 0));
	for (unsigned i = 0; i < 3; i++)
		finish_task(beyond[i]);
}

static void four_ran(void)
{
	two_ran();
	model_assert(ran[2] == 1 && ran[3] == 1);
}

static void other_ran(void)
{
	model_assert(ran[1] == 1);
}

#define TIMED(title, text, where, most, outs, end, ...)                                  \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true,               \
		.bound = most, .timeouts = outs                                          \
	}
#define MODEL(title, text, where, most, end, ...)                                        \
	TIMED(title, text, where, most, 0, end, __VA_ARGS__)

const struct model models[] = {
	MODEL("sleep-1", "a submit against one that parks", one, 5, one_ran, submitter),
	MODEL("sleep-1-two", "two submitters", one, 2, two_ran, submitter,
	      other_submitter),
	MODEL("sleep-2-turn", "one after the other", two, 3, two_ran, submits_in_turn),
	MODEL("sleep-2-two", "two submits", two, 3, two_ran, submits_two),
	MODEL("sleep-2-batch", "a batch", two, 2, two_ran, submits_batch),
	MODEL("sleep-2-pair", "two tasks, two threads", two, 3, two_ran, submits_a_pair),
	MODEL("sleep-2-meet", "from two submitters", two, 2, two_ran, submits_first,
	      submits_second),
	MODEL("sleep-2-one-idle", "a waker finds nobody", one_idle, 2, two_ran, signals,
	      submits_second),
	MODEL("sleep-2-batch-pair", "from a batch", two, 2, two_ran, submits_batch_pair),
	MODEL("sleep-2-nested", "from a worker's ring", two, 3, two_ran, submits_nested),
	MODEL("sleep-2-inside", "waits inside", two, 2, two_ran, submits_waiting),
	MODEL("sleep-2-search", "two tasks, searchers", two_searching, 2, two_ran,
	      submits_a_pair),
	MODEL("sleep-2-search-nested", "a ring, searchers", two_searching, 2, two_ran,
	      submits_nested),
	MODEL("sleep-2-beyond", "from a ring that was set aside", two, 2, four_ran,
	      submits_beyond),
	MODEL("sleep-2-search-beyond", "the same, searchers", two_searching, 1, four_ran,
	      submits_beyond),
	TIMED("sleep-1-trim", "it gives memory back", one_trims, 3, 1, one_ran,
	      submitter),
	TIMED("sleep-2-trim", "one of them does", two_trim, 2, 1, two_ran, submits_two),
	MODEL("sleep-1-later", "waits before the submit", one_and_later, 2, two_ran,
	      submits_early, submits_later),
	MODEL("sleep-1-frees", "freed before its submit returns", one_and_later, 4,
	      other_ran, submits_later, frees_later),
	MODEL("sleep-1-frees-two", "beside another submit", one_and_later, 2, two_ran,
	      submits_later, frees_later, submitter),
	MODEL("sleep-2-frees", "the same from a ring", two_and_later, 2, two_ran,
	      submits_from_inside, frees_later),
	{ 0 },
};
