/* SPDX-License-Identifier: MIT */
/* max_pending: how many tasks may wait to be begun, and what a submit does then. */
#include "room.h"

Test(pending, impossible_limits_are_refused)
{
	static const tl_options bad[] = { { .max_pending = 1, .when_full = 3 },
		                          { .max_pending = UINT32_MAX },
		                          { .full_timeout = -1 } };
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < LENGTH(bad); i++) {
			cr_assert_null(executor_of(kind, 1, &bad[i]));
			cr_assert_eq(errno, EINVAL);
		}
	tl_options run = limited(TL_FULL_RUN);
	cr_assert_null(tl_worker_create(&run));
	cr_assert_eq(errno, EINVAL);
	END_CLEAN();
}

Test(pending, a_full_executor_refuses_and_takes_again_what_has_room)
{
	tl_options options = limited(TL_FULL_FAIL);
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_executor *executor = busy(kind, &options, &gate);
		tl_future *futures[LIMIT + 1];
		tl_task tasks[LIMIT + 1], *batch[LIMIT + 1];
		cr_assert_eq(fill(executor, futures), LIMIT);
		cr_assert_eq(stats_of(executor).queued, LIMIT);
		for (int i = 0; i <= LIMIT; i++) {
			tl_task_init(&tasks[i], identity, VALUE(i));
			batch[i] = &tasks[i];
		}
		cr_assert_eq(tl_submit_task(executor, &tasks[0]), -EAGAIN);
		cr_assert_eq(tl_submit_tasks(executor, batch, 2), -EAGAIN);
		gate_open(&gate);
		await_all(futures, LIMIT);
		gate_shut(&gate);
		hold(executor, &gate, 1);
		cr_assert_eq(tl_submit_tasks(executor, batch, LIMIT + 1), LIMIT);
		gate_open(&gate);
		for (int i = 0; i < LIMIT; i++)
			cr_assert_eq(tl_future_wait(&tasks[i].future, TL_FOREVER), 0);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(pending, a_cancelled_task_makes_room)
{
	tl_options options = limited(TL_FULL_FAIL);
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_executor *executor = busy(kind, &options, &gate);
		tl_future *futures[LIMIT + 1];
		for (int round = 0; round < 10; round++) {
			cr_assert_eq(fill(executor, futures), LIMIT);
			for (int i = 0; i < LIMIT; i++) {
				cr_assert_eq(tl_future_cancel(futures[i]), 0);
				tl_future_release(futures[i]);
			}
		}
		gate_open(&gate);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(pending, a_task_that_is_refused_for_itself_takes_no_room)
{
	tl_options options = limited(TL_FULL_FAIL);
	struct gate gate = GATE;
	tl_executor *executor = busy(FIXED, &options, &gate);
	tl_future *futures[LIMIT + 1];
	tl_task ended, cancelled;
	tl_task_init(&ended, identity, NULL);
	tl_task_init(&cancelled, identity, NULL);
	cr_assert_eq(tl_task_run(&ended), 0);
	cr_assert_eq(tl_future_cancel(&cancelled.future), 0);
	for (int i = 0; i < 2 * LIMIT; i++) {
		cr_assert_eq(tl_submit_task(executor, &ended), -EBUSY);
		cr_assert_eq(tl_submit_task(executor, &cancelled), -ECANCELED);
	}
	cr_assert_eq(fill(executor, futures), LIMIT);
	gate_open(&gate);
	await_all(futures, LIMIT);
	tl_executor_destroy(executor);
	END_CLEAN();
}

Test(pending, a_helped_task_makes_room)
{
	tl_options options = limited(TL_FULL_FAIL);
	struct gate gate = GATE;
	options.flags = TL_WAITERS_RUN;
	tl_executor *executor = busy(FIXED, &options, &gate);
	tl_future *futures[LIMIT + 1];
	for (int round = 0; round < 10; round++) {
		cr_assert_eq(fill(executor, futures), LIMIT);
		await_all(futures, LIMIT);
	}
	gate_open(&gate);
	tl_executor_destroy(executor);
	END_CLEAN();
}

static void *who_runs(void *executor)
{
	if (executor && tl_executor_destroy(executor) != -EDEADLK)
		return NULL;
	return (void *)(uintptr_t)pthread_self();
}

Test(pending, without_room_the_submitter_runs_the_task)
{
	tl_options options = limited(TL_FULL_RUN);
	for (int kind = FIXED; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_task task;
		tl_executor *executor = busy(kind, &options, &gate);
		for (int i = 0; i < LIMIT; i++)
			tl_future_release(tl_submit(executor, identity, NULL));
		tl_future *future = tl_submit(executor, who_runs, executor);
		cr_assert(tl_future_done(future));
		cr_assert_eq(tl_await(future), (void *)(uintptr_t)pthread_self());
		tl_task_init(&task, who_runs, NULL);
		cr_assert_eq(tl_submit_task(executor, &task), 0);
		cr_assert(tl_future_done(&task.future));
		tl_stats stats = stats_of(executor);
		cr_assert_eq(stats.inlined, 2);
		cr_assert_eq(stats.queued, LIMIT);
		cr_assert_eq(tl_executor_shutdown(executor, TL_DRAIN, 0), -ETIMEDOUT);
		tl_task_init(&task, who_runs, NULL);
		cr_assert_eq(tl_submit_task(executor, &task), -ESHUTDOWN);
		cr_assert_not(tl_future_done(&task.future));
		gate_open(&gate);
		cr_assert_eq(tl_executor_shutdown(executor, TL_DRAIN, TL_FOREVER), 0);
		stats = stats_of(executor);
		cr_assert_eq(stats.submitted, 1 + LIMIT + 2);
		cr_assert_eq(stats.completed, stats.submitted);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

/* Producers that are refused, canceller, workers; then the count is what it was. */
struct crowd {
	tl_executor *executor;
	atomic_long accepted, ran, cancelled;
	long rounds;
};

static void *crowds(void *argument)
{
	struct crowd *crowd = argument;
	for (long i = 0; i < crowd->rounds; i++) {
		tl_future *future = tl_submit(crowd->executor, add_one, &crowd->ran);
		if (!future)
			continue;
		atomic_fetch_add(&crowd->accepted, 1);
		if (i % 3 == 0 && tl_future_cancel(future) == 0)
			atomic_fetch_add(&crowd->cancelled, 1);
		if (i % 5 == 0)
			tl_future_wait(future, TL_FOREVER);
		tl_future_release(future);
	}
	return NULL;
}

Test(pending, no_place_is_lost_or_made)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (unsigned when = TL_FULL_FAIL; when <= TL_FULL_RUN; when++) {
			if (kind == WORKER && when == TL_FULL_RUN)
				continue;
			tl_options options = limited(when);
			pthread_t threads[4];
			struct crowd crowd = { .rounds = scaled(5000) };
			options.flags = TL_WAITERS_RUN;
			crowd.executor = executor_of(kind, 2, &options);
			for (size_t i = 0; i < LENGTH(threads); i++)
				pthread_create(&threads[i], NULL, crowds, &crowd);
			for (size_t i = 0; i < LENGTH(threads); i++)
				pthread_join(threads[i], NULL);
			tl_executor *executor = crowd.executor;
			assert_soon(stats_of(executor).queued == 0);
			struct gate gate = GATE;
			if (when == TL_FULL_FAIL) {
				tl_future *futures[LIMIT + 1];
				hold(executor, &gate, kind == WORKER ? 1 : 2);
				cr_assert_eq(fill(executor, futures), LIMIT);
				gate_open(&gate);
				await_all(futures, LIMIT);
			}
			tl_executor_destroy(executor);
			cr_assert_eq(atomic_load(&crowd.accepted),
			             atomic_load(&crowd.ran) +
			                     atomic_load(&crowd.cancelled));
		}
	END_CLEAN();
}
