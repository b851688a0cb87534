/* SPDX-License-Identifier: MIT */
/* Submits that wait for room in a full executor. */
#include "room.h"

/* A thread that submits one task, which has no room. */
struct submitter {
	pthread_t thread;
	tl_executor *executor;
	tl_task task;
	atomic_int result; /* 1: not yet */
};

static void *submits(void *argument)
{
	struct submitter *submitter = argument;
	atomic_store(&submitter->result,
	             tl_submit_task(submitter->executor, &submitter->task));
	return NULL;
}

static void start(struct submitter *submitter, tl_executor *executor)
{
	submitter->executor = executor;
	atomic_store(&submitter->result, 1);
	tl_task_init(&submitter->task, identity, NULL);
	cr_assert_eq(pthread_create(&submitter->thread, NULL, submits, submitter), 0);
}

static int joined(struct submitter *submitter)
{
	pthread_join(submitter->thread, NULL);
	return atomic_load(&submitter->result);
}

Test(pending, submits_wait_for_room)
{
	tl_options options = limited(TL_FULL_WAIT);
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		struct submitter submitters[3];
		tl_executor *executor = busy(kind, &options, &gate);
		for (int i = 0; i < LIMIT; i++)
			tl_future_release(tl_submit(executor, identity, NULL));
		for (size_t i = 0; i < LENGTH(submitters); i++)
			start(&submitters[i], executor);
		for (size_t i = 0; i < LENGTH(submitters); i++)
			cr_assert_eq(atomic_load(&submitters[i].result), 1);
		gate_open(&gate);
		for (size_t i = 0; i < LENGTH(submitters); i++) {
			cr_assert_eq(joined(&submitters[i]), 0);
			cr_assert_eq(
				tl_future_wait(&submitters[i].task.future, TL_FOREVER),
				0);
		}
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(pending, each_cancelled_task_lets_one_waiter_in)
{
	tl_options options = limited(TL_FULL_WAIT);
	struct gate gate = GATE;
	struct submitter submitters[LIMIT];
	tl_future *futures[LIMIT];
	tl_executor *executor = busy(FIXED, &options, &gate);
	for (int i = 0; i < LIMIT; i++)
		futures[i] = tl_submit(executor, identity, NULL);
	for (int i = 0; i < LIMIT; i++)
		start(&submitters[i], executor);
	for (int i = 0; i < LIMIT; i++) {
		cr_assert_eq(tl_future_cancel(futures[i]), 0);
		tl_future_release(futures[i]);
	}
	for (int i = 0; i < LIMIT; i++) /* while the worker is busy */
		cr_assert_eq(joined(&submitters[i]), 0);
	gate_open(&gate);
	tl_executor_destroy(executor);
	END_CLEAN();
}

Test(pending, a_wait_for_room_has_a_limit)
{
	tl_options options = limited(TL_FULL_WAIT);
	options.full_timeout = 5 * MILLISECOND;
	struct gate gate = GATE;
	tl_executor *executor = busy(FIXED, &options, &gate);
	tl_future *futures[LIMIT + 1];
	int64_t start = now();
	cr_assert_eq(fill(executor, futures), LIMIT);
	cr_assert_geq(now() - start, 5 * MILLISECOND);
	gate_open(&gate);
	await_all(futures, LIMIT);
	tl_executor_destroy(executor);
	END_CLEAN();
}

Test(pending, shutdown_ends_all_waits_for_room)
{
	tl_options options = limited(TL_FULL_WAIT);
	struct gate gate = GATE;
	struct submitter submitters[4];
	tl_executor *executor = busy(FIXED, &options, &gate);
	for (int i = 0; i < LIMIT; i++)
		tl_future_release(tl_submit(executor, identity, NULL));
	for (size_t i = 0; i < LENGTH(submitters); i++)
		start(&submitters[i], executor);
	cr_assert_eq(tl_executor_shutdown(executor, TL_DRAIN, 0), -ETIMEDOUT);
	for (size_t i = 0; i < LENGTH(submitters); i++)
		cr_assert_eq(joined(&submitters[i]), -ESHUTDOWN);
	gate_open(&gate);
	tl_executor_destroy(executor);
	END_CLEAN();
}

struct inside {
	tl_executor *executor;
	atomic_long ran;
};

static void *submit_many(void *argument)
{
	struct inside *inside = argument;
	for (int i = 0; i < 10 * LIMIT; i++)
		tl_future_release(tl_submit(inside->executor, add_one, &inside->ran));
	return NULL;
}

Test(pending, its_own_tasks_never_wait_for_room)
{
	tl_options options = limited(TL_FULL_WAIT);
	for (int kind = 0; kind < KINDS; kind++) {
		struct inside inside = { .executor = executor_of(kind, 1, &options) };
		tl_await(tl_submit(inside.executor, submit_many, &inside));
		tl_executor_destroy(inside.executor);
		cr_assert_eq(atomic_load(&inside.ran), 10 * LIMIT);
	}
	END_CLEAN();
}

Test(pending, a_helper_inside_a_task_does_not_wait_for_room)
{
	tl_options options = limited(TL_FULL_WAIT);
	options.flags = TL_WAITERS_RUN;
	struct gate gate = GATE;
	struct inside inside = { .executor = busy(FIXED, &options, &gate) };
	tl_await(tl_submit(inside.executor, submit_many, &inside));
	gate_open(&gate);
	tl_executor_destroy(inside.executor);
	cr_assert_eq(atomic_load(&inside.ran), 10 * LIMIT);
	END_CLEAN();
}
