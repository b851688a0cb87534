/* SPDX-License-Identifier: MIT */
/* The counters add up. */
#include "support.h"

static void check_balance(tl_executor *executor)
{
	tl_stats stats = stats_of(executor);
	cr_assert_eq(stats.submitted, stats.completed + stats.cancelled + stats.queued);
}

Test(stats, submitted_is_completed_cancelled_or_queued)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int n = 0; n <= 9000; n += 4500) {
			tl_executor *executor = executor_of(kind, 1, NULL);
			struct gate gate = GATE;
			tl_future **futures = calloc((size_t)n + 1, sizeof *futures);
			hold(executor, &gate, 1);
			for (int i = 0; i < n; i++)
				futures[i] =
					tl_submit(executor, i % 3 ? identity : fail_with,
				                  VALUE(-1));
			tl_stats stats = stats_of(executor);
			cr_assert_eq(stats.submitted, (uint64_t)n + 1);
			cr_assert_eq(stats.queued, (uint64_t)n, "kind %d, %d: %d", kind,
			             n, (int)stats.queued);
			cr_assert_eq(stats.completed, 0);
			cr_assert_eq(stats.idle, 0);
			for (int i = 0; i < n; i += 2)
				cr_assert_eq(tl_future_cancel(futures[i]), 0);
			gate_open(&gate);
			for (int i = 0; i < n; i++) {
				tl_future_wait(futures[i], TL_FOREVER);
				tl_future_release(futures[i]);
			}
			assert_soon(stats_of(executor).idle == 1);
			stats = stats_of(executor);
			cr_assert_eq(stats.submitted, (uint64_t)n + 1);
			cr_assert_eq(stats.cancelled, ((uint64_t)n + 1) / 2);
			cr_assert_eq(stats.completed, (uint64_t)n / 2 + 1);
			cr_assert_eq(stats.queued, 0);
			check_balance(executor);
			tl_executor_destroy(executor);
			free(futures);
		}
	END_CLEAN();
}

static void *submit_more(void *executor)
{
	for (int i = 0; i < 50; i++)
		tl_future_release(tl_submit(executor, identity, NULL));
	tl_await(tl_submit(executor, identity, NULL));
	return NULL;
}

Test(stats, tasks_run_inside_waits_count_once)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		for (int i = 0; i < 100; i++)
			tl_await(tl_submit(pool, submit_more, pool));
		assert_soon(stats_of(pool).completed == 5200);
		cr_assert_eq(stats_of(pool).submitted, 5200);
		cr_assert_eq(stats_of(pool).queued, 0);
		check_balance(pool);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* In a worker: its children are queued in front of it, and nobody else is there. */
static void *wait_for_children(void *executor)
{
	tl_future *futures[4];
	tl_group group;
	tl_group_init(&group, executor, NULL);
	for (size_t i = 0; i < LENGTH(futures); i++) {
		futures[i] = tl_submit(executor, identity, NULL);
		tl_future_release(tl_group_submit(&group, identity, NULL));
	}
	tl_future_cancel(futures[0]);
	int error = tl_wait(futures, LENGTH(futures), TL_ANY, TL_FOREVER);
	if (error >= 0)
		error = tl_wait(futures, LENGTH(futures), TL_ALL, TL_FOREVER);
	if (!error)
		error = tl_group_wait(&group, TL_FOREVER);
	for (size_t i = 0; i < LENGTH(futures); i++)
		tl_future_release(futures[i]);
	return VALUE(error);
}

Test(stats, what_a_worker_runs_inside_a_wait_for_it_is_counted)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		tl_options options = { .max_workers = 1 };
		tl_executor *pool = kind == FIXED ? tl_fixed_pool_create(1, NULL)
		                                  : tl_adaptive_pool_create(&options);
		for (uint64_t i = 1; i <= 10; i++) {
			cr_assert_null(
				tl_await(tl_submit(pool, wait_for_children, pool)));
			tl_stats stats = stats_of(pool);
			cr_assert_eq(stats.claimed, 7 * i);
			cr_assert_eq(stats.cancelled, i);
		}
		check_balance(pool);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *wait_for_one(void *executor)
{
	return tl_await(tl_submit(executor, identity, VALUE(5)));
}

Test(stats, a_turn_of_a_serial_queue_inside_a_wait_counts_in_its_pool)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	cr_assert_eq(tl_await(tl_submit(pool, wait_for_one, serial)), VALUE(5));
	cr_assert_eq(stats_of(pool).claimed, 1);
	cr_assert_eq(stats_of(serial).claimed, 0);
	check_balance(pool);
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(stats, a_wait_that_finds_its_task_ended_has_claimed_nothing)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (int i = 0; i < 100; i++)
		tl_await(tl_submit(pool, identity, NULL)); /* from outside */
	cr_assert_eq(stats_of(pool).claimed, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(stats, threads_started_retired_and_there)
{
	tl_options options = { .max_workers = 3, .idle_timeout = 5 * MILLISECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	for (uint64_t round = 1; round <= 3; round++) {
		struct gate gate = GATE;
		hold(pool, &gate, 3);
		cr_assert_eq(stats_of(pool).workers, 3);
		gate_open(&gate);
		assert_soon(stats_of(pool).retired == 2 * round);
		tl_stats stats = stats_of(pool);
		cr_assert_eq(stats.started, 1 + 2 * round);
		cr_assert_eq(stats.workers, 1);
		assert_soon(stats_of(pool).idle == 1);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(stats, refused_tasks_do_not_count)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_task task;
	tl_task_init(&task, identity, NULL);
	tl_future_cancel(&task.future);
	tl_submit_task(pool, &task);
	tl_submit(pool, NULL, NULL);
	cr_assert_eq(stats_of(pool).submitted, 0);
	tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER);
	tl_submit(pool, identity, NULL);
	cr_assert_eq(stats_of(pool).submitted, 0);
	cr_assert_eq(stats_of(pool).workers, 0);
	check_balance(pool);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(stats, an_older_caller_gets_what_it_knows)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_stats stats;
	tl_await(tl_submit(pool, identity, NULL));
	for (size_t size = sizeof(uint64_t); size <= sizeof stats;
	     size += sizeof(uint64_t)) {
		memset(&stats, 0xa5, sizeof stats);
		cr_assert_eq(tl_executor_stats(pool, &stats, size), 0);
		cr_assert_eq(stats.submitted, 1);
		for (size_t i = size; i < sizeof stats; i++)
			cr_assert_eq(((unsigned char *)&stats)[i], 0xa5);
	}
	cr_assert_eq(tl_executor_stats(pool, &stats, 0), -EINVAL);
	cr_assert_eq(tl_executor_stats(pool, NULL, sizeof stats), -EINVAL);
	cr_assert_eq(tl_executor_stats(NULL, &stats, sizeof stats), -EINVAL);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(stats, sleeping_workers_are_woken_and_counted)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	uint64_t woken = 0;
	for (int i = 0; i < 20; i++) {
		assert_soon(stats_of(pool).parks > woken && stats_of(pool).idle == 1);
		woken = stats_of(pool).parks;
		tl_await(tl_submit(pool, identity, NULL));
	}
	tl_stats stats = stats_of(pool);
	cr_assert_geq(stats.wakes, 1);
	cr_assert_leq(stats.vain_wakes, stats.wakes);
	cr_assert_eq(stats.stolen, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
