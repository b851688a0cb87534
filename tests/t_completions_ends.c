/* SPDX-License-Identifier: MIT */
/* Completion queues destroyed with futures outstanding, and in forked children. */
#include "completion_queue.h"

Test(completions, destroyed_with_futures_outstanding_forget_them)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct gate gate = GATE;
	tl_future promises[10], *futures[10];
	for (int round = 0; round < 2; round++) {
		tl_completions *queue = queue_new();
		if (round)
			tl_completions_descriptor(queue);
		for (int i = 0; i < 10; i++) {
			tl_future_init(&promises[i]);
			add(queue, &promises[i], i);
			futures[i] = tl_submit(pool, gate_pass, &gate);
			add(queue, futures[i], i);
		}
		tl_future_set(&promises[0], NULL); /* ready, and nobody takes it */
		cr_assert_eq(tl_completions_left(queue), 20);
		cr_assert_eq(tl_completions_destroy(queue), 0);
		gate_open(&gate);
		for (int i = 0; i < 10; i++) {
			tl_future_set(&promises[i], NULL);
			tl_await(futures[i]);
		}
		gate_shut(&gate);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(completions, destroyed_beside_the_ends_of_their_futures)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (long round = scaled(5000); round--;) {
		tl_completions *queue = queue_new();
		tl_completion taken[4];
		tl_future *futures[8];
		if (round % 4 == 0)
			tl_completions_descriptor(queue);
		for (int i = 0; i < 8; i++) {
			futures[i] = tl_submit(pool, identity, NULL);
			add(queue, futures[i], i);
		}
		if (round % 2)
			cr_assert_gt(tl_completions_take(queue, taken, 4, TL_FOREVER), 0);
		tl_completions_destroy(queue);
		for (int i = 0; i < 8; i++)
			tl_await(futures[i]);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct lost {
	tl_completions *queue;
	tl_future *promise;
};

static int child_of_a_queue(void *argument)
{
	struct lost *lost = argument;
	tl_completion taken;
	tl_future promise;
	tl_future_init(&promise);
	if (tl_completions_add(lost->queue, &promise, NULL) != -EOWNERDEAD)
		return 1;
	if (tl_completions_take(lost->queue, &taken, 1, TL_FOREVER) != -EOWNERDEAD)
		return 2;
	if (tl_completions_descriptor(lost->queue) != -EOWNERDEAD)
		return 3;
	if (tl_future_set(lost->promise, NULL)) /* comes nowhere */
		return 4;
	return tl_completions_destroy(lost->queue) == -EOWNERDEAD ? 0 : 5;
}

Test(completions, child_of_a_fork_is_told)
{
	tl_completions *queue = queue_new();
	tl_future promise;
	tl_completion taken;
	struct lost lost = { queue, &promise };
	tl_future_init(&promise);
	add(queue, &promise, 1);
	cr_assert_eq(in_child(child_of_a_queue, &lost), 0);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), -ETIMEDOUT);
	tl_future_set(&promise, NULL);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), 1);
	tl_completions_destroy(queue);
	END_CLEAN();
}

/* With a queue of its own, in a task of its parent's: what is queued there is not its. */
static int child_with_a_queue(void *unused)
{
	tl_completions *queue = tl_completions_create();
	tl_future promise;
	tl_completion taken;
	(void)unused;
	tl_future_init(&promise);
	if (tl_completions_add(queue, &promise, NULL) ||
	    tl_completions_take(queue, &taken, 1, 20 * MILLISECOND) != -ETIMEDOUT)
		return 1;
	tl_future_set(&promise, NULL);
	if (tl_completions_take(queue, &taken, 1, TL_FOREVER) != 1)
		return 2;
	return tl_completions_destroy(queue) || other_threads(NULL, 0) ? 3 : 4;
}

struct forks {
	tl_executor *pool;
	tl_task queued[10];
	int child;
};

static void *forks_above_queued_tasks(void *argument)
{
	struct forks *forks = argument;
	for (int i = 0; i < 10; i++) {
		tl_task_init(&forks->queued[i], identity, NULL);
		tl_submit_quietly(forks->pool, &forks->queued[i]);
	}
	forks->child = in_child(child_with_a_queue, NULL);
	return NULL;
}

Test(completions, child_of_a_fork_starts_nothing_of_its_parents_to_wait)
{
	tl_options options = { .max_workers = 4 };
	struct forks forks = { .pool = tl_adaptive_pool_create(&options) };
	tl_await(tl_submit(forks.pool, forks_above_queued_tasks, &forks));
	cr_assert_eq(forks.child, 4);
	tl_executor_destroy(forks.pool);
	END_CLEAN();
}
