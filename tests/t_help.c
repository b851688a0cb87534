/* SPDX-License-Identifier: MIT */
/* TL_WAITERS_RUN: a thread outside of the pool runs the task that it waits for. */
#include "support.h"

static const tl_options waiters_run = { .flags = TL_WAITERS_RUN };

static void *who_runs(void *unused)
{
	(void)unused;
	return (void *)(uintptr_t)pthread_self();
}

static bool ran_here(tl_future *future)
{
	return tl_await(future) == (void *)(uintptr_t)pthread_self();
}

Test(help, a_waiter_runs_its_task_while_all_workers_are_busy)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		struct gate gate = GATE;
		tl_executor *pool = executor_of(kind, 1, &waiters_run);
		tl_task task;
		hold(pool, &gate, 1);
		cr_assert(ran_here(tl_submit(pool, who_runs, NULL)));
		tl_task_init(&task, who_runs, NULL);
		cr_assert_eq(tl_submit_task(pool, &task), 0);
		cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
		tl_future *list[] = { tl_submit(pool, who_runs, NULL),
			              tl_submit(pool, who_runs, NULL) };
		cr_assert_eq(tl_wait(list, 2, TL_ANY, TL_FOREVER), 0);
		cr_assert_eq(tl_wait(list, 2, TL_ALL, TL_FOREVER), 0);
		cr_assert(ran_here(list[0]) && ran_here(list[1]));
		tl_stats stats = stats_of(pool);
		cr_assert_eq(stats.helped, 4);
		cr_assert_eq(stats.completed, 4);
		cr_assert_eq(stats.queued, 0);
		gate_open(&gate);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(help, without_the_flag_and_for_a_worker_only_its_threads_run)
{
	for (int kind = WORKER; kind <= ADAPTIVE; kind++) {
		struct gate gate = GATE;
		tl_executor *pool =
			executor_of(kind, 1, kind == WORKER ? &waiters_run : NULL);
		hold(pool, &gate, 1);
		tl_future *future = tl_submit(pool, who_runs, NULL);
		cr_assert_eq(tl_future_wait(future, MILLISECOND), -ETIMEDOUT);
		gate_open(&gate);
		cr_assert(!ran_here(future));
		cr_assert_eq(stats_of(pool).helped, 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

struct level {
	tl_executor *pool;
	long left;
};

static void *nest(void *argument)
{
	struct level *level = argument;
	struct level next = { level->pool, level->left - 1 };
	if (!level->left)
		return who_runs(NULL);
	return tl_await(tl_submit(level->pool, nest, &next));
}

Test(help, a_helped_task_may_submit_and_wait)
{
	struct gate gate = GATE;
	tl_executor *pool = executor_of(FIXED, 1, &waiters_run);
	struct level top = { pool, 100 };
	hold(pool, &gate, 1);
	cr_assert(ran_here(tl_submit(pool, nest, &top)));
	gate_open(&gate);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *await_it(void *future)
{
	return tl_await(future);
}

Test(help, shutdown_waits_for_a_task_that_a_waiter_runs)
{
	struct gate busy = GATE, slow = GATE;
	tl_executor *pool = executor_of(FIXED, 1, &waiters_run);
	pthread_t waiter;
	hold(pool, &busy, 1);
	cr_assert_eq(pthread_create(&waiter, NULL, await_it,
	                            tl_submit(pool, gate_pass, &slow)),
	             0);
	assert_soon(atomic_load(&slow.inside) == 1);
	gate_open(&busy);
	assert_soon(atomic_load(&busy.passed) == 1);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, 10 * MILLISECOND), -ETIMEDOUT);
	gate_open(&slow);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&slow.passed), 1);
	pthread_join(waiter, NULL);
	END_CLEAN();
}

/* One thread waits and may help, another one cancels, the worker comes along. */
struct contest {
	tl_future *future;
	pthread_barrier_t barrier;
	atomic_long ran, cancelled;
	long rounds;
};

static void *cancels(void *argument)
{
	struct contest *contest = argument;
	for (long i = 0; i < contest->rounds; i++) {
		pthread_barrier_wait(&contest->barrier);
		if (tl_future_cancel(contest->future) == 0)
			atomic_fetch_add(&contest->cancelled, 1);
		pthread_barrier_wait(&contest->barrier);
	}
	return NULL;
}

Test(help, waiter_worker_and_canceller_agree_who_has_the_task)
{
	struct contest contest = { .rounds = scaled(20000) };
	tl_executor *pool = executor_of(FIXED, 1, &waiters_run);
	pthread_t canceller;
	pthread_barrier_init(&contest.barrier, NULL, 2);
	pthread_create(&canceller, NULL, cancels, &contest);
	for (long i = 0; i < contest.rounds; i++) {
		contest.future = tl_submit(pool, add_one, &contest.ran);
		pthread_barrier_wait(&contest.barrier);
		cr_assert_eq(tl_future_wait(contest.future, TL_FOREVER), 0);
		pthread_barrier_wait(&contest.barrier);
		tl_future_release(contest.future);
	}
	pthread_join(canceller, NULL);
	pthread_barrier_destroy(&contest.barrier);
	cr_assert_eq(atomic_load(&contest.ran) + atomic_load(&contest.cancelled),
	             contest.rounds);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(help, a_pool_that_cancels_what_is_pending_cancels_it_for_helpers_too)
{
	struct gate busy = GATE;
	tl_executor *pool = executor_of(FIXED, 1, &waiters_run);
	hold(pool, &busy, 1);
	tl_future *future = tl_submit(pool, who_runs, NULL);
	cr_assert_eq(tl_executor_shutdown(pool, TL_CANCEL, 0), -ETIMEDOUT);
	cr_assert_eq(tl_future_result(future, NULL, TL_FOREVER), -ECANCELED);
	tl_future_release(future);
	gate_open(&busy);
	tl_executor_destroy(pool);
	END_CLEAN();
}
