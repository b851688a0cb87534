/* SPDX-License-Identifier: MIT */
/* Blocking sections: the place of a worker that says it will block goes to a spare. */
#include "support.h"

static const tl_options one_spare = { .spare_workers = 1 };

/* A task that is at the gate within a section; once it may, it says what begin said. */
struct section {
	struct gate gate;
	atomic_bool said;
	tl_executor *pool;
	atomic_long *count;
};
#define SECTION                                                                          \
	{                                                                                \
		.gate = GATE                                                             \
	}

static void *in_section(void *argument)
{
	struct section *section = argument;
	bool said = tl_blocking_begin();
	atomic_store(&section->said, said);
	gate_pass(&section->gate);
	tl_blocking_end();
	return VALUE(said);
}

/* Submitted, and inside. */
static tl_future *enter(tl_executor *pool, struct section *section)
{
	int before = atomic_load(&section->gate.inside);
	tl_future *future = tl_submit(pool, in_section, section);
	assert_soon(atomic_load(&section->gate.inside) == before + 1);
	return future;
}

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

struct order {
	long next;
	atomic_long inside;
	bool right;
};

static void *in_turn(void *argument)
{
	struct order *order = argument;
	tl_blocking_begin();
	order->right = order->right && atomic_fetch_add(&order->inside, 1) == 0;
	order->next++;
	atomic_fetch_sub(&order->inside, 1);
	tl_blocking_end();
	return VALUE(order->next);
}

Test(blocking, serial_queue_keeps_its_order)
{
	enum { TASKS = 300 };
	static tl_future *futures[TASKS];
	struct order order = { .right = true };
	tl_executor *pool = tl_fixed_pool_create(2, &(tl_options){ .spare_workers = 2 });
	tl_executor *queue = tl_serial_create(pool, 1);
	for (int i = 0; i < TASKS; i++)
		futures[i] = tl_submit(queue, in_turn, &order);
	for (int i = 0; i < TASKS; i++)
		cr_assert_eq(tl_await(futures[i]), VALUE(i + 1));
	cr_assert(order.right);
	tl_executor_destroy(queue);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static int child_of_a_section(void *unused)
{
	(void)unused;
	tl_blocking_end();
	if (tl_blocking_begin()) /* the pool is the parent's */
		return 2;
	tl_blocking_end();
	tl_executor *pool = tl_fixed_pool_create(1, &one_spare);
	bool right = tl_await(tl_submit(pool, identity, VALUE(1))) == VALUE(1);
	return tl_executor_destroy(pool) || !right;
}

static void *forks_within(void *pool)
{
	tl_blocking_begin();
	int status = in_child(child_of_a_section, NULL);
	long blocked = (long)stats_of(pool).blocked;
	tl_blocking_end();
	return VALUE(status == 0 && blocked == 1);
}

Test(blocking, child_forked_within_a_section_has_left_it)
{
	if (WITH_TSAN || emulated())
		return; /* no threads in such a child */
	tl_executor *pool = executor_of(FIXED, 1, &one_spare);
	cr_assert_eq(tl_await(tl_submit(pool, forks_within, pool)), VALUE(true));
	cr_assert_eq(stats_of(pool).blocked, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(blocking, section_goes_on_when_no_thread_can_be_started)
{
	struct section section = SECTION;
	tl_executor *pool = executor_of(FIXED, 1, &one_spare);
	fail_threads(true);
	tl_future *first = enter(pool, &section);
	tl_future *second = tl_submit(pool, identity, VALUE(2));
	gate_open(&section.gate);
	cr_assert_eq(tl_await(first), VALUE(true));
	cr_assert_eq(tl_await(second), VALUE(2));
	fail_threads(false);
	tl_executor_destroy(pool);
	END_CLEAN();
}
