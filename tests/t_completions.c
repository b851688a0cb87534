/* SPDX-License-Identifier: MIT */
/* Completion queues: futures come in the order in which they end, each once. */
#include "completion_queue.h"

Test(completions, come_in_the_order_of_their_ends)
{
	tl_completions *queue = queue_new();
	tl_future promises[100];
	tl_completion taken[100];
	for (int i = 0; i < 100; i++) {
		tl_future_init(&promises[i]);
		add(queue, &promises[i], i);
	}
	cr_assert_eq(tl_completions_left(queue), 100);
	cr_assert_eq(tl_completions_take(queue, taken, 100, 0), -ETIMEDOUT);
	for (int i = 0; i < 100; i++)
		tl_future_set(&promises[i * 37 % 100], NULL);
	for (int n = 0; n < 100; n += 10) {
		cr_assert_eq(tl_completions_take(queue, taken, 10, 0), 10);
		for (int i = 0; i < 10; i++) {
			int expected = (n + i) * 37 % 100;
			cr_assert_eq(taken[i].future, &promises[expected]);
			cr_assert_eq(taken[i].tag, VALUE(expected));
		}
	}
	cr_assert_eq(tl_completions_left(queue), 0);
	cr_assert_eq(tl_completions_take(queue, taken, 1, 0), -ETIMEDOUT);
	cr_assert_eq(tl_completions_destroy(queue), 0);
	END_CLEAN();
}

Test(completions, come_however_the_future_ends)
{
	tl_completions *queue = queue_new();
	tl_executor *worker = tl_worker_create(NULL);
	struct gate gate = GATE;
	hold(worker, &gate, 1);
	tl_future *futures[] = { tl_submit(worker, identity, VALUE(1)),
		                 tl_submit(worker, identity, VALUE(2)),
		                 tl_submit(worker, fail_with, VALUE(-EIO)) };
	tl_completion taken;
	for (int i = 0; i < 3; i++)
		add(queue, futures[i], i);
	tl_future_cancel(futures[1]);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, TL_FOREVER), 1);
	cr_assert_eq(taken.tag, VALUE(1));
	cr_assert(tl_future_cancelled(taken.future));
	gate_open(&gate);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, TL_FOREVER), 1);
	cr_assert_eq(tl_await(taken.future), VALUE(1));
	cr_assert_eq(tl_completions_take(queue, &taken, 1, TL_FOREVER), 1);
	cr_assert_eq(tl_future_result(taken.future, NULL, 0), -EIO);
	add(queue, futures[1], 7); /* once more, and it has ended */
	add(queue, futures[1], 8);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), 1);
	cr_assert_eq(taken.tag, VALUE(7));
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), 1);
	cr_assert_eq(taken.tag, VALUE(8));
	tl_future_release(futures[1]);
	tl_future_release(futures[2]);
	tl_completions_destroy(queue);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(completions, one_future_may_come_to_several_queues)
{
	tl_completions *queues[] = { queue_new(), queue_new(), queue_new() };
	tl_future promise;
	tl_completion taken;
	tl_future_init(&promise);
	for (int i = 0; i < 3; i++)
		add(queues[i], &promise, i);
	tl_future_set(&promise, NULL);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(tl_completions_take(queues[i], &taken, 1, 0), 1);
		cr_assert_eq(taken.tag, VALUE(i));
		tl_completions_destroy(queues[i]);
	}
	END_CLEAN();
}

Test(completions, wait_runs_out_and_a_later_one_succeeds)
{
	tl_completions *queue = queue_new();
	tl_future promise;
	tl_completion taken;
	tl_future_init(&promise);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 2 * MILLISECOND), -ETIMEDOUT);
	add(queue, &promise, 1);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 2 * MILLISECOND), -ETIMEDOUT);
	tl_future_set(&promise, NULL);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 2 * MILLISECOND), 1);
	tl_completions_destroy(queue);
	END_CLEAN();
}

Test(completions, allocate_no_more_once_they_have_room)
{
	tl_completions *queue = queue_new();
	static tl_future promises[3000];
	tl_completion taken[100];
	long before = 0;
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			before = allocation_count();
		for (int i = 0; i < 3000; i++) {
			tl_future_init(&promises[i]);
			add(queue, &promises[i], i);
		}
		for (int i = 0; i < 3000; i++)
			tl_future_set(&promises[i], NULL);
		for (int got = 0; got < 3000;)
			got += tl_completions_take(queue, taken, 100, 0);
	}
	if (!WITH_DEBUG)
		cr_assert_eq(allocation_count(), before);
	tl_completions_destroy(queue);
	END_CLEAN();
}

Test(completions, without_memory_say_so_and_lose_nothing)
{
	for (long n = 1; n <= 2; n++) {
		fail_allocation_at(n);
		errno = 0;
		cr_assert_null(tl_completions_create());
		cr_assert_eq(errno, ENOMEM);
		fail_allocation_at(0);
	}
	tl_completions *queue = queue_new();
	static tl_future promises[1000];
	tl_completion taken[1000];
	int added = 0;
	for (int i = 0; i < 1000; i++) {
		tl_future_init(&promises[i]);
		if (i % 2)
			fail_allocation_at(1);
		int result = tl_completions_add(queue, &promises[i], VALUE(i));
		fail_allocation_at(0);
		cr_assert(result == 0 || (result == -ENOMEM && i % 2));
		added += !result;
		cr_assert_eq(tl_completions_left(queue), (size_t)added);
	}
	for (int i = 0; i < 1000; i++)
		tl_future_set(&promises[i], NULL);
	cr_assert_eq(tl_completions_take(queue, taken, 1000, 0), added);
	tl_completions_destroy(queue);
	END_CLEAN();
}

Test(completions, bad_arguments_are_refused)
{
	tl_completions *queue = queue_new();
	tl_future promise;
	tl_completion taken;
	tl_future_init(&promise);
	cr_assert_eq(tl_completions_add(NULL, &promise, NULL), -EINVAL);
	cr_assert_eq(tl_completions_add(queue, NULL, NULL), -EINVAL);
	cr_assert_eq(tl_completions_take(NULL, &taken, 1, 0), -EINVAL);
	cr_assert_eq(tl_completions_take(queue, NULL, 1, 0), -EINVAL);
	cr_assert_eq(tl_completions_take(queue, &taken, 0, 0), -EINVAL);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, -1), -EINVAL);
	cr_assert_eq(tl_completions_left(NULL), 0);
	cr_assert_eq(tl_completions_left(queue), 0);
	cr_assert_eq(tl_completions_descriptor(NULL), -EINVAL);
	cr_assert_eq(tl_completions_destroy(NULL), 0);
	cr_assert_eq(tl_completions_destroy(queue), 0);
	END_CLEAN();
}
