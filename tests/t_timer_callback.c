/* SPDX-License-Identifier: MIT */
/* Callbacks of what a timer ends: they run in a worker, and may wait there. */
#include "support.h"

/* A callback that waits: for `awaited`, or for a timer that it sets itself. */
struct waiter {
	tl_callback callback;
	tl_executor *pool;
	tl_future *awaited;
	atomic_int answer;
};
#define OPEN 1

static void wait_in_callback(tl_future *future, void *context)
{
	struct waiter *waiter = context;
	tl_future *timer = NULL;
	(void)future;
	if (!waiter->awaited)
		timer = tl_after(waiter->pool, MILLISECOND, identity, NULL);
	atomic_store(&waiter->answer,
	             tl_future_wait(timer ? timer : waiter->awaited, TL_FOREVER));
	tl_future_release(timer);
}

/* A task with a limit, queued behind what holds its queue; when that is over, waiter waits. */
static tl_future *limited(tl_executor *queue, struct waiter *waiter)
{
	tl_future *future = tl_submit_within(queue, MILLISECOND, identity, NULL);
	waiter->callback.function = wait_in_callback;
	waiter->callback.context = waiter;
	atomic_store(&waiter->answer, OPEN);
	cr_assert_eq(tl_future_on_done(future, &waiter->callback), 0);
	return future;
}

/* The limit is over when the worker takes the next task: that fires it first. */
Test(timer_callback, may_wait_for_the_task_that_its_worker_was_about_to_run)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		struct gate gate = GATE;
		tl_executor *pool = executor_of(kind, 1, NULL);
		hold(pool, &gate, 1);
		tl_future *next = tl_submit(pool, identity, VALUE(1));
		struct waiter waiter = { .awaited = next };
		tl_future *future = limited(pool, &waiter);
		int64_t begin = now();
		assert_soon(now() > begin + 2 * MILLISECOND);
		gate_open(&gate);
		assert_soon(tl_future_done(next));
		assert_soon(atomic_load(&waiter.answer) == 0);
		cr_assert_eq(tl_await(next), VALUE(1));
		cr_assert_null(tl_await(future));
		cr_assert_eq(errno, ECANCELED);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* The limit ends what a serial queue holds back; it is fired by an idle worker. */
Test(timer_callback, may_wait_for_another_timer_while_others_are_idle)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		struct gate gate = GATE;
		tl_executor *pool = executor_of(kind, 3, NULL);
		tl_executor *queue = tl_serial_create(pool, 1);
		hold(queue, &gate, 1);
		struct waiter waiter = { .pool = pool };
		tl_future *future = limited(queue, &waiter);
		assert_soon(atomic_load(&waiter.answer) == 0);
		gate_open(&gate);
		cr_assert_null(tl_await(future));
		cr_assert_eq(errno, ECANCELED);
		tl_executor_destroy(queue);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

struct submitter {
	tl_callback callback;
	tl_executor *pool;
	int n;
	atomic_long ran;
};

static void submit_in_callback(tl_future *future, void *context)
{
	struct submitter *submitter = context;
	(void)future;
	for (int i = 0; i < submitter->n; i++)
		tl_future_release(tl_submit(submitter->pool, add_one, &submitter->ran));
}

/* They lay in that worker's ring, where it looked no more: it spun, and the others of the
 * pool were busy. */
Test(timer_callback, may_submit_what_only_its_worker_can_run)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (int n = 1; n <= 1000; n *= 10) {
			struct gate gate = GATE;
			tl_executor *pool = executor_of(kind, 2, NULL);
			tl_executor *queue = tl_serial_create(pool, 1);
			struct submitter submitter = { .pool = pool, .n = n };
			submitter.callback.function = submit_in_callback;
			submitter.callback.context = &submitter;
			hold(queue, &gate, 1);
			tl_future *future =
				tl_submit_within(queue, MILLISECOND, identity, NULL);
			cr_assert_eq(tl_future_on_done(future, &submitter.callback), 0);
			assert_soon(atomic_load(&submitter.ran) == n);
			gate_open(&gate);
			tl_future_release(future);
			tl_executor_destroy(queue);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}
