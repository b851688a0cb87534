/* SPDX-License-Identifier: MIT */
/* Memory for the rings that a worker sets aside. */
#include "many.h"

enum { HUGE_NUMBER = 300000 }; /* 2.4 MB of slots */

static struct {
	tl_executor *pool;
	tl_task *tasks;
	atomic_long ran, most;
} huge;

static void *submit_huge_number(void *unused)
{
	for (int i = 0; i < HUGE_NUMBER; i++)
		cr_assert_eq(tl_submit_task(huge.pool, &huge.tasks[i]), 0);
	atomic_store(&huge.most, resident_kilobytes());
	return unused;
}

Test(shelf_memory, is_given_back_while_the_pool_sleeps)
{
	const tl_options options = { .idle_timeout = 20 * MILLISECOND };
	for (int kind = FIXED; kind < KINDS; kind++) {
		huge.pool = executor_of(kind, 1, &options);
		huge.tasks = malloc(HUGE_NUMBER * sizeof *huge.tasks);
		atomic_store(&huge.ran, 0);
		for (int i = 0; i < HUGE_NUMBER; i++)
			tl_task_init(&huge.tasks[i], add_one, &huge.ran);
		long before = resident_kilobytes();
		tl_await(tl_submit(huge.pool, submit_huge_number, NULL));
		assert_soon(atomic_load(&huge.ran) == HUGE_NUMBER);
		if (!instrumented()) {
			cr_assert_gt(atomic_load(&huge.most), before + 1500);
			assert_soon(sysconf(_SC_PAGESIZE) > 4096 ||
			            resident_kilobytes() < before + 700);
		}
		tl_executor_destroy(huge.pool);
		free(huge.tasks);
	}
	END_CLEAN();
}

/* One at a time, until a task comes. */
Test(shelf_memory, is_given_back_until_a_task_comes)
{
	const tl_options options = { .idle_timeout = 20 * MILLISECOND };
	struct many *many = many_new(tl_fixed_pool_create(1, &options));
	struct many *again = many_new(many->pool);
	huge.pool = many->pool;
	huge.tasks = malloc(HUGE_NUMBER * sizeof *huge.tasks);
	atomic_store(&huge.ran, 0);
	for (int i = 0; i < HUGE_NUMBER; i++)
		tl_task_init(&huge.tasks[i], add_one, &huge.ran);
	hold_advice(true);
	tl_await(tl_submit(huge.pool, submit_huge_number, NULL));
	assert_soon(advice_held() == 1);
	tl_future *first = tl_submit(again->pool, submit_and_stay, again);
	long before = advice_count();
	hold_advice(false);
	assert_soon(atomic_load(&again->gate.inside) == 1);
	cr_assert_leq(advice_count(), before + 1);
	gate_open(&again->gate);
	tl_await(first);
	tl_executor_destroy(many->pool);
	each_ran_once(again);
	free(huge.tasks);
	free(many);
	free(again);
	END_CLEAN();
}

static void *submit_without_memory(void *argument)
{
	struct many *many = argument;
	int failed = 0;
	numbered = many;
	for (int i = 0; i < MANY; i++) {
		tl_task_init(&many->tasks[i], note_number, &many->ran[i]);
		if (i < MANY / 2)
			fail_allocation_at(1);
		errno = E2BIG;
		cr_assert_eq(tl_submit_task(many->pool, &many->tasks[i]), 0);
		cr_assert_eq(errno, E2BIG);
		failed += fail_allocation_at(0);
	}
	return VALUE(failed);
}

Test(shelf_memory, there_is_none_so_tasks_go_through_the_inbox)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		struct many *many = many_new(executor_of(kind, 1, NULL));
		tl_future *future = tl_submit(many->pool, submit_without_memory, many);
		cr_assert_gt((intptr_t)tl_await(future), MANY / 4);
		tl_executor_destroy(many->pool);
		each_ran_once(many);
		free(many);
	}
	END_CLEAN();
}
