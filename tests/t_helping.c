/* SPDX-License-Identifier: MIT */
/* TL_WAITERS_HELP: a worker that waits inside a task runs any other task meanwhile. */
#include "helping.h"

Test(helping, the_only_worker_waits_for_what_a_later_task_does)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		tl_executor *pool = helping_pool(kind, 1);
		for (int i = 0; i < 200; i++) {
			tl_future promise;
			tl_future_init(&promise);
			tl_future *first = tl_submit(pool, await_own, &promise);
			if (i % 2)
				assert_soon(tl_future_running(first));
			if (i % 4 == 3)
				assert_soon(dozes(pool, 1));
			cr_assert_null(tl_await(tl_submit(pool, set_it, &promise)));
			cr_assert_eq(tl_await(first), VALUE(7));
		}
		tl_stats stats = stats_of(pool);
		cr_assert_eq(stats.completed, 400);
		cr_assert_geq(stats.aside, 100);
		cr_assert_eq(stats.claimed, 0);
		cr_assert_eq(stats.workers, 1);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(helping, without_the_flag_no_strange_task_is_run_in_a_wait)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		tl_future promise;
		tl_executor *pool = executor_of(kind, 1, NULL);
		tl_future_init(&promise);
		tl_future *first = tl_submit(pool, await_own, &promise);
		assert_soon(stats_of(pool).blocked == 1);
		tl_future *second = tl_submit(pool, identity, NULL);
		cr_assert_eq(tl_future_wait(second, 5 * MILLISECOND), -ETIMEDOUT);
		tl_future_set(&promise, VALUE(7));
		cr_assert_eq(tl_await(first), VALUE(7));
		cr_assert_null(tl_await(second));
		cr_assert_eq(stats_of(pool).aside, 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(helping, not_for_a_worker_whose_order_it_would_break)
{
	tl_options options = { .flags = TL_WAITERS_HELP };
	errno = 0;
	cr_assert_null(tl_worker_create(&options));
	cr_assert_eq(errno, EINVAL);
	END_CLEAN();
}

Test(helping, while_all_workers_wait_tasks_from_outside_run)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		tl_executor *pool = helping_pool(FIXED, workers);
		tl_future promises[3], *waiters[3];
		for (unsigned i = 0; i < workers; i++) {
			tl_future_init(&promises[i]);
			waiters[i] = tl_submit(pool, await_own, &promises[i]);
		}
		assert_soon(dozes(pool, workers));
		for (int i = 0; i < 200; i++)
			cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(i))),
			             VALUE(i));
		if (workers == 1) /* else two may wait on one stack */
			cr_assert_eq(stats_of(pool).aside, 200);
		for (unsigned i = 0; i < workers; i++)
			tl_future_set(&promises[i], VALUE(i));
		for (unsigned i = 0; i < workers; i++)
			cr_assert_eq(tl_await(waiters[i]), VALUE(i));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* ---- What it costs, and whom it leaves alone ---------------------------------------- */

Test(helping, a_waiter_is_not_woken_while_another_worker_is_idle)
{
	tl_executor *pool = helping_pool(FIXED, 2);
	tl_future promise;
	tl_future_init(&promise);
	tl_future *first = tl_submit(pool, await_own, &promise);
	assert_soon(tl_future_running(first) && dozes(pool, 2));
	for (int i = 0; i < 200; i++) {
		tl_await(tl_submit(pool, identity, NULL));
		assert_soon(stats_of(pool).idle == 2);
	}
	cr_assert_eq(stats_of(pool).aside, 0);
	tl_future_set(&promise, NULL);
	tl_await(first);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(helping, the_end_of_a_wait_is_no_vain_wake_up)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	for (int i = 0; i < 200; i++) {
		tl_future promise;
		tl_future_init(&promise);
		tl_future *first = tl_submit(pool, await_own, &promise);
		assert_soon(tl_future_running(first) && dozes(pool, 1));
		tl_future_set(&promise, NULL);
		tl_await(first);
	}
	tl_stats stats = stats_of(pool);
	cr_assert_eq(stats.vain_wakes, 0);
	cr_assert_leq(stats.wakes, 200);
	cr_assert_eq(stats.aside, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *await_in_section(void *promise)
{
	tl_blocking_begin();
	void *value = await_own(promise);
	tl_blocking_end();
	return value;
}

Test(helping, not_in_a_blocking_section)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	tl_future promise;
	tl_future_init(&promise);
	tl_future *first = tl_submit(pool, await_in_section, &promise);
	assert_soon(stats_of(pool).blocked == 1);
	tl_future *second = tl_submit(pool, identity, NULL);
	cr_assert_eq(tl_future_wait(second, 5 * MILLISECOND), -ETIMEDOUT);
	tl_future_set(&promise, VALUE(7));
	cr_assert_eq(tl_await(first), VALUE(7));
	tl_await(second);
	cr_assert_eq(stats_of(pool).aside, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- What else comes ------------------------------------------------------------------- */

static void *await_timer(void *pool)
{
	void *value = NULL;
	tl_future *future = tl_after(pool, MILLISECOND, identity, VALUE(9));
	int error = tl_future_result(future, &value, TL_FOREVER);
	tl_future_release(future);
	return error ? VALUE(error) : value;
}

Test(helping, who_waits_keeps_the_time)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(tl_await(tl_submit(pool, await_timer, pool)), VALUE(9));
		tl_future promise;
		tl_future_init(&promise);
		tl_future *first = tl_submit(pool, await_own, &promise);
		assert_soon(tl_future_running(first) && dozes(pool, 1));
		tl_future_release(tl_after(pool, 100 * MICROSECOND, set_it, &promise));
		cr_assert_eq(tl_await(first), VALUE(7));
	}
	cr_assert_eq(stats_of(pool).replaced, 0);
	cr_assert_eq(stats_of(pool).workers, 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(helping, turns_of_serial_queues_and_urgent_tasks_run_in_the_wait)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	tl_executor *serial = tl_serial_create(pool, 1);
	for (int i = 0; i < 100; i++) {
		tl_future promise;
		tl_task task;
		tl_future_init(&promise);
		tl_future *first = tl_submit(serial, await_own, &promise);
		assert_soon(tl_future_running(first) && dozes(pool, 1));
		tl_task_init(&task, set_it, &promise);
		cr_assert_eq(tl_submit_urgently(pool, &task), 0);
		cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
		cr_assert_eq(tl_await(first), VALUE(7));

		tl_future_init(&promise);
		first = tl_submit(pool, await_own, &promise);
		tl_future_release(tl_submit(serial, set_it, &promise));
		cr_assert_eq(tl_await(first), VALUE(7));
	}
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}
