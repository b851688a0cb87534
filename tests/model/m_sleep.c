/* SPDX-License-Identifier: MIT */
/*
 * The sleep protocol with the pool's real threads: submits from outside against workers
 * that park, search, pass the role on.
 *
 * Asserted: each task runs once and its waiter gets up; nobody waits for ever. The
 * workers may be asleep at the end.
 */
#include "library.h"

static tl_executor *pool;
static unsigned ran[4];

static void *count_run(void *argument)
{
	++*(unsigned *)argument;
	return NULL;
}

static void fixed_pool(unsigned workers, int64_t spin)
{
	tl_options options = { .spin = spin };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
}

static void pool_of_one(void)
{
	fixed_pool(1, TL_NONE);
}

static void pool_of_two(void)
{
	fixed_pool(2, TL_NONE);
}

static void pool_of_two_searching(void)
{
	fixed_pool(2, 1);
}

static void submit_and_wait(unsigned i)
{
	tl_task *task = new_task(count_run, &ran[i]);
	model_assert(tl_submit_task(pool, task) == 0);
	finish_task(task);
}

static void submitter(void)
{
	submit_and_wait(0);
}

static void other_submitter(void)
{
	submit_and_wait(1);
}

static void submits_two_in_turn(void)
{
	submit_and_wait(0);
	submit_and_wait(1);
}

static void submits_two(void)
{
	tl_task *a = new_task(count_run, &ran[0]), *b = new_task(count_run, &ran[1]);
	model_assert(tl_submit_task(pool, a) == 0);
	model_assert(tl_submit_task(pool, b) == 0);
	finish_task(a);
	finish_task(b);
}

static void submits_batch(void)
{
	tl_task *batch[2] = { new_task(count_run, &ran[0]),
		              new_task(count_run, &ran[1]) };
	model_assert(tl_submit_tasks(pool, batch, 2) == 2);
	finish_task(batch[0]);
	finish_task(batch[1]);
}

/* ---- Two that need each other's thread ------------------------------------------- */

static tl_future met;

static void *meet_first(void *argument)
{
	tl_future_wait(&met, TL_FOREVER);
	return count_run(argument);
}

static void *meet_second(void *argument)
{
	tl_future_set(&met, NULL);
	return count_run(argument);
}

/* The first task waits for the second one, which thus needs a thread of its own. */
static void submits_a_pair(void)
{
	tl_task *a = new_task(meet_first, &ran[0]), *b = new_task(meet_second, &ran[1]);
	model_assert(tl_submit_task(pool, a) == 0);
	model_assert(tl_submit_task(pool, b) == 0);
	finish_task(a);
	finish_task(b);
}

static void submits_first(void)
{
	tl_task *task = new_task(meet_first, &ran[0]);
	model_assert(tl_submit_task(pool, task) == 0);
	finish_task(task);
}

static void submits_second(void)
{
	tl_task *task = new_task(meet_second, &ran[1]);
	model_assert(tl_submit_task(pool, task) == 0);
	finish_task(task);
}

/* A task that submits the one it needs to its own ring. */
static void *submit_inside(void *argument)
{
	tl_task *task = new_task(meet_second, &ran[1]);
	model_assert(tl_submit_task(pool, task) == 0);
	tl_future_wait(&met, TL_FOREVER);
	return count_run(argument);
}

static void submits_nested(void)
{
	tl_task *task = new_task(submit_inside, &ran[0]);
	model_assert(tl_submit_task(pool, task) == 0);
	finish_task(task);
}

static void one_ran(void)
{
	model_assert(ran[0] == 1);
}

static void two_ran(void)
{
	model_assert(ran[0] == 1 && ran[1] == 1);
}

const struct model models[] = {
	{ "sleep-1",
	  "a submit against one that parks",
	  pool_of_one,
	  { submitter },
	  one_ran,
	  .daemons = true,
	  .bound = 4 },
	{ "sleep-1-two",
	  "two submitters, one worker",
	  pool_of_one,
	  { submitter, other_submitter },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ "sleep-2-turn",
	  "one after the other",
	  pool_of_two,
	  { submits_two_in_turn },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ "sleep-2-two",
	  "two submits, two workers",
	  pool_of_two,
	  { submits_two },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ "sleep-2-batch",
	  "a batch",
	  pool_of_two,
	  { submits_batch },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ "sleep-2-pair",
	  "two tasks get two threads",
	  pool_of_two,
	  { submits_a_pair },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ "sleep-2-meet",
	  "the same from two threads",
	  pool_of_two,
	  { submits_first, submits_second },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ "sleep-2-nested",
	  "a task in a worker's ring gets a thread",
	  pool_of_two,
	  { submits_nested },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ "sleep-2-search",
	  "the last searcher looks again",
	  pool_of_two_searching,
	  { submits_a_pair },
	  two_ran,
	  .daemons = true,
	  .bound = 2 },
	{ 0 },
};
