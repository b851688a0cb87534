/* SPDX-License-Identifier: MIT */
/* Waiting for a task that only a chosen worker runs: there, elsewhere, in a circle. */
#include "chosen.h"

struct inside {
	tl_executor *pool;
	struct visit visits[3];
};

static void *wait_for_own(void *argument)
{
	struct inside *inside = argument;
	int me = tl_worker_number();
	for (int i = 0; i < 3; i++)
		if (submit_visit(inside->pool, &inside->visits[i], me))
			return NULL;
	/* out of the middle; then the last one; the first one stays */
	for (int i = 1; i < 3; i++)
		if (tl_future_wait(&inside->visits[i].task.future, TL_FOREVER) ||
		    inside->visits[i].ran_by != me)
			return NULL;
	return VALUE(inside->visits[0].ran_by == -1);
}

Test(chosen_waits, a_wait_in_its_own_worker_runs_it_there)
{
	for (int workers = 1; workers <= 2; workers++)
		for (int w = 0; w < workers; w++) {
			struct inside inside = { .pool = tl_fixed_pool_create(
							 (unsigned)workers, NULL) };
			tl_task task;
			void *value = NULL;
			tl_task_init(&task, wait_for_own, &inside);
			cr_assert_eq(tl_submit_to(inside.pool, (unsigned)w, &task), 0);
			cr_assert_eq(tl_future_result(&task.future, &value, TL_FOREVER),
			             0);
			cr_assert_eq(value, VALUE(1));
			tl_executor_destroy(inside.pool);
			cr_assert_eq(inside.visits[0].ran_by, w);
		}
	END_CLEAN();
}

static void *take_own(void *argument)
{
	struct inside *inside = argument;
	tl_completion taken;
	tl_completions *queue = tl_completions_create();
	int n = -1;
	if (!submit_visit(inside->pool, &inside->visits[0], tl_worker_number()) &&
	    !tl_completions_add(queue, &inside->visits[0].task.future, NULL))
		n = tl_completions_take(queue, &taken, 1, TL_FOREVER);
	tl_completions_destroy(queue);
	return VALUE(n);
}

Test(chosen_waits, a_completion_queue_taken_from_in_its_own_worker_runs_it_there)
{
	struct inside inside = { .pool = tl_fixed_pool_create(2, NULL) };
	cr_assert_eq(tl_await(tl_submit(inside.pool, take_own, &inside)), VALUE(1));
	tl_executor_destroy(inside.pool);
	END_CLEAN();
}

/* A task that waits for another one's future once the gate is open. */
struct wait {
	struct gate gate;
	tl_task task;
	tl_future *awaited;
	int result;
};

static void *wait_for_it(void *argument)
{
	struct wait *wait = argument;
	gate_pass(&wait->gate);
	wait->result = tl_future_wait(wait->awaited, TL_FOREVER);
	return NULL;
}

static void submit_wait(tl_executor *pool, unsigned worker, struct wait *wait)
{
	*wait = (struct wait){ .gate = GATE };
	tl_task_init(&wait->task, wait_for_it, wait);
	cr_assert_eq(tl_submit_to(pool, worker, &wait->task), 0);
	assert_soon(atomic_load(&wait->gate.inside) == 1);
}

Test(chosen_waits, a_wait_in_another_worker_leaves_it_where_it_belongs)
{
	struct gate gate = GATE;
	struct wait wait;
	struct visit here;
	tl_task held;
	tl_executor *pool = tl_fixed_pool_create(2, &(tl_options){ .spin = TL_NONE });
	submit_wait(pool, 0, &wait);
	hold_worker(pool, 1, &held, &gate);
	cr_assert_eq(submit_visit(pool, &here, 1), 0);
	wait.awaited = &here.task.future;
	gate_open(&wait.gate);
	assert_soon(stats_of(pool).blocked == 1);
	cr_assert_eq(here.ran_by, -1);
	gate_open(&gate);
	cr_assert_eq(tl_future_wait(&wait.task.future, TL_FOREVER), 0);
	cr_assert_eq(wait.result, 0);
	cr_assert_eq(here.ran_by, 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(chosen_waits, a_waiter_outside_does_not_run_it)
{
	struct gate gate = GATE;
	struct visit here;
	tl_executor *pool =
		tl_fixed_pool_create(1, &(tl_options){ .flags = TL_WAITERS_RUN });
	hold(pool, &gate, 1);
	cr_assert_eq(submit_visit(pool, &here, 0), 0);
	cr_assert_eq(tl_future_wait(&here.task.future, MILLISECOND), -ETIMEDOUT);
	gate_open(&gate);
	cr_assert_eq(tl_future_wait(&here.task.future, TL_FOREVER), 0);
	cr_assert_eq(here.ran_by, 0);
	cr_assert_eq(stats_of(pool).helped, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Each worker waits for what is queued behind the other one's wait. */
Test(chosen_waits, a_circle_of_two_waits_is_told_to_one_of_them)
{
	for (int i = 0; i < scaled(300); i++) {
		struct wait waits[2];
		struct visit behind[2];
		tl_executor *pool = tl_fixed_pool_create(2, NULL);
		for (unsigned w = 0; w < 2; w++)
			submit_wait(pool, w, &waits[w]);
		for (int w = 0; w < 2; w++) {
			cr_assert_eq(submit_visit(pool, &behind[w], w), 0);
			waits[1 - w].awaited = &behind[w].task.future;
		}
		for (int w = 0; w < 2; w++)
			gate_open(&waits[w].gate);
		tl_executor_destroy(pool);
		cr_assert_eq(waits[0].result + waits[1].result, -EDEADLK);
		cr_assert_eq(behind[0].ran_by, 0);
		cr_assert_eq(behind[1].ran_by, 1);
	}
	END_CLEAN();
}

/* Worker 0 waits for a task that runs in worker 1 and waits for one behind that wait. */
Test(chosen_waits, a_circle_through_a_task_that_runs_is_told)
{
	struct wait waits[2];
	struct visit behind;
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (unsigned w = 0; w < 2; w++)
		submit_wait(pool, w, &waits[w]);
	cr_assert_eq(submit_visit(pool, &behind, 0), 0);
	waits[0].awaited = &waits[1].task.future;
	waits[1].awaited = &behind.task.future;
	for (int w = 0; w < 2; w++)
		gate_open(&waits[w].gate);
	tl_executor_destroy(pool);
	cr_assert_eq(waits[0].result + waits[1].result, -EDEADLK);
	END_CLEAN();
}

/* Two pools: no pool's own view shows it. */
Test(chosen_waits, a_circle_through_two_pools_is_told)
{
	struct wait waits[2];
	struct visit behind[2];
	tl_executor *pools[2];
	for (int p = 0; p < 2; p++) {
		pools[p] = tl_fixed_pool_create(1, NULL);
		submit_wait(pools[p], 0, &waits[p]);
		cr_assert_eq(submit_visit(pools[p], &behind[p], 0), 0);
	}
	waits[0].awaited = &behind[1].task.future;
	waits[1].awaited = &behind[0].task.future;
	for (int p = 0; p < 2; p++)
		gate_open(&waits[p].gate);
	for (int p = 0; p < 2; p++)
		cr_assert_eq(tl_future_wait(&waits[p].task.future, TL_FOREVER), 0);
	for (int p = 0; p < 2; p++)
		tl_executor_destroy(pools[p]);
	cr_assert_eq(waits[0].result + waits[1].result, -EDEADLK);
	END_CLEAN();
}

/* The last one to wait is a circle's own: its wait is for a worker that isn't stuck. */
Test(chosen_waits, a_chain_of_waits_is_no_circle)
{
	struct wait waits[3];
	struct visit behind[3];
	tl_future promise;
	tl_executor *pool = tl_fixed_pool_create(3, NULL);
	tl_future_init(&promise);
	for (unsigned w = 0; w < 3; w++) {
		submit_wait(pool, w, &waits[w]);
		cr_assert_eq(submit_visit(pool, &behind[w], (int)w), 0);
		waits[w].awaited = w ? &behind[w - 1].task.future : &promise;
	}
	for (unsigned w = 0; w < 3; w++) {
		gate_open(&waits[w].gate);
		assert_soon(stats_of(pool).blocked == w + 1);
	}
	tl_future_set(&promise, NULL);
	tl_executor_destroy(pool);
	for (int w = 0; w < 3; w++) {
		cr_assert_eq(waits[w].result, 0);
		cr_assert_eq(behind[w].ran_by, w);
	}
	END_CLEAN();
}
