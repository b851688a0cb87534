/* SPDX-License-Identifier: MIT */
/* Circles of waits through what is queued, and through groups, are told so. */
#include "support.h"

/* Two tasks under way, each of which waits for something of the other one's side. */
struct sides {
	tl_executor *pool, *executors[2];
	tl_group groups[2];
	tl_task first[2], behind[2];
	atomic_int begun, told, well;
};

struct side {
	struct sides *sides;
	int i;
};

static void meet(struct sides *sides)
{
	atomic_fetch_add(&sides->begun, 1);
	wait_until(atomic_load(&sides->begun) == 2);
}

static void *tell(struct sides *sides, int error)
{
	atomic_fetch_add(error == -EDEADLK ? &sides->told : &sides->well, 1);
	return VALUE(error && error != -EDEADLK);
}

/* As one that calls a function of the other executor and wants its result. */
static void *call_other_side(void *argument)
{
	struct side *side = argument;
	struct sides *sides = side->sides;
	int other = !side->i;
	meet(sides);
	if (tl_submit_task(sides->executors[other], &sides->behind[other]))
		abort();
	return tell(sides, tl_future_wait(&sides->behind[other].future, TL_FOREVER));
}

static void call_each_other(struct sides *sides)
{
	struct side side[2] = { { sides, 0 }, { sides, 1 } };
	atomic_init(&sides->begun, 0);
	for (int i = 0; i < 2; i++) {
		tl_task_init(&sides->first[i], call_other_side, &side[i]);
		tl_task_init(&sides->behind[i], identity, NULL);
		cr_assert_eq(tl_submit_task(sides->executors[i], &sides->first[i]), 0);
	}
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(tl_future_wait(&sides->first[i].future, TL_FOREVER), 0);
		cr_assert_eq(tl_future_wait(&sides->behind[i].future, TL_FOREVER), 0);
	}
}

Test(circle, workers_that_call_each_other)
{
	struct sides sides = { .executors = { tl_worker_create(NULL),
		                              tl_worker_create(NULL) } };
	call_each_other(&sides);
	cr_assert_eq(atomic_load(&sides.told), 1);
	cr_assert_eq(atomic_load(&sides.well), 1);
	for (int i = 0; i < 2; i++)
		tl_executor_destroy(sides.executors[i]);
	END_CLEAN();
}

Test(circle, serial_queues_that_call_each_other)
{
	tl_executor *pools[2] = { tl_fixed_pool_create(2, NULL),
		                  tl_fixed_pool_create(2, NULL) };
	for (int other = 0; other < 2; other++) {
		struct sides sides = { .executors = {
					       tl_serial_create(pools[0], 1),
					       tl_serial_create(pools[other], 1) } };
		call_each_other(&sides);
		cr_assert_eq(atomic_load(&sides.told), 1);
		cr_assert_eq(atomic_load(&sides.well), 1);
		for (int i = 0; i < 2; i++)
			tl_executor_destroy(sides.executors[i]);
	}
	for (int i = 0; i < 2; i++)
		tl_executor_destroy(pools[i]);
	END_CLEAN();
}

/* One runs at a time, but another one can. */
Test(circle, queues_of_two_at_a_time_that_call_each_other_are_none)
{
	tl_executor *pool = tl_fixed_pool_create(4, NULL);
	struct sides sides = { .executors = { tl_serial_create(pool, 2),
		                              tl_serial_create(pool, 2) } };
	call_each_other(&sides);
	cr_assert_eq(atomic_load(&sides.told), 0);
	cr_assert_eq(atomic_load(&sides.well), 2);
	for (int i = 0; i < 2; i++)
		tl_executor_destroy(sides.executors[i]);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *wait_for_other_group(void *argument)
{
	struct side *side = argument;
	meet(side->sides);
	return tell(side->sides,
	            tl_group_wait(&side->sides->groups[!side->i], TL_FOREVER));
}

Test(circle, groups_whose_tasks_wait_for_the_other_group)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct sides sides = { 0 };
	struct side side[2] = { { &sides, 0 }, { &sides, 1 } };
	for (int i = 0; i < 2; i++)
		tl_group_init(&sides.groups[i], pool, NULL);
	for (int i = 0; i < 2; i++) {
		tl_task_init(&sides.first[i], wait_for_other_group, &side[i]);
		cr_assert_eq(tl_group_submit_task(&sides.groups[i], &sides.first[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		cr_assert_eq(tl_group_wait(&sides.groups[i], TL_FOREVER), 0);
	cr_assert_eq(atomic_load(&sides.told), 1);
	cr_assert_eq(atomic_load(&sides.well), 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *wait_for_other_task(void *argument)
{
	struct side *side = argument;
	meet(side->sides);
	return tell(side->sides,
	            tl_future_wait(&side->sides->first[!side->i].future, TL_FOREVER));
}

Test(circle, of_a_group_and_a_task)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct sides sides = { 0 };
	struct side side[2] = { { &sides, 0 }, { &sides, 1 } };
	tl_group_init(&sides.groups[0], pool, NULL);
	tl_task_init(&sides.first[0], wait_for_other_task, &side[0]);
	tl_task_init(&sides.first[1], wait_for_other_group, &side[1]);
	cr_assert_eq(tl_group_submit_task(&sides.groups[0], &sides.first[0]), 0);
	cr_assert_eq(tl_submit_task(pool, &sides.first[1]), 0);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(tl_future_wait(&sides.first[i].future, TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&sides.groups[0], TL_FOREVER), 0);
	cr_assert_eq(atomic_load(&sides.told), 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* A worker's group can't begin while the worker waits, by one more wait, for who waits
 * for the group. */
static void *wait_for_group_of_worker(void *argument)
{
	struct side *side = argument;
	struct sides *sides = side->sides;
	meet(sides);
	if (tl_group_submit_task(&sides->groups[0], &sides->behind[0]))
		abort();
	return tell(sides, tl_group_wait(&sides->groups[0], TL_FOREVER));
}

Test(circle, of_a_worker_and_a_group_of_its_tasks)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL),
		    *worker = tl_worker_create(NULL);
	struct sides sides = { 0 };
	struct side side[2] = { { &sides, 0 }, { &sides, 1 } };
	tl_group_init(&sides.groups[0], worker, NULL);
	tl_task_init(&sides.behind[0], identity, NULL);
	tl_task_init(&sides.first[0], wait_for_other_task, &side[0]);
	tl_task_init(&sides.first[1], wait_for_group_of_worker, &side[1]);
	cr_assert_eq(tl_submit_task(worker, &sides.first[0]), 0);
	cr_assert_eq(tl_submit_task(pool, &sides.first[1]), 0);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(tl_future_wait(&sides.first[i].future, TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&sides.groups[0], TL_FOREVER), 0);
	cr_assert_eq(atomic_load(&sides.told), 1);
	tl_executor_destroy(pool);
	tl_executor_destroy(worker);
	END_CLEAN();
}
