/* SPDX-License-Identifier: MIT */
/* tl_submit_within: a task begins in time, or is cancelled. */
#include "times.h"

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
