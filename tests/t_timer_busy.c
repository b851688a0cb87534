/* SPDX-License-Identifier: MIT */
/* Timers fire in time whoever is busy: held workers, waiting ones, full pools. */
#include "times.h"

static int in_pool_of(int kind)
{
	return kind == WORKER ? 1 : 2;
}

static void *again(void *executor)
{
	tl_future_release(tl_submit(executor, again, executor));
	return NULL;
}

Test(timer, it_fires_in_a_pool_that_is_never_idle)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		for (int i = 0; i < 2 * in_pool_of(kind); i++)
			again(executor);
		for (int i = 0; i < 10; i++)
			tl_await(tl_after(executor, SOON, identity, NULL));
		tl_executor_shutdown(executor, TL_CANCEL, TL_FOREVER);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(timer, it_fires_beside_workers_that_are_held)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_executor *pool = executor_of(kind, 3, NULL);
		hold(pool, &gate, 1);
		tl_future *far = tl_after(pool, NEVER, identity, NULL);
		tl_await(tl_after(pool, SOON, identity, NULL));
		hold(pool, &gate, 1); /* it may hold the keeper now */
		tl_await(tl_after(pool, SOON, identity, NULL));
		tl_future_cancel(far);
		tl_future_release(far);
		gate_open(&gate);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(timer, it_fires_when_the_keeper_is_held_by_a_task)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_adaptive_pool_create(&(tl_options){ .max_workers = 4 });
	tl_future *later = tl_after(pool, 5 * SOON, identity, NULL);
	tl_future *holds = tl_after(pool, SOON, gate_pass, &gate);
	cr_assert_eq(tl_future_wait(later, TL_FOREVER), 0);
	gate_open(&gate);
	tl_await(holds);
	tl_future_release(later);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *set_promise(void *future)
{
	tl_future_set(future, NULL);
	return NULL;
}

static void *wait_for_promise(void *future)
{
	tl_future_wait(future, TL_FOREVER);
	return NULL;
}

Test(timer, it_fires_while_all_workers_wait_inside_tasks)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 1, NULL);
		tl_future promise;
		tl_future_init(&promise);
		tl_future *waits = tl_submit(pool, wait_for_promise, &promise);
		assert_soon(tl_future_running(waits));
		tl_future_release(tl_after(pool, SOON, set_promise, &promise));
		tl_await(waits);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *sleep_inside(void *executor)
{
	tl_future *future = tl_after(executor, SOON, identity, VALUE(5));
	int error = tl_future_wait(future, TL_FOREVER);
	if (error)
		tl_future_cancel(future);
	tl_future_release(future);
	return VALUE(error);
}

Test(timer, a_task_may_sleep_by_waiting_for_one_but_in_a_worker)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		intptr_t expected = kind == WORKER ? -EDEADLK : 0;
		for (int i = 0; i < 5; i++)
			cr_assert_eq((intptr_t)tl_await(
					     tl_submit(executor, sleep_inside, executor)),
			             expected);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

/* More of them than the pool has workers, the spare one for timers included. */
Test(timer, any_number_of_tasks_may_sleep_by_waiting_for_one)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		tl_future *tasks[10];
		for (size_t i = 0; i < LENGTH(tasks); i++)
			tasks[i] = tl_submit(pool, sleep_inside, pool);
		for (size_t i = 0; i < LENGTH(tasks); i++)
			assert_soon(tl_future_done(tasks[i]));
		for (size_t i = 0; i < LENGTH(tasks); i++)
			cr_assert_eq(tl_await(tasks[i]), VALUE(0));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *sleep_for_any(void *executor)
{
	tl_future *future = tl_after(executor, SOON, identity, NULL);
	int first = tl_wait(&future, 1, TL_ANY, TL_FOREVER);
	tl_future_release(future);
	return VALUE(first);
}

static void *sleep_for_completion(void *executor)
{
	tl_completion one;
	tl_completions *completions = tl_completions_create();
	tl_future *future = tl_after(executor, SOON, identity, NULL);
	tl_completions_add(completions, future, NULL);
	int taken = tl_completions_take(completions, &one, 1, TL_FOREVER);
	tl_future_release(future);
	tl_completions_destroy(completions);
	return VALUE(taken - 1);
}

/* A pool of one: one waits for something else, one in the spare's place for its timer. */
Test(timer, it_fires_while_all_wait_and_the_spare_one_too)
{
	static tl_function *const sleeps[] = { sleep_inside, sleep_for_any,
		                               sleep_for_completion };
	for (size_t i = 0; i < LENGTH(sleeps); i++) {
		tl_executor *pool = tl_fixed_pool_create(1, NULL);
		tl_future promise;
		tl_future_init(&promise);
		tl_await(tl_after(pool, 0, identity, NULL)); /* so there is a spare */
		tl_future *other = tl_submit(pool, wait_for_promise, &promise);
		assert_soon(stats_of(pool).blocked == 1);
		tl_future *future = tl_submit(pool, sleeps[i], pool);
		assert_soon(tl_future_done(future));
		cr_assert_eq(tl_await(future), VALUE(0));
		tl_future_set(&promise, NULL);
		cr_assert_null(tl_await(other));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(timer, a_pool_that_has_shrunk_keeps_one_thread_for_it)
{
	tl_options options = { .max_workers = 4, .idle_timeout = MICROSECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	struct gate gate = GATE;
	hold(pool, &gate, 4);
	tl_future *future = tl_after(pool, 20 * SOON, identity, NULL);
	gate_open(&gate);
	assert_soon(stats_of(pool).workers == 1);
	tl_await(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(timer, a_full_pool_takes_it)
{
	struct gate gate = GATE;
	tl_options options = { .max_pending = 1 };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	hold(pool, &gate, 1);
	tl_future *queued = tl_submit(pool, identity, NULL);
	tl_future *timer = tl_after(pool, 0, identity, VALUE(3));
	cr_assert_not_null(timer);
	gate_open(&gate);
	cr_assert_eq(tl_await(timer), VALUE(3));
	tl_await(queued);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Who adds a timer while the only worker is claimed leaves it to that to keep the time. It gave
 * memory back first, some 20 ms after a million tasks, and nobody told it to stop. */
Test(timer, it_fires_although_memory_is_to_be_given_back)
{
	tl_options options = { .idle_timeout = 50 * MILLISECOND };
	options.min_workers = options.max_workers = 1;
	tl_executor *pool = tl_adaptive_pool_create(&options);
	tl_future *after = tl_after(pool, 1, identity, VALUE(1));
	struct gate gate = GATE;
	cr_assert_eq(tl_await(after), VALUE(1));
	hold(pool, &gate, 1);
	for (int i = 0; i < 10000; i++)
		tl_future_release(tl_submit(pool, identity, VALUE(i)));
	hold_advice(true);
	gate_open(&gate);
	assert_soon(stats_of(pool).idle == 1 && stats_of(pool).queued == 0);
	hold_clock(true);
	assert_soon(clock_held() == 1 || advice_held() == 1);
	if (advice_held()) /* too late: else it looks for work, after its time-out */
		hold_advice(false);
	cr_assert_eq(tl_executor_set_idle_timeout(pool, options.idle_timeout), 0);
	after = tl_after(pool, MILLISECOND, identity, VALUE(2));
	hold_clock(false);
	assert_soon(tl_future_done(after));
	hold_advice(false);
	cr_assert_eq(tl_await(after), VALUE(2));
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Its workers are busy in ways that we don't see: nobody keeps the time, nothing is queued. */
Test(timer, it_fires_by_a_worker_that_is_allowed_afterwards)
{
	const tl_options options = { .min_workers = 1, .max_workers = 1 };
	struct gate gate = GATE;
	tl_executor *pool = tl_adaptive_pool_create(&options);
	hold(pool, &gate, 1);
	tl_future *future = tl_after(pool, MILLISECOND, identity, VALUE(1));
	cr_assert_eq(tl_executor_set_max_workers(pool, 2), 0);
	cr_assert_eq(tl_future_wait(future, patience()), 0);
	gate_open(&gate);
	cr_assert_eq(tl_await(future), VALUE(1));
	tl_executor_destroy(pool);
	END_CLEAN();
}
