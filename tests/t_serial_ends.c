/* SPDX-License-Identifier: MIT */
/* Serial queues whose tasks are cancelled, that are shut down, and whose process forks. */
#include "serial_queues.h"

Test(serial, cancelled_tasks_leave_the_queue_at_once)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = serial_on(pool, 1);
	atomic_long ran = 0;
	tl_task tasks[5];
	hold(serial, &gate, 1);
	for (size_t i = 0; i < LENGTH(tasks); i++) {
		tl_task_init(&tasks[i], add_one, &ran);
		cr_assert_eq(tl_submit_task(serial, &tasks[i]), 0);
	}
	cr_assert_eq(stats_of(serial).queued, 5);
	for (size_t i = 0; i < LENGTH(tasks); i += 2)
		cr_assert_eq(tl_task_withdraw(&tasks[i]), 0);
	cr_assert_eq(stats_of(serial).queued, 2);
	cr_assert_eq(stats_of(serial).cancelled, 3);
	gate_open(&gate);
	tl_executor_destroy(serial);
	cr_assert_eq(atomic_load(&ran), 2);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(serial, shutdown_drains_or_cancels_this_queue_alone)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
		struct gate gate = GATE;
		tl_executor *pool = tl_fixed_pool_create(2, NULL);
		tl_executor *serial = serial_on(pool, 1), *other = serial_on(pool, 1);
		tl_task first, second;
		tl_task_init(&first, identity, VALUE(1));
		tl_task_init(&second, identity, VALUE(2));
		hold(serial, &gate, 1);
		cr_assert_eq(tl_submit_task(serial, &first), 0);
		cr_assert_eq(tl_executor_shutdown(serial, how, MILLISECOND), -ETIMEDOUT);
		cr_assert_eq(tl_submit_task(serial, &second), -ESHUTDOWN);
		cr_assert_eq(tl_submit_task(other, &second), 0);
		cr_assert_eq(tl_future_wait(&second.future, TL_FOREVER), 0);
		gate_open(&gate);
		cr_assert_eq(tl_executor_shutdown(serial, how, TL_FOREVER), 0);
		cr_assert_eq(tl_future_result(&first.future, NULL, 0),
		             how == TL_CANCEL ? -ECANCELED : 0);
		tl_stats stats = stats_of(serial);
		cr_assert_eq(stats.submitted, stats.completed + stats.cancelled);
		cr_assert_eq(stats.cancelled, how == TL_CANCEL);
		tl_executor_destroy(serial);
		tl_executor_destroy(other);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(serial, shutdown_of_the_pool_drains_or_cancels_its_queues)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
		enum { QUEUES = 10, TASKS = 50 };
		struct gate gate = GATE;
		tl_executor *pool = tl_fixed_pool_create(1, NULL);
		tl_executor *serials[QUEUES];
		tl_future *futures[QUEUES * TASKS];
		atomic_long ran = 0;
		hold(pool, &gate, 1);
		for (int i = 0; i < QUEUES; i++)
			serials[i] = serial_on(pool, 1 + (unsigned)i % 3);
		for (int i = 0; i < QUEUES * TASKS; i++)
			futures[i] = tl_submit(serials[i % QUEUES], add_one, &ran);
		cr_assert_eq(tl_executor_shutdown(pool, how, 0), -ETIMEDOUT);
		cr_assert_null(tl_submit(serials[0], identity, NULL));
		cr_assert_eq(errno, ESHUTDOWN);
		gate_open(&gate);
		cr_assert_eq(tl_executor_shutdown(pool, how, TL_FOREVER), 0);
		for (int i = 0; i < QUEUES * TASKS; i++) {
			cr_assert_eq(tl_future_result(futures[i], NULL, 0),
			             how == TL_CANCEL ? -ECANCELED : 0);
			tl_future_release(futures[i]);
		}
		cr_assert_eq(atomic_load(&ran), how == TL_CANCEL ? 0 : QUEUES * TASKS);
		for (int i = 0; i < QUEUES; i++)
			cr_assert_eq(stats_of(serials[i]).queued, 0);
		tl_stats stats = stats_of(pool);
		cr_assert_eq(stats.submitted, stats.completed + stats.cancelled);
		for (int i = 0; i < QUEUES; i++)
			cr_assert_eq(tl_executor_destroy(serials[i]), 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *destroy_own(void *argument)
{
	struct pair *pair = argument;
	return VALUE(tl_executor_destroy(pair->serial));
}

static void *destroy_from_pool(void *argument)
{
	struct pair *pair = argument;
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_submit(pair->serial, add_one, &pair->ran));
	return VALUE(tl_executor_destroy(pair->serial));
}

Test(serial, it_is_destroyed_from_other_tasks_of_the_pool_not_from_its_own)
{
	struct pair pair = { .pool = tl_fixed_pool_create(1, NULL) };
	pair.serial = serial_on(pair.pool, 1);
	cr_assert_eq(tl_await(tl_submit(pair.serial, destroy_own, &pair)),
	             VALUE(-EDEADLK));
	cr_assert_eq(tl_await(tl_submit(pair.pool, destroy_from_pool, &pair)), VALUE(0));
	cr_assert_eq(atomic_load(&pair.ran), 100);
	tl_executor_destroy(pair.pool);
	END_CLEAN();
}

/* Created, fed, cancelled at random, destroyed at once, again and again. */
Test(serial, comes_and_goes_beside_cancellers)
{
	tl_executor *pool = tl_adaptive_pool_create(
		&(tl_options){ .max_workers = 3, .idle_timeout = 100 * MICROSECOND });
	for (long i = 0; i < scaled(5000); i++) {
		tl_executor *serial = serial_on(pool, 1 + (unsigned)i % 2);
		atomic_long ran = 0, cancelled = 0;
		tl_future *futures[6];
		for (size_t k = 0; k < LENGTH(futures); k++)
			futures[k] = tl_submit(serial, add_one, &ran);
		for (size_t k = (size_t)i % 3; k < LENGTH(futures); k += 3)
			if (tl_future_cancel(futures[k]) == 0)
				cancelled++;
		cr_assert_eq(tl_executor_destroy(serial), 0);
		cr_assert_eq(atomic_load(&ran) + cancelled, (long)LENGTH(futures));
		for (size_t k = 0; k < LENGTH(futures); k++)
			tl_future_release(futures[k]);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

static int use_in_child(void *argument)
{
	struct pair *pair = argument;
	tl_task task;
	tl_stats stats;
	tl_task_init(&task, identity, NULL);
	return tl_submit_task(pair->serial, &task) != -EOWNERDEAD ||
	       tl_submit_tasks(pair->serial, (tl_task *[]){ &task }, 1) != -EOWNERDEAD ||
	       tl_executor_shutdown(pair->serial, TL_DRAIN, 0) != -EOWNERDEAD ||
	       tl_executor_stats(pair->serial, &stats, sizeof stats) != -EOWNERDEAD ||
	       tl_executor_destroy(pair->serial) != -EOWNERDEAD ||
	       tl_serial_create(pair->pool, 1) || errno != EOWNERDEAD;
}

Test(serial, a_forked_child_has_none)
{
	struct pair pair = { .pool = tl_fixed_pool_create(1, NULL) };
	pair.serial = serial_on(pair.pool, 1);
	cr_assert_eq(in_child(use_in_child, &pair), 0);
	cr_assert_eq(tl_await(tl_submit(pair.serial, identity, VALUE(1))), VALUE(1));
	tl_executor_destroy(pair.serial);
	tl_executor_destroy(pair.pool);
	END_CLEAN();
}
