/* SPDX-License-Identifier: MIT */
/*
 * An adaptive pool whose workers come and go all the time: it never has too many, and
 * never too few. What its ancestor got wrong.
 */
#include "support.h"

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void *meet(void *barrier)
{
	pthread_barrier_wait(barrier);
	return NULL;
}

/* The pool gives as many threads as it may to tasks that block. */
static void check_capacity(tl_executor *pool, unsigned max)
{
	pthread_barrier_t barrier;
	tl_future *futures[8];
	pthread_barrier_init(&barrier, NULL, max);
	for (unsigned i = 0; i < max; i++)
		futures[i] = tl_submit(pool, meet, &barrier);
	for (unsigned i = 0; i < max; i++)
		tl_await(futures[i]);
	pthread_barrier_destroy(&barrier);
}

static void submit_in_bursts(tl_executor *pool, long total, unsigned max)
{
	unsigned seed = 1;
	atomic_long ran = 0;
	long submitted = 0;
	while (submitted < total) {
		unsigned burst = 1 + next_random(&seed) % (seed & 64 ? 200 : 4);
		tl_future *last = NULL;
		for (unsigned i = 0; i < burst; i++) {
			tl_future_release(last);
			last = tl_submit(pool, add_one, &ran);
			submitted++;
		}
		switch (next_random(&seed) % 4) {
		case 0: tl_future_release(last); break;
		case 1: tl_await(last); break;
		case 2:
			while (!tl_future_done(last))
				;
			tl_future_release(last);
			break;
		default:
			while (tl_future_wait(last, 20 * MICROSECOND))
				;
			tl_future_release(last);
		}
		if (next_random(&seed) % 200 == 0)
			check_capacity(pool, max);
		if (next_random(&seed) % 64 == 0)
			assert_soon(atomic_load(&ran) == submitted);
	}
	assert_soon(atomic_load(&ran) == submitted);
}

static struct {
	atomic_int now, most;
} census;

static void count_in(void *unused)
{
	(void)unused;
	int n = atomic_fetch_add(&census.now, 1) + 1;
	int most = atomic_load(&census.most);
	while (n > most && !atomic_compare_exchange_weak(&census.most, &most, n))
		;
}

static void count_out(void *unused)
{
	(void)unused;
	atomic_fetch_sub(&census.now, 1);
}

/* Counted by the threads themselves; one that is on its way out (it has given up its
 * place and takes no task any more) may meet the one that came for it. */
Test(drift, worker_count_stays_within_the_maximum_and_capacity_is_kept)
{
	static const int64_t timeouts[] = { 1, 3 * MICROSECOND, 60 * MICROSECOND };
	for (size_t i = 0; i < LENGTH(timeouts); i++) {
		unsigned max = 2 + (unsigned)i;
		tl_options options = { .max_workers = max,
			               .idle_timeout = timeouts[i],
			               .on_start = count_in,
			               .on_stop = count_out };
		tl_executor *pool = tl_adaptive_pool_create(&options);
		atomic_store(&census.most, 0);
		submit_in_bursts(pool, scaled(400000), max);
		for (int round = 0; round < 100; round++)
			check_capacity(pool, max);
		tl_stats stats = stats_of(pool);
		cr_assert_leq(stats.workers, max);
		/* exact at rest: a thread may just be on its way out */
		assert_soon((stats = stats_of(pool),
		             stats.started - stats.retired == stats.workers));
		tl_executor_destroy(pool);
		cr_assert_eq(atomic_load(&census.now), 0);
		cr_assert_geq(atomic_load(&census.most), (int)max);
		END_CLEAN();
	}
}

/*
 * Two blocking tasks, the second submitted just when a worker times out: it must start
 * while the first still blocks.
 */
Test(drift, no_capacity_is_lost_around_the_time_out)
{
	tl_options options = { .max_workers = 2, .idle_timeout = 50 * MICROSECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	unsigned seed = 7;
	for (long round = scaled(10000); round--;) {
		int64_t start = now(), delay = next_random(&seed) % 200 * MICROSECOND;
		while (now() - start < delay)
			;
		check_capacity(pool, 2);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

static atomic_int lock_step;

static void *step(void *unused)
{
	(void)unused;
	atomic_fetch_add(&lock_step, 1);
	return NULL;
}

static void *wait_for_step(void *unused)
{
	/* with no help from the library: only another thread can end this */
	int seen = atomic_load(&lock_step);
	(void)unused;
	while (atomic_load(&lock_step) == seen)
		;
	return NULL;
}

Test(drift, second_task_runs_while_the_first_spins)
{
	tl_options options = { .max_workers = 2, .idle_timeout = 20 * MICROSECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	unsigned seed = 3;
	for (long round = scaled(5000); round--;) {
		tl_future *first = tl_submit(pool, wait_for_step, NULL);
		for (unsigned i = next_random(&seed) % 3000; i--;)
			atomic_signal_fence(memory_order_seq_cst);
		while (!tl_future_running(first))
			;
		int64_t start = now();
		while (now() - start < 2 * MICROSECOND)
			;
		tl_future *second;
		do { /* the first may have looked before or after a step */
			second = tl_submit(pool, step, NULL);
			tl_await(second);
		} while (!tl_future_done(first) && tl_future_wait(first, MILLISECOND));
		tl_future_release(first);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(drift, maximum_changed_all_the_time_loses_nothing)
{
	tl_options options = { .max_workers = 4, .idle_timeout = 30 * MICROSECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	atomic_long ran = 0;
	long submitted = 0;
	unsigned seed = 11;
	for (long round = scaled(20000); round--;) {
		unsigned max = 1 + next_random(&seed) % 4;
		cr_assert_eq(tl_executor_set_max_workers(pool, max), 0);
		for (unsigned i = next_random(&seed) % 8; i--; submitted++)
			tl_future_release(tl_submit(pool, add_one, &ran));
		if (round % 64 == 0)
			check_capacity(pool, max);
	}
	assert_soon(atomic_load(&ran) == submitted);
	tl_executor_destroy(pool);
	END_CLEAN();
}
