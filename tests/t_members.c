/* SPDX-License-Identifier: MIT */
/* Groups and completion queues beside what else pools do: limits, helpers, serial queues,
 * the urgent lane, quiet submits. */
#include "support.h"

enum { LIMIT = 3 };

Test(members, refused_for_want_of_room_are_no_members)
{
	tl_options options = { .max_pending = LIMIT };
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_executor *executor = executor_of(kind, 1, &options);
		tl_task tasks[LIMIT + 2];
		tl_group group;
		hold(executor, &gate, 1);
		cr_assert_eq(tl_group_init(&group, executor, NULL), 0);
		for (int i = 0; i < LIMIT + 2; i++) {
			tl_task_init(&tasks[i], identity, NULL);
			cr_assert_eq(tl_group_submit_task(&group, &tasks[i]),
			             i < LIMIT ? 0 : -EAGAIN);
		}
		cr_assert_null(tl_group_submit(&group, identity, NULL));
		cr_assert_eq(errno, EAGAIN);
		cr_assert_eq(tl_group_wait(&group, 0), -ETIMEDOUT);
		gate_open(&gate);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);

		/* As before: it may go where it likes. */
		cr_assert_eq(tl_submit_task(executor, &tasks[LIMIT]), 0);
		cr_assert_eq(tl_future_wait(&tasks[LIMIT].future, TL_FOREVER), 0);
		cr_assert_eq(tl_group_submit_task(&group, &tasks[LIMIT + 1]), 0);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		cr_assert_eq(stats_of(executor).queued, 0);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(members, run_by_their_submitter_for_want_of_room_leave_the_group)
{
	tl_options options = { .max_pending = 1, .when_full = TL_FULL_RUN };
	struct gate gate = GATE;
	atomic_long ran = 0;
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	tl_group group;
	hold(pool, &gate, 1);
	cr_assert_eq(tl_group_init(&group, pool, NULL), 0);
	for (int i = 0; i < 4; i++)
		tl_future_release(tl_group_submit(&group, add_one, &ran));
	cr_assert_eq(atomic_load(&ran), 3);
	gate_open(&gate);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(atomic_load(&ran), 4);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(members, waited_for_outside_are_run_there_if_the_pool_allows_it)
{
	tl_options options = { .flags = TL_WAITERS_RUN };
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	tl_group group;
	hold(pool, &gate, 1);
	cr_assert_eq(tl_group_init(&group, pool, NULL), 0);
	tl_future *future = tl_group_submit(&group, identity, &group);
	cr_assert_eq(tl_await(future), &group);
	cr_assert(tl_group_done(&group));
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	gate_open(&gate);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* In a pool of one: a member of the group is waited for as any task is. */
static void *await_member(void *pool)
{
	tl_group group;
	tl_group_init(&group, pool, NULL);
	tl_future *first = tl_group_submit(&group, identity, pool);
	tl_future *second = tl_group_submit(&group, identity, &group);
	bool right = tl_await(second) == &group && tl_await(first) == pool;
	return right && tl_group_done(&group) ? pool : NULL;
}

Test(members, waited_for_one_by_one_inside_a_pool_of_one)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	cr_assert_eq(tl_await(tl_submit(pool, await_member, pool)), pool);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(members, of_a_serial_queue_there_are_none)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	tl_group group;
	cr_assert_eq(tl_group_init(&group, serial, NULL), -EINVAL);
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Among its group's tasks and a serial queue's runner the seeker finds what it wants. */
struct mixed {
	tl_executor *pool, *serial;
	atomic_long ran, others;
};

static void *wait_among_others(void *context)
{
	struct mixed *mixed = context;
	tl_group group;
	tl_group_init(&group, mixed->pool, NULL);
	for (int i = 0; i < 100; i++) {
		tl_future_release(tl_submit(mixed->serial, add_one, &mixed->others));
		tl_future_release(tl_submit(mixed->pool, add_one, &mixed->others));
		tl_future_release(tl_group_submit(&group, add_one, &mixed->ran));
	}
	long before = atomic_load(&mixed->others);
	int error = tl_group_wait(&group, TL_FOREVER);
	bool right =
		atomic_load(&mixed->ran) == 100 && atomic_load(&mixed->others) == before;
	return right && !error ? context : NULL;
}

Test(members, are_found_among_other_tasks_which_are_left_alone)
{
	struct mixed mixed = { .pool = tl_fixed_pool_create(1, NULL) };
	mixed.serial = tl_serial_create(mixed.pool, 1);
	tl_future *future = tl_submit(mixed.pool, wait_among_others, &mixed);
	cr_assert_eq(tl_await(future), &mixed);
	tl_executor_destroy(mixed.serial);
	tl_executor_destroy(mixed.pool);
	cr_assert_eq(atomic_load(&mixed.others), 200);
	END_CLEAN();
}

/* What a task waits for may have been submitted urgently or quietly. */
static void *take_urgent_and_quiet(void *pool)
{
	tl_completions *queue = tl_completions_create();
	tl_completion taken;
	tl_task urgent, quiet;
	tl_task_init(&urgent, identity, NULL);
	tl_task_init(&quiet, identity, NULL);
	bool right = tl_submit_urgently(pool, &urgent) == 0 &&
	             tl_submit_quietly(pool, &quiet) == 0 &&
	             tl_completions_add(queue, &urgent.future, NULL) == 0 &&
	             tl_completions_add(queue, &quiet.future, NULL) == 0 &&
	             tl_completions_take(queue, &taken, 1, TL_FOREVER) == 1 &&
	             tl_completions_take(queue, &taken, 1, TL_FOREVER) == 1;
	tl_completions_destroy(queue);
	return right ? pool : NULL;
}

Test(members, taken_inside_a_pool_of_one_come_from_every_lane)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	cr_assert_eq(tl_await(tl_submit(pool, take_urgent_and_quiet, pool)), pool);
	tl_executor_destroy(pool);
	END_CLEAN();
}
