/* SPDX-License-Identifier: MIT */
/* tl_after and tl_every: never early, in order, cancelled at once, whoever is busy. */
#include "support.h"

#include <limits.h>

#define SOON (2 * MILLISECOND)
#define NEVER (1000000 * SECOND)

static int in_pool_of(int kind)
{
	return kind == WORKER ? 1 : 2;
}

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

/* ---- Whoever is busy ------------------------------------------------------------ */

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

/* ---- The end -------------------------------------------------------------------- */

Test(timer, a_shutdown_in_either_mode_cancels_what_is_not_due)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
			tl_executor *executor = executor_of(kind, 2, NULL);
			tl_future *futures[20];
			for (int i = 0; i < 20; i++)
				futures[i] =
					i % 2 ? tl_after(executor, NEVER + i, identity,
				                         NULL)
					      : tl_every(executor, NEVER, identity, NULL);
			enum tl_shutdown_mode mode = (enum tl_shutdown_mode)how;
			cr_assert_eq(tl_executor_shutdown(executor, mode, TL_FOREVER), 0);
			for (int i = 0; i < 20; i++) {
				cr_assert_eq(tl_future_result(futures[i], NULL, 0),
				             -ECANCELED);
				if (i % 3)
					tl_future_release(futures[i]);
			}
			tl_executor_destroy(executor);
			for (int i = 0; i < 20; i += 3)
				tl_future_release(futures[i]); /* outlives the pool */
		}
	END_CLEAN();
}

struct adder {
	tl_executor *executor;
	atomic_long ran, cancelled, accepted;
	atomic_bool stop;
};

static void *add_and_cancel(void *argument)
{
	struct adder *adder = argument;
	unsigned random = (unsigned)(uintptr_t)&random;
	while (!atomic_load(&adder->stop)) {
		random = random * 1103515245 + 12345;
		int64_t delay = random / 65536 % 64 * 10 * MICROSECOND;
		tl_future *future =
			tl_after(adder->executor, delay, add_one, &adder->ran);
		if (!future)
			break; /* shut down */
		atomic_fetch_add(&adder->accepted, 1);
		if (random >> 20 & 1)
			tl_future_cancel(future);
		tl_future_wait(future, TL_FOREVER);
		if (tl_future_cancelled(future))
			atomic_fetch_add(&adder->cancelled, 1);
		tl_future_release(future);
	}
	return NULL;
}

Test(timer, many_threads_set_and_cancel_them_beside_a_shutdown)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int round = 0; round < 5; round++) {
			tl_options options = { .idle_timeout = 100 * MICROSECOND };
			struct adder adder = { .executor =
				                       executor_of(kind, 2, &options) };
			pthread_t threads[4];
			for (int i = 0; i < 4; i++)
				cr_assert_eq(pthread_create(&threads[i], NULL,
				                            add_and_cancel, &adder),
				             0);
			assert_soon(atomic_load(&adder.accepted) > scaled(500));
			if (round % 2)
				atomic_store(&adder.stop, true);
			else
				tl_executor_shutdown(adder.executor, TL_DRAIN,
				                     TL_FOREVER);
			for (int i = 0; i < 4; i++)
				pthread_join(threads[i], NULL);
			cr_assert_eq(stats_of(adder.executor).timers, 0);
			tl_executor_destroy(adder.executor);
			cr_assert_eq(atomic_load(&adder.accepted),
			             atomic_load(&adder.ran) +
			                     atomic_load(&adder.cancelled));
		}
	END_CLEAN();
}

struct parents {
	tl_executor *pool;
	tl_future *timer;
};

static int use_parents_timer(void *argument)
{
	struct parents *parents = argument;
	bool fine = tl_future_cancel(parents->timer) == -EOWNERDEAD &&
	            tl_future_wait(parents->timer, TL_FOREVER) == -EOWNERDEAD &&
	            !tl_after(parents->pool, 1, identity, NULL) && errno == EOWNERDEAD &&
	            !tl_submit_within(parents->pool, 1, identity, NULL) &&
	            errno == EOWNERDEAD;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	fine = fine && tl_await(tl_after(pool, 1, identity, VALUE(4))) == VALUE(4);
	return fine && !tl_executor_destroy(pool) ? 0 : 1;
}

Test(timer, in_a_forked_child_the_parents_have_no_owner)
{
	if (WITH_TSAN)
		return; /* threads after a fork */
	struct parents parents = { .pool = tl_fixed_pool_create(1, NULL) };
	parents.timer = tl_after(parents.pool, NEVER, identity, NULL);
	/* Its thread may be in malloc until then, of which AddressSanitizer's stays locked. */
	assert_soon(stats_of(parents.pool).parks > 0);
	cr_assert_eq(in_child(use_parents_timer, &parents), 0);
	cr_assert_eq(tl_future_cancel(parents.timer), 0);
	tl_future_release(parents.timer);
	tl_executor_destroy(parents.pool);
	END_CLEAN();
}
