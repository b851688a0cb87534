/* SPDX-License-Identifier: MIT */
/* Waits that could never end are told so. */
#include "support.h"

#define MANY 20

struct circle {
	int count;
	int64_t timeout;
	tl_task tasks[MANY];
	atomic_int begun, told, well, late;
};

struct place {
	struct circle *circle;
	int i;
};

static void *wait_for_next(void *argument)
{
	struct place *place = argument;
	struct circle *circle = place->circle;
	tl_future *next = &circle->tasks[(place->i + 1) % circle->count].future;

	/* Each has a thread of its own before the first one waits. */
	atomic_fetch_add(&circle->begun, 1);
	wait_until(atomic_load(&circle->begun) == circle->count);
	int error = tl_future_wait(next, circle->timeout);
	atomic_fetch_add(error == -EDEADLK     ? &circle->told
	                 : error == -ETIMEDOUT ? &circle->late
	                                       : &circle->well,
	                 1);
	return NULL;
}

/* Every other one in the second pool. */
static void go_round(struct circle *circle, tl_executor *pools[2])
{
	struct place places[MANY];
	for (int i = 0; i < circle->count; i++) {
		places[i] = (struct place){ circle, i };
		tl_task_init(&circle->tasks[i], wait_for_next, &places[i]);
	}
	for (int i = 0; i < circle->count; i++)
		cr_assert_eq(tl_submit_task(pools[i % 2], &circle->tasks[i]), 0);
	for (int i = 0; i < circle->count; i++)
		cr_assert_eq(tl_future_wait(&circle->tasks[i].future, TL_FOREVER), 0);
}

Test(circle, one_of_them_is_told_and_all_end)
{
	tl_executor *pool = tl_fixed_pool_create(MANY, NULL);
	tl_executor *pools[] = { pool, pool };
	for (int count = 2; count <= MANY; count++) {
		struct circle circle = { .count = count, .timeout = TL_FOREVER };
		go_round(&circle, pools);
		cr_assert_eq(atomic_load(&circle.told), 1);
		cr_assert_eq(atomic_load(&circle.well), count - 1);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(circle, through_two_pools)
{
	tl_executor *pools[] = { tl_fixed_pool_create(MANY, NULL),
		                 tl_adaptive_pool_create(NULL) };
	for (int count = 2; count <= 4; count++) {
		struct circle circle = { .count = count, .timeout = TL_FOREVER };
		go_round(&circle, pools);
		cr_assert_eq(atomic_load(&circle.told), 1);
	}
	tl_executor_destroy(pools[0]);
	tl_executor_destroy(pools[1]);
	END_CLEAN();
}

Test(circle, of_waits_with_a_deadline_is_none)
{
	tl_executor *pool = tl_fixed_pool_create(3, NULL);
	tl_executor *pools[] = { pool, pool };
	struct circle circle = { .count = 3, .timeout = MILLISECOND };
	go_round(&circle, pools);
	cr_assert_eq(atomic_load(&circle.told), 0);
	cr_assert_geq(atomic_load(&circle.late), 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct pair {
	tl_executor *pool;
	tl_future *first;
	struct gate gate;
};

static void *wait_for_first(void *argument)
{
	struct pair *pair = argument;
	return VALUE(tl_future_wait(pair->first, TL_FOREVER));
}

/* It waits for a task that it runs on its own stack, which waits for one further down. */
static void *wait_for_second(void *argument)
{
	struct pair *pair = argument;
	gate_pass(&pair->gate);
	return tl_await(tl_submit(pair->pool, wait_for_first, pair));
}

Test(circle, on_one_stack)
{
	struct pair pair = { .pool = tl_fixed_pool_create(1, NULL), .gate = GATE };
	pair.first = tl_submit(pair.pool, wait_for_second, &pair);
	gate_open(&pair.gate);
	cr_assert_eq(tl_await(pair.first), VALUE(-EDEADLK));
	tl_executor_destroy(pair.pool);
	END_CLEAN();
}
