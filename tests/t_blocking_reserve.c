/* SPDX-License-Identifier: MIT */
/* Threads that stood in for a blocked worker: they wait in reserve, and end. */
#include "section.h"

static void *short_section(void *count)
{
	tl_blocking_begin();
	add_one(count);
	tl_blocking_end();
	return NULL;
}

Test(blocking, who_stood_in_waits_for_the_next_time)
{
	tl_executor *pool = executor_of(FIXED, 1, &one_spare);
	long before = thread_starts();
	atomic_long count = 0;
	for (int i = 0; i < 500; i++)
		tl_future_release(tl_submit(pool, short_section, &count));
	assert_soon(atomic_load(&count) == 500);
	cr_assert_leq(thread_starts() - before, 2);
	cr_assert_leq(stats_of(pool).workers, 2);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(blocking, reserve_ends_after_the_idle_timeout)
{
	tl_options options = { .spare_workers = 4, .idle_timeout = MILLISECOND };
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		atomic_long count = 0;
		tl_executor *pool = executor_of(kind, 1, &options);
		for (int i = 0; i < 200; i++)
			tl_future_release(tl_submit(pool, short_section, &count));
		assert_soon(atomic_load(&count) == 200 && thread_count() == 2);
		tl_stats stats = stats_of(pool);
		cr_assert_eq(stats.started, stats.retired + 1);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(blocking, reserve_takes_another_idle_timeout)
{
	tl_options options = { .spare_workers = 1, .idle_timeout = TL_NONE };
	struct section section = SECTION;
	tl_executor *pool = executor_of(ADAPTIVE, 1, &options);
	tl_future *future = enter(pool, &section);
	cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(1))), VALUE(1));
	gate_open(&section.gate);
	cr_assert_eq(tl_await(future), VALUE(true));
	assert_soon(stats_of(pool).workers == 1);
	cr_assert_eq(thread_count(), 3);
	cr_assert_eq(tl_executor_set_idle_timeout(pool, MILLISECOND), 0);
	assert_soon(thread_count() == 2);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(blocking, shutdown_ends_the_reserve_at_once)
{
	tl_options options = { .spare_workers = 4, .idle_timeout = TL_NONE };
	for (int i = 0; i < 50; i++) {
		atomic_long count = 0;
		tl_executor *pool = executor_of(FIXED, 2, &options);
		for (int k = 0; k < 50; k++)
			tl_future_release(tl_submit(pool, short_section, &count));
		tl_executor_destroy(pool);
		cr_assert_eq(atomic_load(&count), 50);
	}
	END_CLEAN();
}

Test(blocking, shutdown_waits_for_a_section_and_runs_what_is_queued)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		struct section section = SECTION;
		atomic_long count = 0;
		tl_executor *pool = executor_of(kind, 1, &one_spare);
		tl_future *future = enter(pool, &section);
		for (int i = 0; i < 20; i++)
			tl_future_release(tl_submit(pool, add_one, &count));
		cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, MILLISECOND),
		             -ETIMEDOUT);
		assert_soon(atomic_load(&count) == 20);
		gate_open(&section.gate);
		cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
		cr_assert_eq(tl_await(future), VALUE(true));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(blocking, lower_maximum_holds_when_the_sections_end)
{
	struct section sections = SECTION;
	tl_options options = { .max_workers = 4, .spare_workers = 4 };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	for (int i = 0; i < 8; i++)
		tl_future_release(tl_submit(pool, in_section, &sections));
	assert_soon(atomic_load(&sections.gate.inside) == 8);
	cr_assert_eq(tl_executor_set_max_workers(pool, 1), 0);
	gate_open(&sections.gate);
	struct gate gate = GATE;
	for (int i = 0; i < 8; i++)
		tl_future_release(tl_submit(pool, gate_pass, &gate));
	assert_soon(stats_of(pool).blocked == 0 && stats_of(pool).workers == 1);
	assert_soon(atomic_load(&gate.inside) >= 1);
	gate_open(&gate);
	tl_executor_destroy(pool);
	END_CLEAN();
}
