/* SPDX-License-Identifier: MIT */
/* An adaptive pool: one thread for a sequence, as many as it takes for a crowd. */
#include "adaptive_pool.h"

Test(adaptive, starts_with_one_thread)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		tl_executor *pool = pool_of(counts[i], 0);
		cr_assert_eq(thread_count(), 2);
		cr_assert_eq(stats_of(pool).workers, 1);
		tl_executor_destroy(pool);
		END_CLEAN();
	}
}

Test(adaptive, starts_with_its_minimum)
{
	for (unsigned min = 1; min <= 4; min++) {
		tl_options options = { .min_workers = min, .max_workers = 4 };
		tl_executor *pool = tl_adaptive_pool_create(&options);
		cr_assert_eq(thread_count(), 1 + (int)min);
		tl_executor_destroy(pool);
		END_CLEAN();
	}
}

Test(adaptive, sequence_of_submit_and_await_needs_one_thread)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		tl_executor *pool = pool_of(counts[i], 0);
		for (int k = 0; k < 1000; k++) {
			cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(k))),
			             VALUE(k));
			cr_assert_eq(thread_count(), 2, "after %d", k);
		}
		cr_assert_eq(stats_of(pool).started, 1);
		tl_executor_destroy(pool);
		END_CLEAN();
	}
}

Test(adaptive, sequence_of_own_tasks_needs_one_thread)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		tl_executor *pool = pool_of(counts[i], 0);
		tl_task task;
		for (long k = 0; k < scaled(20000); k++) {
			tl_task_init(&task, identity, VALUE(k));
			cr_assert_eq(tl_submit_task(pool, &task), 0);
			cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
		}
		cr_assert_eq(stats_of(pool).started, 1);
		cr_assert_eq(thread_count(), 2);
		tl_executor_destroy(pool);
		END_CLEAN();
	}
}

/* After a time-out and a poll too: the waiter's way of learning it makes no difference. */
Test(adaptive, sequence_that_polls_needs_one_thread)
{
	tl_executor *pool = pool_of(4, 0);
	tl_task task;
	for (long k = 0; k < scaled(20000); k++) {
		tl_task_init(&task, identity, NULL);
		cr_assert_eq(tl_submit_task(pool, &task), 0);
		while (k & 1 ? !tl_future_done(&task.future)
		             : tl_future_wait(&task.future, 1))
			;
	}
	cr_assert_eq(stats_of(pool).started, 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *meet(void *barrier)
{
	pthread_barrier_wait(barrier);
	return NULL;
}

Test(adaptive, blocking_tasks_bring_it_to_its_maximum)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		int n = (int)counts[i];
		tl_executor *pool = pool_of(counts[i], 100 * MILLISECOND);
		for (int round = 0; round < 3; round++) {
			struct gate gate = GATE;
			tl_future *futures[4];
			for (int k = 0; k < n; k++)
				futures[k] = tl_submit(pool, gate_pass, &gate);
			assert_soon(atomic_load(&gate.inside) == n);
			cr_assert_eq(thread_count(), 1 + n, "%d, round %d", n, round);
			tl_future *more = tl_submit(pool, identity, VALUE(5));
			cr_assert_eq(thread_count(), 1 + n);
			gate_open(&gate);
			for (int k = 0; k < n; k++)
				cr_assert_eq(tl_await(futures[k]), &gate);
			cr_assert_eq(tl_await(more), VALUE(5));
			if (round == 1)
				assert_soon(thread_count() == 2);
		}
		assert_soon(thread_count() == 2);
		cr_assert_eq(stats_of(pool).workers, 1);
		tl_executor_destroy(pool);
		END_CLEAN();
	}
}

Test(adaptive, blocking_tasks_all_run_at_once)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		tl_executor *pool = pool_of(counts[i], 0);
		pthread_barrier_t barrier;
		tl_future *futures[4];
		pthread_barrier_init(&barrier, NULL, counts[i]);
		for (long round = scaled(2000); round--;) {
			for (unsigned k = 0; k < counts[i]; k++)
				futures[k] = tl_submit(pool, meet, &barrier);
			for (unsigned k = 0; k < counts[i]; k++)
				tl_await(futures[k]);
		}
		cr_assert_leq(thread_count(), 1 + (int)counts[i]);
		tl_executor_destroy(pool);
		pthread_barrier_destroy(&barrier);
	}
	END_CLEAN();
}

Test(adaptive, batch_of_blocking_tasks_runs_at_once)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		tl_executor *pool = pool_of(counts[i], 0);
		pthread_barrier_t barrier;
		tl_task tasks[4], *batch[4];
		pthread_barrier_init(&barrier, NULL, counts[i]);
		for (long round = scaled(500); round--;) {
			for (unsigned k = 0; k < counts[i]; k++) {
				tl_task_init(&tasks[k], meet, &barrier);
				batch[k] = &tasks[k];
			}
			cr_assert_eq(tl_submit_tasks(pool, batch, counts[i]),
			             (int)counts[i]);
			for (unsigned k = 0; k < counts[i]; k++)
				tl_future_wait(&tasks[k].future, TL_FOREVER);
		}
		tl_executor_destroy(pool);
		pthread_barrier_destroy(&barrier);
	}
	END_CLEAN();
}

static void *submit_blocking(void *argument)
{
	void **pool_and_barrier = argument;
	tl_future_release(tl_submit(pool_and_barrier[0], meet, pool_and_barrier[1]));
	pthread_barrier_wait(pool_and_barrier[1]);
	return NULL;
}

Test(adaptive, blocking_task_from_inside_a_blocking_task_runs)
{
	tl_executor *pool = pool_of(2, 0);
	pthread_barrier_t barrier;
	void *both[] = { pool, &barrier };
	pthread_barrier_init(&barrier, NULL, 3);
	for (long round = scaled(500); round--;) {
		tl_future *future = tl_submit(pool, submit_blocking, both);
		pthread_barrier_wait(&barrier);
		tl_await(future);
		tl_await(tl_submit(pool, identity, NULL));
	}
	tl_executor_destroy(pool);
	pthread_barrier_destroy(&barrier);
	END_CLEAN();
}

/* With a wake-up for each of them the workers would keep up for ever, slowly. (On one CPU
 * nobody searches, and nobody keeps up.) */
Test(adaptive, flood_of_small_tasks_is_not_woken_for_one_by_one)
{
	enum { ROUNDS = 20, FLOOD = 20000 };
	static tl_task tasks[FLOOD];
	uint64_t wakes = 0;
	if (instrumented() || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	for (int round = 0; round < ROUNDS; round++) {
		tl_executor *pool = pool_of(64, 0);
		for (int i = 0; i < FLOOD; i++) {
			tl_task_init(&tasks[i], identity, NULL);
			cr_assert_eq(tl_submit_task(pool, &tasks[i]), 0);
		}
		for (int i = 0; i < FLOOD; i++)
			cr_assert_eq(tl_future_wait(&tasks[i].future, TL_FOREVER), 0);
		wakes += stats_of(pool).wakes;
		tl_executor_destroy(pool);
	}
	cr_assert_lt(wakes, ROUNDS * FLOOD / 10, "%lu wakes", (unsigned long)wakes);
	END_CLEAN();
}
