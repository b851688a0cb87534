/* SPDX-License-Identifier: MIT */
/* tl_after: never early, in order, cancelled at once. */
#include "times.h"

Test(timer, bad_arguments_are_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	tl_function *f = identity;
	cr_assert_null(tl_after(NULL, 1, f, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_after(pool, -1, f, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_after(pool, 1, NULL, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_after(serial, 1, f, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_every(pool, 0, f, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_submit_within(pool, -1, f, NULL));
	cr_assert_eq(errno, EINVAL);
	tl_executor_destroy(serial);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
	cr_assert_null(tl_after(pool, 1, f, NULL));
	cr_assert_eq(errno, ESHUTDOWN);
	cr_assert_null(tl_every(pool, 1, f, NULL));
	cr_assert_eq(errno, ESHUTDOWN);
	cr_assert_null(tl_submit_within(pool, 1, f, NULL));
	cr_assert_eq(errno, ESHUTDOWN);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *time_now(void *unused)
{
	(void)unused;
	return VALUE(now());
}

Test(timer, a_timer_is_never_early_and_hands_out_its_result)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		for (int i = 0; i < 20; i++) {
			int64_t before = now();
			tl_future *future = tl_after(executor, SOON, time_now, NULL);
			cr_assert_not_null(future);
			cr_assert_geq((intptr_t)tl_await(future), before + SOON);
		}
		cr_assert_eq(tl_await(tl_after(executor, 0, identity, VALUE(7))),
		             VALUE(7));
		cr_assert_null(tl_await(tl_after(executor, 1, fail_with, VALUE(-EIO))));
		cr_assert_eq(errno, EIO);
		cr_assert_eq(stats_of(executor).timers, 0);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

/* What has run, in order; and between which times each was due. */
enum { MARKS = 40 };
static atomic_int marks;
static int marked[MARKS];
static int64_t earliest[MARKS], latest[MARKS];

static void *mark(void *i)
{
	marked[atomic_fetch_add(&marks, 1)] = (int)(intptr_t)i;
	return NULL;
}

static bool in_order(void)
{
	for (int i = 0; i < MARKS; i++)
		for (int k = i + 1; k < MARKS; k++)
			if (earliest[marked[i]] > latest[marked[k]])
				return false;
	return true;
}

Test(timer, one_worker_runs_them_in_the_order_of_their_times)
{
	struct gate gate = GATE;
	tl_executor *worker = tl_worker_create(NULL);
	tl_future *futures[MARKS];
	/* Held until all are due, so that each meets all others. */
	hold(worker, &gate, 1);
	for (int i = 0; i < MARKS; i++) {
		int64_t delay = (i * 7 % MARKS + 1) * 100 * MICROSECOND;
		earliest[i] = now() + delay;
		futures[i] = tl_after(worker, delay, mark, VALUE(i));
		latest[i] = now() + delay;
	}
	int64_t due = now() + (MARKS + 1) * 100 * MICROSECOND;
	assert_soon(now() > due);
	gate_open(&gate);
	for (int i = 0; i < MARKS; i++)
		tl_await(futures[i]);
	tl_executor_destroy(worker);
	cr_assert_eq(atomic_load(&marks), MARKS);
	cr_assert(in_order());
	END_CLEAN();
}

Test(timer, the_nearer_one_comes_first_whatever_order_they_were_set_in)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		for (int i = 0; i < 20; i++) {
			tl_future *far = tl_after(executor, NEVER, identity, NULL);
			tl_future *near = tl_after(executor, SOON, identity, NULL);
			cr_assert_eq(tl_future_wait(near, TL_FOREVER), 0);
			cr_assert_not(tl_future_done(far));
			cr_assert_eq(tl_future_cancel(far), 0);
			tl_future_release(near);
			tl_future_release(far);
		}
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(timer, a_cancelled_timer_is_gone_at_once_and_never_runs)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		atomic_long ran = 0;
		for (int i = 0; i < 100; i++) {
			tl_future *future = tl_after(executor, NEVER, add_one, &ran);
			cr_assert_eq(stats_of(executor).timers, 1);
			cr_assert_eq(tl_future_cancel(future), 0);
			cr_assert_eq(stats_of(executor).timers, 0);
			cr_assert_eq(tl_future_result(future, NULL, 0), -ECANCELED);
			cr_assert_eq(tl_future_cancel(future), -EALREADY);
			tl_future_release(future);
		}
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&ran), 0);
	}
	END_CLEAN();
}

Test(timer, a_released_timer_runs_all_the_same)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	atomic_long ran = 0;
	tl_future_release(tl_after(pool, SOON, add_one, &ran));
	assert_soon(atomic_load(&ran) == 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static tl_future **many;
enum { MANY = 100000 };

Test(timer, a_hundred_thousand_are_set_cancelled_and_run)
{
	int n = (int)scaled(MANY);
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	atomic_long ran = 0;
	unsigned random = 1;
	many = calloc((size_t)n, sizeof *many);
	for (int i = 0; i < n; i++) {
		random = random * 1103515245 + 12345;
		/* every second one soon, at some time; the others are taken back */
		int64_t delay = random / 65536 * MICROSECOND;
		many[i] = tl_after(pool, i % 2 ? NEVER + delay : delay, add_one, &ran);
		cr_assert_not_null(many[i]);
	}
	for (int i = 1; i < n; i += 2)
		cr_assert_eq(tl_future_cancel(many[i]), 0);
	for (int i = 0; i < n; i++) {
		cr_assert_eq(tl_future_result(many[i], NULL, TL_FOREVER),
		             i % 2 ? -ECANCELED : 0);
		tl_future_release(many[i]);
	}
	free(many);
	cr_assert_eq(stats_of(pool).timers, 0);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&ran), n / 2 + n % 2);
	END_CLEAN();
}
