/* SPDX-License-Identifier: MIT */
/* tl_every: at fixed times, one run at a time, until it is stopped. */
#include "times.h"

Test(every, it_runs_again_and_again_until_it_is_cancelled)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		atomic_long ran = 0;
		tl_future *every = tl_every(executor, PERIOD, add_one, &ran);
		cr_assert_not_null(every);
		assert_soon(atomic_load(&ran) >= 20);
		int result = tl_future_cancel(every);
		cr_assert(result == 0 || result == -EINPROGRESS);
		cr_assert_eq(tl_future_result(every, NULL, TL_FOREVER), -ECANCELED);
		long then = atomic_load(&ran);
		cr_assert_eq(stats_of(executor).timers, 0);
		tl_await(tl_after(executor, 3 * PERIOD, identity, NULL));
		cr_assert_eq(atomic_load(&ran), then);
		tl_future_release(every);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

struct beat {
	int64_t start;
	atomic_long runs, early, lost;
	tl_executor *executor;
};

/* So many periods have begun, and each has been run or counted as missed. */
static void *on_beat(void *argument)
{
	struct beat *beat = argument;
	int64_t at = now() - beat->start;
	long run = atomic_fetch_add(&beat->runs, 1) + 1;
	if (at < run * PERIOD)
		atomic_fetch_add(&beat->early, 1);
	return NULL;
}

Test(every, its_times_do_not_drift)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct beat beat = { .executor = executor_of(kind, 2, NULL) };
		int64_t before = now();
		beat.start = before;
		tl_future *every = tl_every(beat.executor, PERIOD, on_beat, &beat);
		int64_t after = now();
		assert_soon(atomic_load(&beat.runs) >= 100);
		/* While nothing runs: all that has passed is counted, to the period. */
		bool exact = wait_until(({
			long runs = atomic_load(&beat.runs);
			int64_t most = (now() - before) / PERIOD;
			long missed = (long)stats_of(beat.executor).missed;
			int64_t least = (now() - after) / PERIOD;
			most = least > most ? least : most;
			runs == atomic_load(&beat.runs) && runs + missed >= least - 1 &&
				runs + missed <= most;
		}));
		cr_assert(exact, "runs and misses are not the periods");
		tl_future_cancel(every);
		tl_future_wait(every, TL_FOREVER);
		tl_future_release(every);
		cr_assert_eq(atomic_load(&beat.early), 0);
		tl_executor_destroy(beat.executor);
	}
	END_CLEAN();
}

static void *slow(void *argument)
{
	struct beat *beat = argument;
	atomic_long *inside = &beat->early;
	if (atomic_fetch_add(inside, 1))
		atomic_fetch_add(&beat->lost, 1);
	for (int64_t end = now() + 5 * PERIOD / 2; now() < end;)
		;
	atomic_fetch_sub(inside, 1);
	atomic_fetch_add(&beat->runs, 1);
	return NULL;
}

Test(every, runs_never_overlap_and_what_is_left_out_is_counted)
{
	struct beat beat = { .executor = tl_fixed_pool_create(3, NULL) };
	tl_future *every = tl_every(beat.executor, PERIOD, slow, &beat);
	assert_soon(atomic_load(&beat.runs) >= 10);
	tl_future_cancel(every);
	tl_future_wait(every, TL_FOREVER);
	tl_future_release(every);
	cr_assert_eq(atomic_load(&beat.lost), 0);
	cr_assert_geq(stats_of(beat.executor).missed, 2 * 9);
	tl_executor_destroy(beat.executor);
	END_CLEAN();
}

static void *fail_at_ten(void *counter)
{
	add_one(counter);
	return atomic_load((atomic_long *)counter) < 10 ? NULL : tl_fail(-EPIPE);
}

Test(every, a_run_that_fails_is_the_last_one_and_the_error_is_handed_out)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	atomic_long ran = 0;
	tl_future *every = tl_every(pool, PERIOD / 10, fail_at_ten, &ran);
	cr_assert_eq(tl_future_result(every, NULL, TL_FOREVER), -EPIPE);
	cr_assert_eq(atomic_load(&ran), 10);
	tl_future_release(every);
	cr_assert_eq(stats_of(pool).timers, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *until_asked(void *ran)
{
	add_one(ran);
	while (!tl_cancel_requested())
		;
	return NULL;
}

Test(every, cancelling_asks_the_run_to_stop_and_it_is_the_last)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	atomic_long ran = 0;
	tl_future *every = tl_every(pool, PERIOD, until_asked, &ran);
	assert_soon(atomic_load(&ran) == 1);
	cr_assert_eq(tl_future_cancel(every), -EINPROGRESS);
	cr_assert_eq(tl_future_result(every, NULL, TL_FOREVER), -ECANCELED);
	tl_future_release(every);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&ran), 1);
	END_CLEAN();
}

Test(every, no_run_allocates)
{
	if (WITH_TSAN || WITH_ASAN)
		return; /* they do */
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	atomic_long ran = 0;
	tl_future *every = tl_every(pool, PERIOD / 10, add_one, &ran);
	assert_soon(atomic_load(&ran) >= 3);
	long before = allocation_count(), then = atomic_load(&ran);
	assert_soon(atomic_load(&ran) >= then + 50);
	cr_assert_eq(allocation_count(), before);
	tl_future_cancel(every);
	tl_future_wait(every, TL_FOREVER);
	tl_future_release(every);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(every, one_that_was_released_ends_with_the_executor)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int how = TL_DRAIN; how <= TL_CANCEL; how++)
			for (int round = 0; round < 10; round++) {
				tl_executor *executor = executor_of(kind, 2, NULL);
				atomic_long ran = 0;
				for (int i = 0; i < 5; i++)
					tl_future_release(tl_every(executor, PERIOD / 20,
					                           add_one, &ran));
				assert_soon(atomic_load(&ran) > round);
				tl_executor_shutdown(executor, (enum tl_shutdown_mode)how,
				                     TL_FOREVER);
				cr_assert_eq(stats_of(executor).timers, 0);
				tl_executor_destroy(executor);
			}
	END_CLEAN();
}

/* Runs in the hands of a thread outside that waits for it, too. */
Test(every, a_waiter_outside_may_run_it)
{
	tl_options options = { .flags = TL_WAITERS_RUN };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	atomic_long ran = 0;
	for (int i = 0; i < 20; i++) {
		tl_future *every = tl_every(pool, PERIOD / 100, fail_at_ten, &ran);
		cr_assert_eq(tl_future_result(every, NULL, TL_FOREVER), -EPIPE);
		tl_future_release(every);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Each run is a submit of the same task, beside those who look at it. */
static void *waits_for(void *future)
{
	return VALUE(tl_future_wait(future, TL_FOREVER));
}

static void *stops_after_many(void *count)
{
	return atomic_fetch_add((atomic_long *)count, 1) < scaled(2000) ? NULL
	                                                                : tl_fail(-EIO);
}

Test(every, tasks_of_the_pool_wait_for_it)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	atomic_long count = 0;
	tl_future *waiters[4];
	tl_future *every = tl_every(pool, MICROSECOND, stops_after_many, &count);
	for (size_t i = 0; i < LENGTH(waiters); i++)
		waiters[i] = tl_submit(pool, waits_for, every);
	for (size_t i = 0; i < LENGTH(waiters); i++)
		cr_assert_eq(tl_await(waiters[i]), VALUE(0));
	cr_assert_null(tl_await(every));
	cr_assert_eq(errno, EIO);
	tl_executor_destroy(pool);
	END_CLEAN();
}
