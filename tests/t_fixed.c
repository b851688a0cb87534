/* SPDX-License-Identifier: MIT */
/* A fixed pool: so many threads, from the start to the end. */
#include "support.h"

static const unsigned counts[] = { 1, 2, 4 };

Test(fixed, has_exactly_its_threads)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		int n = (int)counts[i];
		tl_executor *pool = tl_fixed_pool_create(counts[i], NULL);
		cr_assert_not_null(pool);
		cr_assert_eq(thread_count(), 1 + n);
		struct gate gate = GATE;
		for (int k = 0; k < 3 * n; k++)
			tl_future_release(tl_submit(pool, gate_pass, &gate));
		assert_soon(atomic_load(&gate.inside) == n);
		cr_assert_eq(thread_count(), 1 + n);
		cr_assert_eq(stats_of(pool).queued, (uint64_t)(2 * n));
		cr_assert_eq(atomic_load(&gate.inside), n);
		gate_open(&gate);
		assert_soon(atomic_load(&gate.passed) == 3 * n);
		cr_assert_eq(thread_count(), 1 + n);
		cr_assert_eq(stats_of(pool).started, (uint64_t)n);
		cr_assert_eq(tl_executor_destroy(pool), 0);
		END_CLEAN();
	}
}

static void *meet(void *barrier)
{
	pthread_barrier_wait(barrier);
	return NULL;
}

Test(fixed, runs_as_many_at_once_as_it_has_threads)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		tl_executor *pool = tl_fixed_pool_create(counts[i], NULL);
		pthread_barrier_t barrier;
		tl_future *futures[4];
		pthread_barrier_init(&barrier, NULL, counts[i]);
		for (long round = scaled(1000); round--;) {
			for (unsigned k = 0; k < counts[i]; k++)
				futures[k] = tl_submit(pool, meet, &barrier);
			for (unsigned k = 0; k < counts[i]; k++)
				tl_await(futures[k]);
		}
		tl_executor_destroy(pool);
		pthread_barrier_destroy(&barrier);
	}
	END_CLEAN();
}

Test(fixed, wakes_as_many_as_a_batch_needs)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		unsigned n = counts[i];
		tl_executor *pool = tl_fixed_pool_create(n, NULL);
		pthread_barrier_t barrier;
		pthread_barrier_init(&barrier, NULL, n);
		for (long round = scaled(1000); round--;) {
			tl_task tasks[4], *batch[4];
			for (unsigned k = 0; k < n; k++) {
				tl_task_init(&tasks[k], meet, &barrier);
				batch[k] = &tasks[k];
			}
			cr_assert_eq(tl_submit_tasks(pool, batch, n), (int)n);
			for (unsigned k = 0; k < n; k++)
				tl_future_wait(&tasks[k].future, TL_FOREVER);
		}
		tl_executor_destroy(pool);
		pthread_barrier_destroy(&barrier);
	}
	END_CLEAN();
}

static void *odd(void *argument)
{
	return VALUE((intptr_t)argument * 2 + 1);
}

Test(fixed, gives_the_same_results_for_any_number_of_tasks)
{
	static const long numbers[] = { 0, 1, 10, 1000, 100000 };
	for (size_t i = 0; i < LENGTH(counts); i++)
		for (size_t k = 0; k < LENGTH(numbers); k++) {
			long n = scaled(numbers[k]);
			tl_executor *pool = tl_fixed_pool_create(counts[i], NULL);
			tl_future **futures = calloc((size_t)n + 1, sizeof *futures);
			for (long j = 0; j < n; j++)
				futures[j] = tl_submit(pool, odd, VALUE(j));
			long wrong = 0;
			for (long j = 0; j < n; j++)
				wrong += tl_await(futures[j]) != VALUE(2 * j + 1);
			cr_assert_eq(wrong, 0);
			cr_assert_eq(stats_of(pool).completed, (uint64_t)n);
			cr_assert_eq(thread_count(), 1 + (int)counts[i]);
			tl_executor_destroy(pool);
			END_CLEAN();
			free(futures);
		}
}

Test(fixed, destroy_runs_what_is_queued)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		atomic_long ran = 0;
		tl_executor *pool = tl_fixed_pool_create(counts[i], NULL);
		long n = scaled(20000);
		for (long k = 0; k < n; k++)
			tl_future_release(tl_submit(pool, add_one, &ran));
		cr_assert_eq(tl_executor_destroy(pool), 0);
		cr_assert_eq(atomic_load(&ran), n);
	}
	END_CLEAN();
}

enum { PRODUCERS = 8 };
static struct {
	tl_executor *pool;
	atomic_long ran, refused;
} crowd;

static void *produce(void *unused)
{
	(void)unused;
	for (long i = scaled(20000); i--;) {
		tl_future *future = tl_submit(crowd.pool, add_one, &crowd.ran);
		if (!future)
			atomic_fetch_add(&crowd.refused, 1);
		if (i % 64)
			tl_future_release(future);
		else
			tl_await(future);
	}
	return NULL;
}

Test(fixed, runs_everything_from_eight_producers)
{
	for (size_t i = 0; i < LENGTH(counts); i++) {
		pthread_t threads[PRODUCERS];
		atomic_store(&crowd.ran, 0);
		crowd.pool = tl_fixed_pool_create(counts[i], NULL);
		for (int k = 0; k < PRODUCERS; k++)
			pthread_create(&threads[k], NULL, produce, NULL);
		for (int k = 0; k < PRODUCERS; k++)
			pthread_join(threads[k], NULL);
		tl_executor_destroy(crowd.pool);
		cr_assert_eq(atomic_load(&crowd.refused), 0);
		cr_assert_eq(atomic_load(&crowd.ran), PRODUCERS * scaled(20000));
	}
	END_CLEAN();
}
