/* SPDX-License-Identifier: MIT */
/* tl_every: at fixed times, one run at a time, until it is stopped. */
#include "support.h"

#define PERIOD MILLISECOND
#define NEVER (1000000 * SECOND)

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

/* ---- tl_submit_within ------------------------------------------------------------ */

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

Test(within, a_task_that_begins_in_time_runs_and_leaves_no_timer)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		tl_future *future = tl_submit_within(executor, NEVER, identity, VALUE(9));
		cr_assert_eq(tl_await(future), VALUE(9));
		assert_soon(stats_of(executor).timers == 0);
		cr_assert_eq(tl_await(tl_submit_within(executor, TL_FOREVER, identity,
		                                       VALUE(8))),
		             VALUE(8));
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(within, a_task_that_is_late_is_cancelled_and_never_runs)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_executor *executor = executor_of(kind, 1, NULL);
		atomic_long ran = 0;
		hold(executor, &gate, 1);
		tl_future *late = tl_submit_within(executor, PERIOD, add_one, &ran);
		tl_future *in_time = tl_submit_within(executor, NEVER, add_one, &ran);
		int64_t over = now() + PERIOD;
		assert_soon(now() > over);
		gate_open(&gate);
		cr_assert_eq(tl_future_result(late, NULL, TL_FOREVER), -ECANCELED);
		cr_assert(tl_future_cancelled(late));
		cr_assert_eq(tl_future_wait(in_time, TL_FOREVER), 0);
		tl_future_release(late);
		tl_future_release(in_time);
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&ran), 1);
	}
	END_CLEAN();
}

/* Its turn comes only after a task of its queue; the pool has an idle worker. */
Test(within, waiters_hear_of_it_at_once_if_a_worker_is_idle)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	hold(serial, &gate, 1);
	tl_future *late = tl_submit_within(serial, PERIOD, identity, NULL);
	cr_assert_eq(tl_future_result(late, NULL, TL_FOREVER), -ECANCELED);
	tl_future_release(late);
	gate_open(&gate);
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(within, what_runs_already_is_not_asked_to_stop)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_future *future = tl_submit_within(pool, 20 * PERIOD, gate_pass, &gate);
	assert_soon(stats_of(pool).timers == 0); /* over: the time has passed */
	cr_assert(tl_future_cancelled(future) || tl_future_running(future));
	gate_open(&gate);
	int result = tl_future_result(future, NULL, TL_FOREVER);
	cr_assert(result == 0 || result == -ECANCELED);
	tl_future_release(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(within, a_drain_keeps_to_the_limits)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	atomic_long ran = 0;
	hold(pool, &gate, 1);
	tl_future *late[50], *in_time = tl_submit_within(pool, NEVER, add_one, &ran);
	for (int i = 0; i < 50; i++)
		late[i] = tl_submit_within(pool, PERIOD, add_one, &ran);
	int64_t over = now() + PERIOD;
	assert_soon(now() > over);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, 0), -ETIMEDOUT);
	gate_open(&gate);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
	for (int i = 0; i < 50; i++) {
		cr_assert_eq(tl_future_result(late[i], NULL, 0), -ECANCELED);
		tl_future_release(late[i]);
	}
	cr_assert_eq(tl_future_result(in_time, NULL, 0), 0);
	tl_future_release(in_time);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&ran), 1);
	END_CLEAN();
}

Test(within, a_full_pool_refuses_it_and_nothing_is_left)
{
	struct gate gate = GATE;
	tl_options options = { .max_pending = 1 };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	hold(pool, &gate, 1);
	tl_future *queued = tl_submit(pool, identity, NULL);
	for (int i = 0; i < 20; i++) {
		cr_assert_null(tl_submit_within(pool, i ? NEVER : 0, identity, NULL));
		cr_assert_eq(errno, EAGAIN);
	}
	gate_open(&gate);
	tl_await(queued);
	assert_soon(stats_of(pool).timers == 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
