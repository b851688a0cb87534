/* SPDX-License-Identifier: MIT */
/* Blocking sections: the place of a worker that says it will block goes to a spare. */
#include "section.h"

Test(blocking, task_that_comes_during_a_section_runs)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		struct section section = SECTION;
		tl_executor *pool = executor_of(kind, 1, &one_spare);
		tl_future *future = enter(pool, &section);
		for (int i = 0; i < 100; i++)
			cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(i))),
			             VALUE(i));
		gate_open(&section.gate);
		cr_assert_eq(tl_await(future), VALUE(true));
		cr_assert_eq(stats_of(pool).blocked, 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *submits_then_blocks(void *argument)
{
	struct section *section = argument;
	for (int i = 0; i < 10; i++) /* into its own ring */
		tl_future_release(tl_submit(section->pool, add_one, section->count));
	return in_section(section);
}

Test(blocking, what_the_blocked_worker_had_queued_runs)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		atomic_long count = 0;
		struct section section = SECTION;
		section.count = &count;
		section.pool = executor_of(kind, 1, &one_spare);
		tl_future *future =
			tl_submit(section.pool, submits_then_blocks, &section);
		assert_soon(atomic_load(&count) == 10);
		gate_open(&section.gate);
		cr_assert_eq(tl_await(future), VALUE(true));
		tl_executor_destroy(section.pool);
	}
	END_CLEAN();
}

/* In its range, too: taken over from outside together with the one that blocks. */
Test(blocking, what_was_queued_before_the_section_runs)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		struct gate gate = GATE;
		atomic_long count = 0;
		struct section section = SECTION;
		tl_executor *pool = executor_of(kind, 1, &one_spare);
		hold(pool, &gate, 1);
		tl_future *future = tl_submit(pool, in_section, &section);
		for (int i = 0; i < 10; i++)
			tl_future_release(tl_submit(pool, add_one, &count));
		gate_open(&gate);
		assert_soon(atomic_load(&count) == 10);
		gate_open(&section.gate);
		cr_assert_eq(tl_await(future), VALUE(true));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(blocking, section_starts_no_thread_while_nothing_is_queued)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		tl_executor *pool = executor_of(kind, 1, &one_spare);
		for (int i = 0; i < 100; i++) {
			struct section section = SECTION;
			gate_open(&section.gate);
			cr_assert_eq(tl_await(tl_submit(pool, in_section, &section)),
			             VALUE(true));
		}
		cr_assert_eq(stats_of(pool).started, 1);
		cr_assert_eq(stats_of(pool).replaced, 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(blocking, idle_worker_is_woken_before_a_thread_is_started)
{
	struct section section = SECTION;
	tl_executor *pool = executor_of(FIXED, 2, &one_spare);
	tl_future *future = enter(pool, &section);
	for (int i = 0; i < 100; i++)
		tl_await(tl_submit(pool, identity, NULL));
	cr_assert_eq(stats_of(pool).started, 2);
	gate_open(&section.gate);
	tl_await(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(blocking, no_more_than_the_spares_stand_in)
{
	struct section sections = SECTION;
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(2, &(tl_options){ .spare_workers = 3 });
	for (int i = 0; i < 6; i++)
		tl_future_release(tl_submit(pool, in_section, &sections));
	assert_soon(atomic_load(&sections.gate.inside) == 5);
	cr_assert_eq(stats_of(pool).workers, 5);
	cr_assert_eq(stats_of(pool).blocked, 5);
	cr_assert_eq(stats_of(pool).replaced, 3);
	gate_open(&sections.gate);
	/* they all come back: two run at once, as ever */
	assert_soon(atomic_load(&sections.gate.passed) == 6);
	assert_soon(stats_of(pool).blocked == 0);
	for (int i = 0; i < 6; i++)
		tl_future_release(tl_submit(pool, gate_pass, &gate));
	assert_soon(stats_of(pool).workers == 2 && atomic_load(&gate.inside) == 2);
	cr_assert_eq(stats_of(pool).queued, 4);
	gate_open(&gate);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(blocking, section_without_spares_changes_nothing)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct section section = SECTION;
		tl_executor *executor =
			executor_of(kind, 1, kind == WORKER ? &one_spare : NULL);
		tl_future *first = enter(executor, &section);
		tl_future *second = tl_submit(executor, identity, VALUE(2));
		cr_assert(!section.said);
		cr_assert_eq(stats_of(executor).workers, 1);
		cr_assert_eq(stats_of(executor).blocked, 1);
		cr_assert_eq(stats_of(executor).replaced, 0);
		cr_assert(!tl_future_done(second));
		gate_open(&section.gate);
		cr_assert_eq(tl_await(second), VALUE(2));
		cr_assert_eq(tl_await(first), VALUE(false));
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(blocking, section_outside_of_a_pools_task_is_nothing)
{
	tl_task task;
	struct section section = SECTION;
	gate_open(&section.gate);
	cr_assert(!tl_blocking_begin());
	tl_task_init(&task, in_section, &section);
	cr_assert_eq(tl_task_run(&task), 0);
	cr_assert(!section.said);
	cr_assert_eq(tl_await(tl_spawn(in_section, &section)), VALUE(false));
	END_CLEAN();
}

static void *nests(void *pool)
{
	bool outer = tl_blocking_begin(), inner = tl_blocking_begin();
	long within = (long)stats_of(pool).blocked;
	tl_blocking_end();
	long still = (long)stats_of(pool).blocked;
	tl_blocking_end();
	long after = (long)stats_of(pool).blocked;
	return VALUE(outer && inner && within == 1 && still == 1 && after == 0);
}

Test(blocking, nested_sections_are_one)
{
	tl_executor *pool = executor_of(FIXED, 1, &one_spare);
	cr_assert_eq(tl_await(tl_submit(pool, nests, pool)), VALUE(true));
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *waits_inside(void *argument)
{
	struct section *section = argument;
	tl_blocking_begin();
	tl_future *queued = tl_submit(section->pool, gate_pass, &section->gate);
	void *value = tl_await(queued); /* here, or a spare has taken it */
	tl_blocking_end();
	return VALUE(value == &section->gate);
}

Test(blocking, wait_within_a_section_counts_once)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		struct section section = SECTION;
		section.pool = executor_of(kind, 1, &one_spare);
		tl_future *future = tl_submit(section.pool, waits_inside, &section);
		assert_soon(atomic_load(&section.gate.inside) == 1);
		cr_assert_eq(stats_of(section.pool).blocked, 1);
		gate_open(&section.gate);
		cr_assert_eq(tl_await(future), VALUE(true));
		cr_assert_eq(stats_of(section.pool).blocked, 0);
		tl_executor_destroy(section.pool);
	}
	END_CLEAN();
}
