/* SPDX-License-Identifier: MIT */
/* Submitting without waking anybody, and tl_kick. */
#include "support.h"

#include <sched.h>

enum { TASKS = 20 };

/* Workers that park at once, so that nothing finds a quiet task but a wake-up. */
static tl_executor *parked(int kind, unsigned workers)
{
	tl_options options = { .spin = TL_NONE,
		               .idle_timeout = TL_NONE,
		               .min_workers = workers,
		               .max_workers = workers };
	tl_executor *executor = kind == ADAPTIVE ? tl_adaptive_pool_create(&options)
	                                         : executor_of(kind, workers, &options);
	cr_assert_not_null(executor);
	assert_soon(stats_of(executor).parks >= stats_of(executor).workers);
	return executor;
}

static void submit_quietly(tl_executor *executor, tl_task *tasks, int n, atomic_long *ran)
{
	for (int i = 0; i < n; i++) {
		tl_task_init(&tasks[i], add_one, ran);
		cr_assert_eq(tl_submit_quietly(executor, &tasks[i]), 0);
	}
}

Test(kick, bad_arguments_are_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_task task;
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_kick(NULL), -EINVAL);
	cr_assert_eq(tl_submit_quietly(NULL, &task), -EINVAL);
	cr_assert_eq(tl_submit_quietly(pool, NULL), -EINVAL);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
	cr_assert_eq(tl_submit_quietly(pool, &task), -ESHUTDOWN);
	cr_assert_eq(tl_kick(pool), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(kick, nobody_wakes_before_the_kick_and_one_kick_is_enough)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int round = 0; round < 10; round++) {
			tl_executor *executor = parked(kind, 1);
			tl_task tasks[TASKS];
			atomic_long ran = 0;
			submit_quietly(executor, tasks, TASKS, &ran);
			tl_stats stats = stats_of(executor);
			cr_assert_eq(stats.wakes, 0);
			cr_assert_eq(stats.queued, TASKS);
			cr_assert_eq(tl_kick(executor), 0);
			for (int i = 0; i < TASKS; i++)
				cr_assert_eq(tl_future_wait(&tasks[i].future, TL_FOREVER),
				             0);
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

Test(kick, a_kick_brings_as_many_workers_as_there_are_tasks)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		enum { WORKERS = 4 };
		struct gate gate = GATE;
		tl_executor *executor =
			kind == FIXED ? parked(kind, WORKERS)
				      : tl_adaptive_pool_create(
						&(tl_options){ .max_workers = WORKERS });
		tl_task tasks[WORKERS];
		for (int i = 0; i < WORKERS; i++) {
			tl_task_init(&tasks[i], gate_pass, &gate);
			cr_assert_eq(tl_submit_quietly(executor, &tasks[i]), 0);
		}
		cr_assert_eq(tl_kick(executor), 0);
		assert_soon(atomic_load(&gate.inside) == WORKERS);
		gate_open(&gate);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(kick, a_later_submit_and_a_shutdown_kick_too)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int with = 0; with < 2; with++) {
			tl_executor *executor = parked(kind, 2 - (kind == WORKER));
			tl_task tasks[TASKS];
			atomic_long ran = 0;
			submit_quietly(executor, tasks, TASKS, &ran);
			if (with) {
				tl_await(tl_submit(executor, identity, NULL));
				for (int i = 0; i < TASKS; i++)
					tl_future_wait(&tasks[i].future, TL_FOREVER);
			}
			tl_executor_destroy(executor);
			cr_assert_eq(atomic_load(&ran), TASKS);
		}
	END_CLEAN();
}

Test(kick, a_serial_queue_is_kicked_through_its_pool)
{
	tl_executor *pool = parked(FIXED, 1);
	tl_executor *serial = tl_serial_create(pool, 1);
	tl_task tasks[TASKS];
	atomic_long ran = 0;
	submit_quietly(serial, tasks, TASKS, &ran);
	cr_assert_eq(stats_of(pool).wakes, 0);
	cr_assert_eq(tl_kick(serial), 0);
	for (int i = 0; i < TASKS; i++)
		cr_assert_eq(tl_future_wait(&tasks[i].future, TL_FOREVER), 0);
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(kick, a_submit_that_waits_for_room_kicks)
{
	tl_options options = { .spin = TL_NONE,
		               .max_pending = 1,
		               .when_full = TL_FULL_WAIT };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	tl_task tasks[TASKS];
	atomic_long ran = 0;
	submit_quietly(pool, tasks, TASKS, &ran);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&ran), TASKS);
	END_CLEAN();
}

/* The one comes quietly, the other waits for the room that it takes: nobody else kicks.
 * They meet by spinning: by a barrier they would seldom come at the same moment. */
struct beside {
	tl_executor *pool;
	atomic_long round, other_round;
	tl_task quiet;
	atomic_long ran;
};
#define ROUNDS 20000

static void meet(atomic_long *mine, atomic_long *other)
{
	long round = atomic_fetch_add(mine, 1) + 1;
	for (long i = 0; atomic_load(other) < round; i++)
		if (i > 10000)
			sched_yield();
}

static void *queues_quietly(void *argument)
{
	struct beside *beside = argument;
	for (long i = 0; i < scaled(ROUNDS); i++) {
		tl_task_init(&beside->quiet, add_one, &beside->ran);
		meet(&beside->round, &beside->other_round);
		cr_assert_eq(tl_submit_quietly(beside->pool, &beside->quiet), 0);
		meet(&beside->round, &beside->other_round);
		cr_assert_eq(tl_future_wait(&beside->quiet.future, TL_FOREVER), 0);
	}
	return NULL;
}

Test(kick, a_submit_that_waits_for_room_kicks_what_comes_quietly_beside_it)
{
	tl_options options = { .spin = TL_NONE,
		               .max_pending = 1,
		               .when_full = TL_FULL_WAIT };
	pthread_t thread;
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	struct beside beside = { .pool = pool };
	cr_assert_eq(pthread_create(&thread, NULL, queues_quietly, &beside), 0);
	for (long i = 0; i < scaled(ROUNDS); i++) {
		tl_task task;
		tl_task_init(&task, add_one, &beside.ran);
		meet(&beside.other_round, &beside.round);
		for (volatile long pause = 0; pause < i % 100; pause++)
			;
		cr_assert_eq(tl_submit_task(pool, &task), 0);
		cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
		meet(&beside.other_round, &beside.round);
		cr_assert_eq(tl_kick(pool), 0);
	}
	pthread_join(thread, NULL);
	cr_assert_eq(atomic_load(&beside.ran), 2 * scaled(ROUNDS));
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(kick, a_serial_queue_wakes_for_the_next_task_also_what_came_quietly)
{
	for (unsigned width = 1; width <= 2; width++) {
		tl_executor *pool = parked(FIXED, 2);
		tl_executor *serial = tl_serial_create(pool, width);
		tl_task quiet[2], task;
		atomic_long ran = 0;
		submit_quietly(serial, quiet, (int)width, &ran);
		tl_task_init(&task, add_one, &ran);
		cr_assert_eq(tl_submit_task(serial, &task), 0);
		cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
		assert_soon(atomic_load(&ran) == (long)width + 1);
		tl_executor_destroy(serial);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}
