/* SPDX-License-Identifier: MIT */
/*
 * What the models of whole pools submit. The tasks of a pair need a thread each: the
 * first one waits until the second one runs.
 */
#ifndef MODEL_TASKS_H
#define MODEL_TASKS_H

#include "library.h"

static tl_executor *pool;
static unsigned ran[4];
static tl_future met;

static inline void *count_run(void *argument)
{
	++*(unsigned *)argument;
	return NULL;
}

static inline void *meet_first(void *argument)
{
	tl_future_wait(&met, TL_FOREVER);
	return count_run(argument);
}

static inline void *meet_second(void *argument)
{
	tl_future_set(&met, NULL);
	return count_run(argument);
}

/* For setups: this worker, which has not run yet, comes from a task, and so has not said
 * that it is idle. Begun there, models meet in a few steps what else takes many. */
static inline void comes_from_a_task(unsigned i)
{
	struct worker *worker = pool->workers[i];
	idle_take(pool, i);
	worker->announced = false;
}

/* A task that submits the one it needs to its own ring. */
static inline void *submit_inside(void *argument)
{
	tl_task *task = new_task(meet_second, &ran[1]);
	model_assert(tl_submit_task(pool, task) == 0);
	tl_future_wait(&met, TL_FOREVER);
	return count_run(argument);
}

static inline tl_task *submit(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_submit_task(pool, task) == 0);
	return task;
}

static inline void submits_a_pair(void)
{
	tl_task *a = submit(meet_first, 0), *b = submit(meet_second, 1);
	finish_task(a);
	finish_task(b);
}

static inline void submits_first(void)
{
	finish_task(submit(meet_first, 0));
}

static inline void submits_second(void)
{
	finish_task(submit(meet_second, 1));
}

static inline void submits_nested(void)
{
	finish_task(submit(submit_inside, 0));
}

static inline void submitter(void)
{
	finish_task(submit(count_run, 0));
}

static inline void other_submitter(void)
{
	finish_task(submit(count_run, 1));
}

static inline void submits_two(void)
{
	tl_task *a = submit(count_run, 0), *b = submit(count_run, 1);
	finish_task(a);
	finish_task(b);
}

static inline void submits_in_turn(void)
{
	submitter();
	other_submitter();
}

static inline void submits_batch(void)
{
	tl_task *batch[2] = { new_task(count_run, &ran[0]),
		              new_task(count_run, &ran[1]) };
	model_assert(tl_submit_tasks(pool, batch, 2) == 2);
	finish_task(batch[0]);
	finish_task(batch[1]);
}

static inline void submits_batch_pair(void)
{
	tl_task *batch[2] = { new_task(meet_first, &ran[0]),
		              new_task(meet_second, &ran[1]) };
	model_assert(tl_submit_tasks(pool, batch, 2) == 2);
	finish_task(batch[0]);
	finish_task(batch[1]);
}

static inline void one_ran(void)
{
	model_assert(ran[0] == 1);
}

static inline void two_ran(void)
{
	model_assert(ran[0] == 1 && ran[1] == 1);
}

#endif
