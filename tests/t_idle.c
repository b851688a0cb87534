/* SPDX-License-Identifier: MIT */
/* Executors at rest cost nothing; thousands that came and went leave nothing. */
#include "support.h"

#include <stdio.h>
#include <time.h>

struct cost {
	long long switches, cpu;
};

/* What the threads but this one have cost so far. */
static struct cost cost_of_others(int expected)
{
	pid_t threads[32];
	struct cost cost = { 0, 0 };
	int n = other_threads(threads, 32);
	cr_assert_eq(n, expected);
	for (int i = 0; i < n; i++) {
		char path[64];
		long long cpu = 0;
		cost.switches += status_of(threads[i], "voluntary_ctxt_switches", 10);
		cost.switches += status_of(threads[i], "nonvoluntary_ctxt_switches", 10);
		snprintf(path, sizeof path, "/proc/self/task/%d/schedstat",
		         (int)threads[i]);
		FILE *stream = fopen(path, "re");
		if (stream) {
			if (fscanf(stream, "%lld", &cpu) != 1)
				cpu = 0;
			fclose(stream);
		}
		cost.cpu += cpu;
	}
	return cost;
}

static bool all_asleep(void)
{
	pid_t threads[32];
	int n = other_threads(threads, 32);
	for (int i = 0; i < n; i++)
		if (thread_state(threads[i]) != 'S')
			return false;
	return true;
}

/* The state says asleep before the last switch is counted; on a busy machine that takes a
 * turn of the scheduler. */
static bool at_rest(int workers)
{
	if (thread_count() != 1 + workers || !all_asleep())
		return false;
	struct cost before = cost_of_others(workers);
	for (int i = 0; i < 100; i++)
		look_again(0);
	struct cost after = cost_of_others(workers);
	return after.switches == before.switches && after.cpu == before.cpu;
}

Test(idle, executors_at_rest_neither_switch_nor_compute)
{
	if (instrumented())
		return; /* their own threads do */
	tl_options options = { .min_workers = 2,
		               .max_workers = 4,
		               .idle_timeout = 10 * MILLISECOND,
		               .spare_workers = 2 };
	tl_executor *executors[] = {
		tl_worker_create(NULL), tl_fixed_pool_create(3, NULL),
		tl_adaptive_pool_create(NULL), tl_adaptive_pool_create(&options),
		tl_adaptive_pool_create(&(tl_options){ .idle_timeout = TL_NONE })
	};
	tl_set_idle_timeout(10 * MILLISECOND);
	tl_await(tl_go(identity, NULL));
	for (size_t i = 0; i < LENGTH(executors); i++) {
		/* at rest after work, not as they were made */
		tl_future *futures[100];
		for (int k = 0; k < 100; k++)
			futures[k] = tl_submit(executors[i], identity, VALUE(k));
		for (int k = 0; k < 100; k++)
			cr_assert_eq(tl_await(futures[k]), VALUE(k));
	}
	/* the third one, with all defaults, retires what it may within its second */
	assert_soon(stats_of(executors[2]).workers == 1);
	assert_soon(stats_of(executors[3]).workers == 2);
	int workers = 1; /* of tl_go */
	for (size_t i = 0; i < LENGTH(executors); i++) {
		tl_executor *executor = executors[i];
		assert_soon(stats_of(executor).idle == stats_of(executor).workers);
		workers += (int)stats_of(executor).workers;
	}
	assert_soon(at_rest(workers));
	struct cost before = cost_of_others(workers);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 3, 0 }, NULL);
	struct cost after = cost_of_others(workers);
	cr_assert_eq(after.switches - before.switches, 0, "%lld switches",
	             after.switches - before.switches);
	cr_assert_eq(after.cpu - before.cpu, 0, "%lld ns", after.cpu - before.cpu);
	for (size_t i = 0; i < LENGTH(executors); i++)
		tl_executor_destroy(executors[i]);
	tl_shutdown();
	END_CLEAN();
}

static void make_and_destroy(int i)
{
	tl_options options = { .max_workers = 2, .idle_timeout = MICROSECOND };
	tl_executor *executor = executor_of(i % 3, 1 + (unsigned)i % 2, &options);
	cr_assert_not_null(executor);
	if (i % 5)
		tl_future_release(tl_submit(executor, identity, NULL));
	if (i % 7 == 0)
		cr_assert_eq(tl_executor_shutdown(executor, TL_CANCEL, TL_FOREVER), 0);
	cr_assert_eq(tl_executor_destroy(executor), 0);
}

Test(idle, ten_thousand_executors_leave_nothing)
{
	int n = (int)scaled(10000);
	for (int i = 0; i < n / 5; i++)
		make_and_destroy(i);
	END_CLEAN();
	int descriptors = descriptor_count();
	long memory = resident_kilobytes();
	for (int i = 0; i < n; i++)
		make_and_destroy(i);
	END_CLEAN();
	cr_assert_eq(descriptor_count(), descriptors);
	if (!instrumented())
		cr_assert_leq(resident_kilobytes(), memory + 1024, "%ld to %ld kB",
		              memory, resident_kilobytes());
}

Test(idle, no_descriptor_is_kept_open)
{
	int before = descriptor_count();
	tl_executor *pool = tl_adaptive_pool_create(NULL);
	tl_await(tl_submit(pool, identity, NULL));
	tl_await(tl_go(identity, NULL));
	tl_await(tl_spawn(identity, NULL));
	cr_assert_eq(descriptor_count(), before);
	tl_executor_destroy(pool);
	tl_shutdown();
	cr_assert_eq(descriptor_count(), before);
	END_CLEAN();
}
