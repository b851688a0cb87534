/* SPDX-License-Identifier: MIT */
/* Waiting for a group inside a task: whose tasks the worker runs meanwhile. */
#include "groups.h"

Test(group, wait_inside_a_task_runs_out)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		struct gate gate = GATE;
		tl_group group;
		struct inside inside = { pool, &group, GATE, .timeout = 2 * MILLISECOND };
		tl_group_init(&group, pool, NULL);
		submit_many(&group, 1, gate_pass, &gate);
		assert_soon(atomic_load(&gate.inside) == 1);
		gate_open(&inside.gate);
		cr_assert_eq(tl_await(tl_submit(pool, wait_inside, &inside)),
		             VALUE(-ETIMEDOUT));
		gate_open(&gate);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* From outside, tasks of the group among as many others, behind the one that waits. */
static void wait_among_others(unsigned workers, long n)
{
	tl_executor *pool = tl_fixed_pool_create(workers, NULL);
	tl_group group;
	struct inside inside = { pool, &group, GATE, .timeout = TL_FOREVER };
	tl_group_init(&group, pool, NULL);
	tl_future *waits = tl_submit(pool, wait_inside, &inside);
	for (long i = 0; i < n; i++) {
		release(tl_submit(pool, add_one, &inside.others));
		submit_many(&group, 1, add_one, &inside.mine);
	}
	gate_open(&inside.gate);
	cr_assert_eq(tl_await(waits), VALUE(0));
	cr_assert_eq(atomic_load(&inside.mine), n);
	if (workers == 1)
		cr_assert_eq(atomic_load(&inside.others_then), 0);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&inside.others), n);
}

Test(group, wait_in_a_pool_of_one_runs_its_tasks_from_everywhere_and_no_others)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		wait_among_others(workers, 10);
		wait_among_others(workers, 3000);
	}
	if (!instrumented())
		wait_among_others(1, 134000); /* behind the rings, in the list */
	END_CLEAN();
}

static void *submit_and_wait_inside(void *argument)
{
	struct inside *inside = argument;
	tl_group group;
	tl_group_init(&group, inside->pool, NULL);
	for (int i = 0; i < 700; i++) { /* more than a ring takes */
		release(tl_submit(inside->pool, add_one, &inside->others));
		submit_many(&group, 1, add_one, &inside->mine);
	}
	int result = tl_group_wait(&group, TL_FOREVER);
	inside->others_then = inside->others;
	return VALUE(result);
}

Test(group, wait_in_a_pool_of_one_finds_what_its_task_submitted)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 1, NULL);
		struct inside inside = { .pool = pool };
		cr_assert_eq(tl_await(tl_submit(pool, submit_and_wait_inside, &inside)),
		             VALUE(0));
		cr_assert_eq(atomic_load(&inside.mine), 700);
		cr_assert_eq(atomic_load(&inside.others_then), 0);
		tl_executor_destroy(pool);
		cr_assert_eq(atomic_load(&inside.others), 700);
	}
	END_CLEAN();
}

Test(group, waiting_worker_runs_what_is_submitted_later)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		struct gate gate = GATE;
		tl_group group;
		struct inside inside;
		tl_future *waits = begin_waiting(pool, &group, &gate, &inside);
		for (int i = 0; i < 200; i++) {
			tl_future *one = tl_group_submit(&group, add_one, &inside.mine);
			cr_assert_eq(tl_future_wait(one, TL_FOREVER), 0);
			tl_future_release(one);
		}
		gate_open(&gate);
		cr_assert_eq(tl_await(waits), VALUE(0));
		cr_assert_eq(atomic_load(&inside.mine), 200);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *wait_for_own_group(void *group)
{
	return VALUE(tl_group_wait(group, TL_FOREVER));
}

Test(group, task_that_waits_for_its_own_group_is_told)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		tl_group group;
		tl_group_init(&group, executor, NULL);
		cr_assert_eq(
			tl_await(tl_group_submit(&group, wait_for_own_group, &group)),
			VALUE(-EDEADLK));
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(group, worker_that_waits_for_what_is_behind_it_is_told)
{
	tl_executor *worker = tl_worker_create(NULL);
	tl_group group;
	struct inside inside = { worker, &group, GATE, .timeout = TL_FOREVER };
	tl_group_init(&group, worker, NULL);
	tl_future *waits = tl_submit(worker, wait_inside, &inside);
	submit_many(&group, 3, add_one, &inside.mine);
	gate_open(&inside.gate);
	cr_assert_eq(tl_await(waits), VALUE(-EDEADLK));
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(atomic_load(&inside.mine), 3);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(group, waiting_worker_of_another_pool_leaves_the_tasks_alone)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL), *other;
	other = tl_fixed_pool_create(1, NULL);
	tl_group group;
	struct inside inside = { pool, &group, GATE, .timeout = TL_FOREVER };
	tl_group_init(&group, pool, NULL);
	gate_open(&inside.gate);
	for (int i = 0; i < 100; i++) {
		submit_many(&group, 10, add_one, &inside.mine);
		cr_assert_eq(tl_await(tl_submit(other, wait_inside, &inside)), VALUE(0));
	}
	cr_assert_eq(stats_of(pool).completed, 1000);
	tl_executor_destroy(pool);
	tl_executor_destroy(other);
	END_CLEAN();
}

Test(group, spare_worker_stands_in_for_one_that_waits)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_options options = { .spare_workers = 1 };
		tl_executor *pool = executor_of(kind, 2, &options);
		struct gate gate = GATE;
		tl_group group;
		struct inside inside;
		tl_future *waits = begin_waiting(pool, &group, &gate, &inside);
		/* one is held, one waits: neither may run this */
		cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(3))), VALUE(3));
		gate_open(&gate);
		cr_assert_eq(tl_await(waits), VALUE(0));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}
