/* SPDX-License-Identifier: MIT */
/* A watchdog sees which workers are stuck, in what, and for how long at least. */
#include "support.h"

struct reports {
	int count;
	tl_stuck last;
};

static void note(const tl_stuck *stuck, void *context)
{
	struct reports *reports = context;
	reports->count++;
	reports->last = *stuck;
}

Test(watch, reports_the_stuck_worker_its_task_and_how_long)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct gate gate = GATE;
	struct reports reports = { 0 };
	hold(pool, &gate, 1);
	int64_t begun = now();
	cr_assert_eq(tl_executor_watch(pool, MILLISECOND, note, &reports), 0);
	assert_soon(tl_executor_watch(pool, MILLISECOND, NULL, NULL) == 1);
	cr_assert_eq(tl_executor_watch(pool, MILLISECOND, note, &reports), 1);
	cr_assert_eq(reports.count, 1);
	cr_assert_lt(reports.last.worker, 2);
	cr_assert(reports.last.function == gate_pass);
	cr_assert(reports.last.argument == &gate);
	cr_assert(reports.last.duration >= MILLISECOND);
	cr_assert(reports.last.duration <= now() - begun);
	gate_open(&gate);
	assert_soon(tl_executor_watch(pool, 0, NULL, NULL) == 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(watch, a_worker_that_goes_from_task_to_task_is_not_stuck)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	for (int i = 0; i < 100; i++) {
		struct gate gate = GATE;
		tl_future *future = tl_submit(pool, gate_pass, &gate);
		assert_soon(atomic_load(&gate.inside) == 1);
		cr_assert_eq(tl_executor_watch(pool, SECOND * 1000, NULL, NULL), 0);
		/* seen for the first time: for 0 ns so far */
		struct reports reports = { 0 };
		cr_assert_eq(tl_executor_watch(pool, 0, note, &reports), 1);
		cr_assert(reports.last.argument == &gate);
		gate_open(&gate);
		tl_await(future);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

static tl_executor *nested;

static void *wait_for_gate(void *gate)
{
	tl_await(tl_submit(nested, gate_pass, gate));
	return NULL;
}

Test(watch, names_the_innermost_task_then_the_one_below)
{
	struct gate gate = GATE, second = GATE;
	struct reports reports = { 0 };
	nested = tl_fixed_pool_create(1, NULL);
	tl_future *future = tl_submit(nested, wait_for_gate, &gate);
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(tl_executor_watch(nested, 0, note, &reports), 1);
	cr_assert(reports.last.function == gate_pass);
	tl_future *after = tl_submit(nested, gate_pass, &second);
	gate_open(&gate);
	assert_soon(atomic_load(&second.inside) == 1);
	cr_assert_eq(tl_executor_watch(nested, 0, note, &reports), 1);
	cr_assert(reports.last.argument == &second);
	gate_open(&second);
	tl_await(future);
	tl_await(after);
	tl_executor_destroy(nested);
	END_CLEAN();
}

Test(watch, refuses_bad_arguments)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	cr_assert_eq(tl_executor_watch(NULL, 0, NULL, NULL), -EINVAL);
	cr_assert_eq(tl_executor_watch(pool, -1, NULL, NULL), -EINVAL);
	tl_executor_destroy(pool);
	END_CLEAN();
}
