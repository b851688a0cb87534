/* SPDX-License-Identifier: MIT */
/* An adaptive pool's minimum, maximum and idle timeout, also as they change. */
#include "adaptive_pool.h"

#include <sched.h>

Test(adaptive, keeps_its_minimum_when_idle)
{
	tl_options options = { .min_workers = 2,
		               .max_workers = 4,
		               .idle_timeout = 20 * MILLISECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	struct gate gate = GATE;
	hold(pool, &gate, 4);
	cr_assert_eq(thread_count(), 5);
	gate_open(&gate);
	assert_soon(thread_count() == 3);
	assert_soon(stats_of(pool).idle == 2);
	cr_assert_eq(stats_of(pool).retired, 2);
	cr_assert_eq(thread_count(), 3);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(adaptive, without_idle_timeout_none_retires)
{
	static const int64_t never[] = { TL_NONE, TL_FOREVER };
	for (size_t i = 0; i < LENGTH(never); i++) {
		tl_executor *pool = pool_of(3, never[i]);
		tl_executor *other = pool_of(3, 20 * MILLISECOND);
		struct gate gate = GATE;
		hold(pool, &gate, 3);
		hold(other, &gate, 3);
		gate_open(&gate);
		assert_soon(stats_of(other).workers == 1);
		cr_assert_eq(stats_of(pool).workers, 3);
		tl_executor_destroy(pool);
		tl_executor_destroy(other);
		END_CLEAN();
	}
}

Test(adaptive, lower_maximum_retires_threads)
{
	tl_executor *pool = pool_of(4, TL_NONE);
	struct gate gate = GATE;
	hold(pool, &gate, 4);
	cr_assert_eq(tl_executor_set_max_workers(pool, 2), 0);
	cr_assert_eq(stats_of(pool).workers, 4); /* what runs goes on */
	gate_open(&gate);
	assert_soon(thread_count() == 3);
	gate_shut(&gate);
	for (int i = 0; i < 6; i++)
		tl_future_release(tl_submit(pool, gate_pass, &gate));
	assert_soon(atomic_load(&gate.inside) == 2);
	cr_assert_eq(thread_count(), 3);
	cr_assert_eq(stats_of(pool).queued, 4);
	gate_open(&gate);
	assert_soon(atomic_load(&gate.passed) == 6);
	cr_assert_eq(tl_executor_set_max_workers(pool, 1), 0); /* idle ones as well */
	assert_soon(thread_count() == 2);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(adaptive, lower_maximum_takes_the_minimum_along)
{
	tl_options options = { .min_workers = 3, .max_workers = 4 };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	cr_assert_eq(thread_count(), 4);
	cr_assert_eq(tl_executor_set_max_workers(pool, 2), 0);
	assert_soon(thread_count() == 3);
	cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(1))), VALUE(1));
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(adaptive, higher_maximum_starts_threads_for_queued_work)
{
	tl_executor *pool = pool_of(1, 50 * MILLISECOND);
	struct gate gate = GATE;
	for (int i = 0; i < 6; i++)
		tl_future_release(tl_submit(pool, gate_pass, &gate));
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(thread_count(), 2);
	for (unsigned max = 2; max <= 6; max += 2) {
		cr_assert_eq(tl_executor_set_max_workers(pool, max), 0);
		assert_soon(atomic_load(&gate.inside) == (int)max);
		cr_assert_eq(thread_count(), 1 + (int)max);
	}
	gate_open(&gate);
	assert_soon(thread_count() == 2);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(adaptive, idle_timeout_can_be_changed)
{
	tl_executor *pool = pool_of(4, TL_NONE);
	struct gate gate = GATE;
	hold(pool, &gate, 4);
	gate_open(&gate);
	assert_soon(stats_of(pool).idle == 4);
	cr_assert_eq(tl_executor_set_idle_timeout(pool, MILLISECOND), 0);
	assert_soon(thread_count() == 2); /* those asleep already take note */
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Each submits itself again, so that its worker always has work of its own. */
struct chain {
	tl_executor *pool;
	atomic_long links;
	atomic_bool over;
	atomic_bool *go;
};

static void *link_on(void *argument)
{
	struct chain *chain = argument;
	while (!atomic_load(chain->go)) /* until each has its worker */
		sched_yield();
	atomic_fetch_add(&chain->links, 1);
	tl_future *next =
		atomic_load(&chain->over) ? NULL : tl_submit(chain->pool, link_on, chain);
	tl_future_release(next);
	return NULL;
}

Test(adaptive, lower_maximum_retires_threads_whose_tasks_submit_more)
{
	tl_executor *pool = pool_of(4, TL_NONE);
	struct chain chains[4] = { 0 };
	atomic_bool go = false;
	long before[LENGTH(chains)];
	for (size_t i = 0; i < LENGTH(chains); i++) {
		chains[i].pool = pool;
		chains[i].go = &go;
		tl_future_release(tl_submit(pool, link_on, &chains[i]));
	}
	assert_soon(stats_of(pool).workers == 4);
	atomic_store(&go, true);
	for (size_t i = 0; i < LENGTH(chains); i++)
		assert_soon(atomic_load(&chains[i].links) > 100);
	cr_assert_eq(tl_executor_set_max_workers(pool, 1), 0);
	assert_soon(thread_count() == 2);
	for (size_t i = 0; i < LENGTH(chains); i++) /* what they had goes on */
		before[i] = atomic_load(&chains[i].links);
	for (size_t i = 0; i < LENGTH(chains); i++)
		assert_soon(atomic_load(&chains[i].links) > before[i] + 10);
	for (size_t i = 0; i < LENGTH(chains); i++)
		atomic_store(&chains[i].over, true);
	tl_executor_destroy(pool);
	END_CLEAN();
}
