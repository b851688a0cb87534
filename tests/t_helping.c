/* SPDX-License-Identifier: MIT */
/* TL_WAITERS_HELP: a worker that waits inside a task runs any other task meanwhile. */
#include "support.h"

#include <sched.h>
#include <signal.h>

static tl_executor *helping_pool(int kind, unsigned workers)
{
	tl_options options = { .flags = TL_WAITERS_HELP };
	tl_executor *pool = executor_of(kind, workers, &options);
	cr_assert_not_null(pool);
	return pool;
}

static void *await_own(void *promise) /* which nobody else waits for */
{
	void *value = NULL;
	int error = tl_future_result(promise, &value, TL_FOREVER);
	return error ? tl_fail(error) : value;
}

static void *set_it(void *promise)
{
	return VALUE(tl_future_set(promise, VALUE(7)));
}

/* Sleeps in a wait, as far as the pool knows. */
static bool dozes(tl_executor *pool, unsigned workers)
{
	tl_stats stats = stats_of(pool);
	return stats.idle == workers && stats.queued == 0 && stats.parks >= workers;
}

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

/* ---- The other waits --------------------------------------------------------------- */

struct several {
	tl_executor *pool;
	tl_future promises[3];
	int mode;
	int64_t timeout;
};

static void *await_several(void *argument)
{
	struct several *several = argument;
	tl_future *list[] = { &several->promises[0], &several->promises[1],
		              &several->promises[2] };
	return VALUE(tl_wait(list, 3, several->mode, several->timeout));
}

static void *set_second(void *argument)
{
	struct several *several = argument;
	return VALUE(tl_future_set(&several->promises[1], NULL));
}

static void *fail_third(void *argument)
{
	struct several *several = argument;
	return VALUE(tl_future_fail(&several->promises[2], -EIO));
}

static void *set_first(void *argument)
{
	struct several *several = argument;
	return VALUE(tl_future_set(&several->promises[0], NULL));
}

Test(helping, waits_for_any_of_several_and_for_all)
{
	static const int answers[] = { 0, 1, 2 };
	static const int modes[] = { TL_ALL, TL_ANY, TL_FIRST_ERROR };
	tl_executor *pool = helping_pool(FIXED, 1);
	for (size_t m = 0; m < LENGTH(modes); m++)
		for (int i = 0; i < 50; i++) {
			struct several several = { .pool = pool,
				                   .mode = modes[m],
				                   .timeout = TL_FOREVER };
			for (int k = 0; k < 3; k++)
				tl_future_init(&several.promises[k]);
			tl_future *first = tl_submit(pool, await_several, &several);
			if (i % 2)
				assert_soon(tl_future_running(first) && dozes(pool, 1));
			cr_assert_null(tl_await(tl_submit(pool, set_second, &several)));
			if (modes[m] == TL_FIRST_ERROR)
				cr_assert(!tl_future_done(first));
			cr_assert_null(tl_await(tl_submit(pool, fail_third, &several)));
			if (modes[m] == TL_ALL)
				cr_assert(!tl_future_done(first));
			cr_assert_null(tl_await(tl_submit(pool, set_first, &several)));
			cr_assert_eq(tl_await(first), VALUE(answers[m]));
		}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* A group of another pool, or of this one, whose members need what comes later. */
struct crowd {
	tl_executor *pool, *groups;
	tl_future promise;
};

static void *await_group(void *argument)
{
	struct crowd *crowd = argument;
	tl_group group;
	tl_group_init(&group, crowd->groups, NULL);
	for (int i = 0; i < 3; i++)
		tl_future_release(tl_group_submit(&group, await_own, &crowd->promise));
	return VALUE(tl_group_wait(&group, TL_FOREVER));
}

Test(helping, waits_for_groups)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	tl_executor *other = tl_fixed_pool_create(3, NULL);
	for (int i = 0; i < 200; i++) {
		struct crowd crowd = { .pool = pool, .groups = i % 2 ? pool : other };
		tl_future_init(&crowd.promise);
		tl_future *first = tl_submit(pool, await_group, &crowd);
		if (i % 4 > 1)
			assert_soon(tl_future_running(first) && dozes(pool, 1));
		cr_assert_null(tl_await(tl_submit(pool, set_it, &crowd.promise)));
		cr_assert_null(tl_await(first));
	}
	tl_executor_destroy(other);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *await_for_a_moment(void *promise)
{
	return VALUE(tl_future_wait(promise, 2 * MILLISECOND));
}

Test(helping, a_deadline_ends_the_wait_also_while_tasks_come)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	tl_future promise;
	tl_future_init(&promise);
	cr_assert_eq(tl_await(tl_submit(pool, await_for_a_moment, &promise)),
	             VALUE(-ETIMEDOUT));
	tl_future *first = tl_submit(pool, await_for_a_moment, &promise);
	while (!tl_future_done(first))
		tl_await(tl_submit(pool, identity, NULL));
	cr_assert_eq(tl_await(first), VALUE(-ETIMEDOUT));

	struct several several = { .timeout = 2 * MILLISECOND, .mode = TL_ANY };
	for (int k = 0; k < 3; k++)
		tl_future_init(&several.promises[k]);
	first = tl_submit(pool, await_several, &several);
	while (!tl_future_done(first))
		tl_await(tl_submit(pool, identity, NULL));
	cr_assert_eq(tl_await(first), VALUE(-ETIMEDOUT));
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Depth ------------------------------------------------------------------------- */

struct depth {
	tl_executor *pool;
	tl_future promise;
	atomic_long waiting, good;
};

static void *wait_deeper(void *argument)
{
	struct depth *depth = argument;
	atomic_fetch_add(&depth->waiting, 1);
	int error = tl_future_wait(&depth->promise, TL_FOREVER);
	atomic_fetch_add(&depth->good, !error);
	return NULL;
}

static void *end_all(void *argument)
{
	struct depth *depth = argument;
	return VALUE(tl_future_set(&depth->promise, NULL));
}

Test(helping, a_thousand_waits_one_upon_the_other)
{
	tl_options options = { .flags = TL_WAITERS_HELP, .stack_size = (size_t)64 << 20 };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	struct depth depth = { .pool = pool };
	tl_future_init(&depth.promise);
	for (int i = 0; i < 1000; i++)
		tl_future_release(tl_submit(pool, wait_deeper, &depth));
	assert_soon(atomic_load(&depth.waiting) == 1000);
	cr_assert_null(tl_await(tl_submit(pool, end_all, &depth)));
	assert_soon(atomic_load(&depth.good) == 1000);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(helping, where_no_stack_is_left_it_sleeps_and_strange_tasks_wait)
{
	tl_options options = { .flags = TL_WAITERS_HELP, .stack_size = 256 << 10 };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	enum { MANY = 20000 };
	struct depth depth = { .pool = pool };
	tl_future_init(&depth.promise);
	for (int i = 0; i < MANY; i++)
		tl_future_release(tl_submit(pool, wait_deeper, &depth));
	assert_soon(stats_of(pool).blocked == 1); /* as without the flag */
	cr_assert_lt(atomic_load(&depth.waiting), MANY);
	cr_assert_gt(atomic_load(&depth.waiting), 10);
	tl_future_set(&depth.promise, NULL);
	assert_soon(atomic_load(&depth.good) == MANY);
	cr_assert_eq(stats_of(pool).blocked, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Cancelling, the end ------------------------------------------------------------- */

Test(helping, what_it_waits_for_may_be_cancelled)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	for (int i = 0; i < 100; i++) {
		tl_future promise;
		void *value;
		tl_future_init(&promise);
		tl_future *first = tl_submit(pool, await_own, &promise);
		if (i % 2)
			assert_soon(tl_future_running(first) && dozes(pool, 1));
		cr_assert_eq(tl_future_cancel(&promise), 0);
		cr_assert_eq(tl_future_result(first, &value, TL_FOREVER), -ECANCELED);
		tl_future_release(first);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct closing {
	tl_executor *pool;
	enum tl_shutdown_mode how;
};

static void *shut_down(void *argument)
{
	struct closing *closing = argument;
	return VALUE(tl_executor_shutdown(closing->pool, closing->how, TL_FOREVER));
}

Test(helping, a_shutdown_waits_for_the_wait)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++)
		for (unsigned workers = 1; workers <= 2; workers++) {
			tl_executor *pool = helping_pool(FIXED, workers);
			struct closing closing = { pool, how };
			tl_future promise;
			pthread_t closer;
			tl_future_init(&promise);
			tl_future *first = tl_submit(pool, await_own, &promise);
			assert_soon(tl_future_running(first) && dozes(pool, workers));
			pthread_create(&closer, NULL, shut_down, &closing);
			assert_soon(tl_submit(pool, identity, NULL) == NULL);
			cr_assert_eq(tl_executor_shutdown(pool, how, MILLISECOND),
			             -ETIMEDOUT);
			cr_assert(!tl_future_done(first));
			tl_future_set(&promise, VALUE(3));
			cr_assert_eq(tl_await(first), VALUE(3));
			void *result;
			pthread_join(closer, &result);
			cr_assert_null(result);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

static void *hold_and_await(void *argument)
{
	struct depth *depth = argument;
	atomic_fetch_add(&depth->waiting, 1);
	while (atomic_load(&depth->good) == 0)
		;
	return await_own(&depth->promise);
}

Test(helping, what_is_queued_in_a_pool_that_is_closed_runs_in_the_wait_or_is_cancelled)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
		tl_executor *pool = helping_pool(FIXED, 1);
		struct depth depth = { .pool = pool };
		tl_future_init(&depth.promise);
		tl_future *first = tl_submit(pool, hold_and_await, &depth);
		assert_soon(atomic_load(&depth.waiting) == 1);
		tl_future *queued = tl_submit(pool, set_it, &depth.promise);
		cr_assert_eq(tl_executor_shutdown(pool, how, 0), -ETIMEDOUT);
		atomic_store(&depth.good, 1);
		if (how == TL_CANCEL) {
			assert_soon(tl_future_cancelled(queued));
			tl_future_set(&depth.promise, VALUE(7));
		} else {
			cr_assert_eq(tl_future_wait(queued, TL_FOREVER), 0);
		}
		cr_assert_eq(tl_await(first), VALUE(7));
		tl_future_release(queued);
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

struct circle {
	tl_future *first;
	tl_executor *pool;
	atomic_int error;
};

static void *wait_for_first(void *argument)
{
	struct circle *circle = argument;
	atomic_store(&circle->error, tl_future_wait(circle->first, TL_FOREVER));
	return NULL;
}

Test(helping, a_task_on_top_that_waits_for_one_below_is_told)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	struct circle circle = { .pool = pool };
	tl_future promise;
	tl_future_init(&promise);
	circle.first = tl_submit(pool, await_own, &promise);
	assert_soon(tl_future_running(circle.first) && dozes(pool, 1));
	tl_await(tl_submit(pool, wait_for_first, &circle));
	cr_assert_eq(atomic_load(&circle.error), -EDEADLK);
	tl_future_set(&promise, NULL);
	tl_await(circle.first);
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct taking {
	tl_completions *queue;
	tl_future promise;
	int64_t timeout;
};

static void *take_one(void *argument)
{
	struct taking *taking = argument;
	tl_completion taken = { NULL, NULL };
	int n = tl_completions_take(taking->queue, &taken, 1, taking->timeout);
	return n == 1 ? taken.tag : VALUE(n);
}

Test(helping, who_takes_from_a_completion_queue_helps_too)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	struct taking taking = { tl_completions_create(), .timeout = TL_FOREVER };
	for (int i = 0; i < 200; i++) {
		tl_future_init(&taking.promise);
		tl_future *first = tl_submit(pool, take_one, &taking);
		if (i % 4 > 1)
			assert_soon(tl_future_running(first) && dozes(pool, 1));
		if (i % 2)
			cr_assert_eq(tl_completions_add(taking.queue, &taking.promise,
			                                VALUE(i + 1)),
			             0);
		cr_assert_null(tl_await(tl_submit(pool, set_it, &taking.promise)));
		if (i % 2 == 0)
			cr_assert_eq(tl_completions_add(taking.queue, &taking.promise,
			                                VALUE(i + 1)),
			             0);
		cr_assert_eq(tl_await(first), VALUE(i + 1));
	}
	taking.timeout = 2 * MILLISECOND;
	tl_future *first = tl_submit(pool, take_one, &taking);
	while (!tl_future_done(first))
		tl_await(tl_submit(pool, identity, NULL));
	cr_assert_eq(tl_await(first), VALUE(-ETIMEDOUT));
	tl_executor_destroy(pool);
	tl_completions_destroy(taking.queue);
	END_CLEAN();
}

/* ---- Signals ------------------------------------------------------------------------- */

/* So far apart that they share what locks there are. */
struct apart {
	_Alignas(4096) tl_future future;
};

enum { ENDS = 4000 };
static struct apart ended_by_signal[ENDS], ended;
static atomic_int signals_taken;

static void on_signal(int number)
{
	int n = atomic_fetch_add(&signals_taken, 1);
	(void)number;
	if (n < ENDS)
		tl_future_set(&ended_by_signal[n].future, NULL);
}

static void *send_signals(void *target)
{
	while (atomic_load(&signals_taken) < ENDS)
		pthread_kill(*(pthread_t *)target, SIGUSR1);
	return NULL;
}

static void *await_each(void *unused)
{
	(void)unused;
	for (int i = 0; i < ENDS; i++)
		tl_future_wait(&ended_by_signal[i].future, TL_FOREVER);
	return NULL;
}

Test(helping, handlers_may_end_what_is_waited_for)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	pthread_t sender, target = pthread_self();
	tl_executor *pool = helping_pool(FIXED, 2);
	cr_assert_eq(sigaction(SIGUSR1, &action, &before), 0);
	for (int i = 0; i < ENDS; i++)
		tl_future_init(&ended_by_signal[i].future);
	tl_future *all = tl_submit(pool, await_each, NULL);
	pthread_create(&sender, NULL, send_signals, &target);
	while (!tl_future_done(all)) { /* the same locks, outside of handlers */
		tl_future_init(&ended.future);
		tl_future *first = tl_submit(pool, await_own, &ended.future);
		while (!tl_future_running(first) && !tl_future_done(first))
			sched_yield();
		tl_future_set(&ended.future, NULL);
		tl_await(first);
	}
	pthread_join(sender, NULL);
	tl_await(all);
	sigaction(SIGUSR1, &before, NULL);
	tl_executor_destroy(pool);
	END_CLEAN();
}
