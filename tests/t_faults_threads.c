/* SPDX-License-Identifier: MIT */
/* No thread can be started: those that there are go on. */
#include "support.h"

Test(faults, adaptive_pool_that_cannot_grow_goes_on_with_what_it_has)
{
	tl_executor *pool = tl_adaptive_pool_create(&(tl_options){ .max_workers = 4 });
	struct gate gate = GATE;
	tl_future *futures[10];
	tl_task task, batched[3], *batch[3];
	atomic_long ran = 0;
	fail_threads(true);
	for (int i = 0; i < 10; i++) {
		futures[i] = tl_submit(pool, gate_pass, &gate);
		cr_assert_not_null(futures[i]);
	}
	tl_task_init(&task, add_one, &ran);
	cr_assert_eq(tl_submit_task(pool, &task), 0);
	for (int i = 0; i < 3; i++) {
		tl_task_init(&batched[i], add_one, &ran);
		batch[i] = &batched[i];
	}
	cr_assert_eq(tl_submit_tasks(pool, batch, 3), 3);
	cr_assert_eq(thread_count(), 2);
	cr_assert_eq(tl_executor_set_max_workers(pool, 8), 0);
	gate_open(&gate);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(tl_await(futures[i]), &gate);
	assert_soon(atomic_load(&ran) == 4);
	fail_threads(false);
	/* and grows again as soon as it can */
	gate_shut(&gate);
	hold(pool, &gate, 8);
	gate_open(&gate);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

Test(faults, growth_that_fails_once_is_made_up_for)
{
	for (int n = 1; n <= 3; n++) {
		tl_executor *pool = tl_adaptive_pool_create(
			&(tl_options){ .max_workers = 4, .idle_timeout = MILLISECOND });
		struct gate gate = GATE;
		fail_thread_at(n);
		for (int i = 0; i < 8; i++)
			tl_future_release(tl_submit(pool, gate_pass, &gate));
		assert_soon(atomic_load(&gate.inside) == 4);
		cr_assert(fail_thread_at(0));
		gate_open(&gate);
		assert_soon(atomic_load(&gate.passed) == 8);
		tl_executor_destroy(pool);
		END_CLEAN();
	}
}

static void *wait_a_moment(void *promise)
{
	return VALUE(tl_future_wait(promise, MILLISECOND));
}

Test(faults, wait_goes_on_without_a_spare_worker)
{
	tl_executor *pool = tl_fixed_pool_create(1, &(tl_options){ .spare_workers = 1 });
	tl_future promise;
	tl_future_init(&promise);
	fail_threads(true);
	tl_future *waits = tl_submit(pool, wait_a_moment, &promise);
	tl_future *behind = tl_submit(pool, identity, VALUE(2));
	cr_assert_eq(tl_await(waits), VALUE(-ETIMEDOUT));
	cr_assert_eq(tl_await(behind), VALUE(2));
	fail_threads(false);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(faults, go_and_spawn_tell_that_there_is_no_thread)
{
	fail_thread_at(1);
	errno = 0;
	cr_assert_null(tl_go(identity, NULL));
	cr_assert_eq(errno, EAGAIN);
	fail_thread_at(1);
	cr_assert_eq(tl_start(), -EAGAIN);
	fail_thread_at(1);
	errno = 0;
	cr_assert_null(tl_spawn(identity, NULL));
	cr_assert_eq(errno, EAGAIN);
	END_CLEAN();
	cr_assert_eq(tl_await(tl_go(identity, VALUE(3))), VALUE(3));
	cr_assert_eq(tl_await(tl_spawn(identity, VALUE(4))), VALUE(4));
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}
