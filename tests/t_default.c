/* SPDX-License-Identifier: MIT */
/* The default executor: started by its first use, set, shut down, started afresh. */
#include "support.h"

Test(default_executor, starts_with_its_first_use)
{
	cr_assert_eq(thread_count(), 1);
	cr_assert_eq(tl_await(tl_go(identity, VALUE(4))), VALUE(4));
	cr_assert_eq(thread_count(), 2);
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}

Test(default_executor, is_started_once)
{
	cr_assert_eq(tl_start(), 0);
	cr_assert_eq(thread_count(), 2);
	cr_assert_eq(tl_start(), 0);
	cr_assert_eq(thread_count(), 2);
	cr_assert_eq(tl_shutdown(), 0);
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}

Test(default_executor, sequence_uses_one_thread)
{
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(tl_await(tl_go(identity, VALUE(i))), VALUE(i));
		cr_assert_eq(thread_count(), 2, "after %d", i);
	}
	tl_shutdown();
	END_CLEAN();
}

Test(default_executor, grows_to_the_maximum_set_before_its_start)
{
	struct gate gate = GATE;
	tl_future *futures[5];
	cr_assert_eq(tl_set_max_workers(3), 0);
	cr_assert_eq(tl_set_idle_timeout(20 * MILLISECOND), 0);
	cr_assert_eq(thread_count(), 1); /* setting starts nothing */
	for (int i = 0; i < 5; i++)
		futures[i] = tl_go(gate_pass, &gate);
	assert_soon(atomic_load(&gate.inside) == 3);
	cr_assert_eq(thread_count(), 4);
	gate_open(&gate);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(tl_await(futures[i]), &gate);
	assert_soon(thread_count() == 2);
	tl_shutdown();
	END_CLEAN();
}

Test(default_executor, can_be_set_while_it_runs)
{
	struct gate gate = GATE;
	cr_assert_eq(tl_set_max_workers(1), 0);
	for (int i = 0; i < 5; i++)
		tl_future_release(tl_go(gate_pass, &gate));
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(thread_count(), 2);
	cr_assert_eq(tl_set_max_workers(5), 0);
	assert_soon(atomic_load(&gate.inside) == 5);
	cr_assert_eq(thread_count(), 6);
	cr_assert_eq(tl_set_idle_timeout(10 * MILLISECOND), 0);
	gate_open(&gate);
	assert_soon(thread_count() == 2);
	tl_shutdown();
	END_CLEAN();
}

Test(default_executor, bad_settings_are_refused)
{
	for (int started = 0; started < 2; started++) {
		cr_assert_eq(tl_set_max_workers(0), -EINVAL);
		cr_assert_eq(tl_set_max_workers(TL_MAX_WORKERS + 1), -EINVAL);
		cr_assert_eq(tl_set_idle_timeout(-5), -EINVAL);
		errno = 0;
		cr_assert_null(tl_go(NULL, NULL));
		cr_assert_eq(errno, EINVAL);
		cr_assert_eq(tl_start(), 0);
	}
	tl_shutdown();
	END_CLEAN();
}

Test(default_executor, starts_afresh_after_a_shutdown)
{
	for (int i = 0; i < 50; i++) {
		atomic_long ran = 0;
		for (int k = 0; k < 100; k++)
			tl_future_release(tl_go(add_one, &ran));
		cr_assert_eq(tl_shutdown(), 0);
		cr_assert_eq(atomic_load(&ran), 100); /* drained */
		cr_assert_eq(tl_await(tl_go(identity, VALUE(i))), VALUE(i));
		cr_assert_eq(tl_shutdown(), 0);
		END_CLEAN();
	}
}

static void *shut_down(void *unused)
{
	(void)unused;
	return VALUE(tl_shutdown());
}

Test(default_executor, refuses_to_be_shut_down_by_its_own_task)
{
	cr_assert_eq(tl_await(tl_go(shut_down, NULL)), VALUE(-EDEADLK));
	cr_assert_eq(tl_await(tl_go(identity, VALUE(3))), VALUE(3));
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}

static void *changes_settings(void *gate)
{
	tl_future *future;
	gate_pass(gate);
	while ((future = tl_go(identity, NULL))) /* until the shutdown has begun */
		tl_future_release(future);
	return VALUE(errno == ESHUTDOWN && tl_set_max_workers(2) == 0 &&
	             tl_set_idle_timeout(SECOND) == 0 && tl_start() == -ESHUTDOWN);
}

Test(default_executor, its_tasks_may_change_it_while_a_shutdown_waits_for_them)
{
	struct gate gate = GATE;
	pthread_t thread;
	tl_future *future = tl_go(changes_settings, &gate);
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(pthread_create(&thread, NULL, shut_down, NULL), 0);
	gate_open(&gate);
	assert_soon(tl_future_done(future));
	cr_assert_eq(tl_await(future), VALUE(true));
	pthread_join(thread, NULL);
	END_CLEAN();
}

static struct {
	atomic_long submitted, ran, refused, wrong;
	atomic_int done;
} storm;

static void *go_and_go(void *unused)
{
	(void)unused;
	while (!atomic_load(&storm.done)) {
		tl_future *future = tl_go(add_one, &storm.ran);
		if (future)
			atomic_fetch_add(&storm.submitted, 1);
		else
			atomic_fetch_add(&storm.refused, 1);
		if (future && tl_future_wait(future, 60 * SECOND))
			atomic_fetch_add(&storm.wrong, 1);
		tl_future_release(future);
	}
	return NULL;
}

Test(default_executor, goes_on_while_others_shut_it_down)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, go_and_go, NULL);
	for (long i = scaled(4000); i--;) { /* one in some hundred once ended it all */
		long before = atomic_load(&storm.submitted);
		cr_assert_eq(tl_shutdown(), 0);
		assert_soon(atomic_load(&storm.submitted) > before);
	}
	atomic_store(&storm.done, 1);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(tl_shutdown(), 0);
	cr_assert_eq(atomic_load(&storm.wrong), 0);
	cr_assert_eq(atomic_load(&storm.refused), 0);
	cr_assert_eq(atomic_load(&storm.ran), atomic_load(&storm.submitted));
	END_CLEAN();
}
