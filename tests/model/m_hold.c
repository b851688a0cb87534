/* SPDX-License-Identifier: MIT */
/*
 * A worker takes over more than it runs: a stretch of the inbox as its range, tasks of
 * the list to its ring. For some instructions nobody else sees these. Then its first
 * task waits for the last one, which another worker has to find there.
 *
 * Asserted: all run, nobody waits for ever.
 */
#ifdef MODEL_LIST
#define SHALLOW_BITS 0 /* one slot: the third task goes to the list */
#define DEEP_BITS 0
#else
#define SHALLOW_BITS 2
#endif
#include "tasks.h"

static void two(void)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(2, &options);
	model_assert(pool);
}

static void submits_behind(unsigned before)
{
	tl_task *task[4];
	unsigned n = 0;
	for (; n < before; n++)
		task[n] = submit(count_run, 2 + n);
	task[n++] = submit(meet_first, 0);
	task[n++] = submit(meet_second, 1);
	while (n > 0)
		finish_task(task[--n]);
}

static void submits_three(void)
{
	submits_behind(1);
}

static void submits_four(void)
{
	submits_behind(2);
}

/* The first task holds its worker until three more are there. The worker then takes two
 * of these, and isn't idle before: nobody but itself tells the other worker. */
static tl_future go;

static void *wait_for_go(void *argument)
{
	tl_future_wait(&go, TL_FOREVER);
	return count_run(argument);
}

static void submits_to_a_busy_one(void)
{
	tl_task *task[4] = { submit(wait_for_go, 2), submit(meet_first, 0),
		             submit(meet_second, 1), submit(count_run, 3) };
	tl_future_set(&go, NULL);
	for (unsigned i = 0; i < 4; i++)
		finish_task(task[i]);
}

/* And the pool drains: the other worker must not end before. */
static void submits_to_a_busy_one_and_destroys(void)
{
	tl_task *task[4] = { submit(wait_for_go, 2), submit(meet_first, 0),
		             submit(meet_second, 1), submit(count_run, 3) };
	tl_future_set(&go, NULL);
	model_assert(tl_executor_destroy(pool) == 0);
	for (unsigned i = 0; i < 4; i++)
		model_free(task[i]);
}

/* All is there, nobody is idle. What the first worker takes is hidden from the second
 * one, who takes what is left and goes to sleep. */
static tl_task *tasks[4];

static void submit_for_setup(unsigned i, tl_function *function, unsigned counter)
{
	tasks[i] = submit(function, counter);
}

static void waits_for_pair(void)
{
	finish_task(tasks[0]);
	finish_task(tasks[1]);
}

#ifdef MODEL_LIST
/* Two in the list of a pool that may have one thread; the other one is allowed only
 * then. */
static void pool_of_one_with_list(void)
{
	tl_options options = { .max_workers = 1, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
	comes_from_a_task(0);
	submit_for_setup(2, count_run, 2);
	submit_for_setup(3, count_run, 3);
	submit_for_setup(0, meet_first, 0);
	submit_for_setup(1, meet_second, 1);
	uint64_t spot;
	while (inbox_take(&pool->inbox, 1, 1, &spot))
		inbox_get(&pool->inbox, spot);
	model_assert(pool->inbox.list.count == 2);
}

static void allows_another(void)
{
	model_assert(tl_executor_set_max_workers(pool, 2) == 0);
	waits_for_pair();
}
#else
static void two_with_inbox(void)
{
	two();
	comes_from_a_task(0);
	comes_from_a_task(1);
	submit_for_setup(0, meet_first, 0);
	submit_for_setup(1, meet_second, 1);
	submit_for_setup(2, count_run, 2);
}
#endif

#define MODEL(title, text, where, most, ...)                                             \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = two_ran, .daemons = true,           \
		.bound = most                                                            \
	}

const struct model models[] = {
#ifdef MODEL_LIST
	MODEL("list-three", "through the list", two, 2, submits_three),
	MODEL("list-four", "two in the list", two, 1, submits_four),
	MODEL("list-busy-end", "and the pool is destroyed", two, 1,
	      submits_to_a_busy_one_and_destroys),
	MODEL("list-hidden", "while another thread is allowed", pool_of_one_with_list, 2,
	      allows_another),
	MODEL("list-busy", "from the list to a busy worker", two, 2,
	      submits_to_a_busy_one),
#else
	MODEL("hold-three", "in a range", two, 2, submits_three),
	MODEL("hold-four", "in a range, after another task", two, 1, submits_four),
	MODEL("hold-busy-end", "and the pool is destroyed", two, 1,
	      submits_to_a_busy_one_and_destroys),
	MODEL("hold-hidden", "while another worker looks around", two_with_inbox, 2,
	      waits_for_pair),
	MODEL("hold-busy", "in a range of a busy worker", two, 2, submits_to_a_busy_one),
#endif
	{ 0 },
};
