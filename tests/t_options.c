/* SPDX-License-Identifier: MIT */
/* What executors are made of, and refuse to be made of. */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>

static void expect_refusal(tl_executor *executor)
{
	cr_assert_null(executor);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(thread_count(), 1);
	errno = 0;
}

Test(options, impossible_ones_are_refused)
{
	errno = 0;
	for (size_t i = 0; i < LENGTH(((tl_options *)0)->reserved); i++) {
		tl_options reserved = { 0 };
		reserved.reserved[i] = 1;
		expect_refusal(tl_worker_create(&reserved));
		expect_refusal(tl_fixed_pool_create(1, &reserved));
		expect_refusal(tl_adaptive_pool_create(&reserved));
	}
	static const tl_options unknown_flag = { .flags = UINT64_C(1) << 63 };
	expect_refusal(tl_fixed_pool_create(1, &unknown_flag));
	static const tl_options negative[] = { { .idle_timeout = -2 },
		                               { .idle_timeout = INT64_MIN },
		                               { .spin = -2 } };
	for (size_t i = 0; i < LENGTH(negative); i++) {
		expect_refusal(tl_worker_create(&negative[i]));
		expect_refusal(tl_fixed_pool_create(1, &negative[i]));
		expect_refusal(tl_adaptive_pool_create(&negative[i]));
	}
	expect_refusal(tl_fixed_pool_create(0, NULL));
	expect_refusal(tl_fixed_pool_create(TL_MAX_WORKERS + 1, NULL));
	expect_refusal(tl_fixed_pool_create(UINT32_MAX, NULL));
	static const tl_options adaptive[] = { { .min_workers = 3, .max_workers = 2 },
		                               { .max_workers = TL_MAX_WORKERS + 1 },
		                               { .max_workers = UINT32_MAX },
		                               { .min_workers = UINT32_MAX } };
	for (size_t i = 0; i < LENGTH(adaptive); i++)
		expect_refusal(tl_adaptive_pool_create(&adaptive[i]));
	END_CLEAN();
}

Test(options, worker_and_fixed_pool_ignore_minimum_and_maximum)
{
	tl_options options = { .min_workers = 5, .max_workers = 2 };
	tl_executor *worker = tl_worker_create(&options);
	tl_executor *pool = tl_fixed_pool_create(3, &options);
	cr_assert(worker && pool);
	cr_assert_eq(thread_count(), 5);
	tl_executor_destroy(worker);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(options, all_zero_is_all_defaults)
{
	tl_options zero = { 0 };
	for (int with = 0; with < 2; with++) {
		tl_executor *pool = tl_adaptive_pool_create(with ? &zero : NULL);
		cr_assert_not_null(pool);
		cr_assert_eq(thread_count(), 2);
		cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(1))), VALUE(1));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(options, of_none_are_taken)
{
	static const tl_options good[] = { { .spin = TL_NONE },
		                           { .spin = 20 * MICROSECOND },
		                           { .idle_timeout = TL_NONE },
		                           { .idle_timeout = TL_FOREVER },
		                           { .idle_timeout = TL_FOREVER - 1 },
		                           { .idle_timeout = 1 },
		                           { .spare_workers = 2 } };
	for (size_t i = 0; i < LENGTH(good); i++)
		for (int kind = 0; kind < KINDS; kind++) {
			tl_executor *executor = executor_of(kind, 2, &good[i]);
			cr_assert_not_null(executor);
			for (int k = 0; k < 100; k++)
				cr_assert_eq(
					tl_await(tl_submit(executor, identity, VALUE(k))),
					VALUE(k));
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

static void *stack_of_thread(void *unused)
{
	pthread_attr_t attributes;
	size_t size = 0;
	(void)unused;
	if (!pthread_getattr_np(pthread_self(), &attributes)) {
		pthread_attr_getstacksize(&attributes, &size);
		pthread_attr_destroy(&attributes);
	}
	return (void *)size;
}

Test(options, stack_size_is_given_to_the_threads)
{
	tl_options options = { .stack_size = 3 << 20 };
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, &options);
		size_t size =
			(size_t)tl_await(tl_submit(executor, stack_of_thread, NULL));
		cr_assert_geq(size, (size_t)3 << 20);
		cr_assert(size < (size_t)4 << 20 || instrumented());
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

/* Its lowest address, without the guard. */
static void *bottom_of_stack(void *unused)
{
	pthread_attr_t attributes;
	void *bottom = NULL;
	size_t size, guard = 0;
	(void)unused;
	if (!pthread_getattr_np(pthread_self(), &attributes)) {
		pthread_attr_getstack(&attributes, &bottom, &size);
		pthread_attr_getguardsize(&attributes, &guard);
		pthread_attr_destroy(&attributes);
	}
	return guard ? bottom : NULL;
}

/* The rights of the mapping that this byte is in: "rw-p", or "" for none. */
static void rights_at(uintptr_t address, char rights[static 8])
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], found[8];
	uintptr_t from, to;
	cr_assert_not_null(maps);
	strcpy(rights, "");
	while (fgets(line, sizeof line, maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, found) ==
		            3 &&
		    from <= address && address < to)
			strcpy(rights, found);
	fclose(maps);
}

/* Who overruns a worker's stack faults; he doesn't write into the next one's. */
Test(options, stacks_of_workers_end_in_a_guard)
{
	tl_options sizes[] = { { 0 }, { .stack_size = 256 << 10 } };
	for (size_t i = 0; i < LENGTH(sizes); i++)
		for (int kind = 0; kind < KINDS; kind++) {
			tl_executor *executor = executor_of(kind, 2, &sizes[i]);
			void *bottom =
				tl_await(tl_submit(executor, bottom_of_stack, NULL));
			char rights[8];
			cr_assert_not_null(bottom);
			rights_at((uintptr_t)bottom, rights);
			cr_assert_str_eq(rights, "rw-p");
			rights_at((uintptr_t)bottom - 1, rights);
			cr_assert(!*rights || !strncmp(rights, "---", 3), "%s", rights);
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

static struct {
	atomic_int started, stopped, wrong;
} hooks;
static _Thread_local int phase;

static void on_start(void *context)
{
	if (context != &hooks || phase != 0)
		atomic_fetch_add(&hooks.wrong, 1);
	phase = 1;
	atomic_fetch_add(&hooks.started, 1);
}

static void on_stop(void *context)
{
	if (context != &hooks || phase != 1)
		atomic_fetch_add(&hooks.wrong, 1);
	phase = 2;
	atomic_fetch_add(&hooks.stopped, 1);
}

static void *check_phase(void *gate)
{
	if (phase != 1)
		atomic_fetch_add(&hooks.wrong, 1);
	return gate_pass(gate);
}

Test(options, hooks_run_in_each_thread_around_its_tasks)
{
	tl_options options = { .on_start = on_start,
		               .on_stop = on_stop,
		               .hook_context = &hooks,
		               .idle_timeout = MILLISECOND };
	for (int kind = 0; kind < KINDS; kind++) {
		int n = kind == WORKER ? 1 : 3;
		struct gate gate = GATE;
		atomic_store(&hooks.started, 0);
		atomic_store(&hooks.stopped, 0);
		tl_executor *executor = executor_of(kind, 3, &options);
		for (int i = 0; i < 10; i++)
			tl_future_release(tl_submit(executor, check_phase, &gate));
		assert_soon(atomic_load(&gate.inside) == n);
		cr_assert_eq(atomic_load(&hooks.started), n);
		cr_assert_eq(atomic_load(&hooks.stopped), 0);
		gate_open(&gate);
		if (kind == ADAPTIVE)
			assert_soon(atomic_load(&hooks.stopped) == 2);
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&hooks.stopped), atomic_load(&hooks.started));
		cr_assert_eq(atomic_load(&hooks.wrong), 0);
	}
	END_CLEAN();
}

Test(options, bad_arguments_of_submit_are_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_task task, unset;
	tl_task_init(&task, identity, NULL);
	tl_task_init(&unset, NULL, NULL);
	errno = 0;
	cr_assert_null(tl_submit(NULL, identity, NULL));
	cr_assert_eq(errno, EINVAL);
	errno = 0;
	cr_assert_null(tl_submit(pool, NULL, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(tl_submit_task(NULL, &task), -EINVAL);
	cr_assert_eq(tl_submit_task(pool, NULL), -EINVAL);
	cr_assert_eq(tl_submit_task(pool, &unset), -EINVAL);
	cr_assert_eq(tl_submit_tasks(NULL, (tl_task *[]){ &task }, 1), -EINVAL);
	cr_assert_eq(tl_submit_tasks(pool, NULL, 1), -EINVAL);
	cr_assert_eq(tl_submit_tasks(pool, (tl_task *[]){ NULL }, 1), -EINVAL);
	cr_assert_eq(tl_submit_tasks(pool, (tl_task *[]){ &task }, (size_t)INT32_MAX + 1),
	             -EINVAL);
	cr_assert_eq(tl_submit_tasks(pool, (tl_task *[]){ &task }, 0), 0);
	cr_assert_eq(tl_submit_tasks(pool, (tl_task *[]){ &task, NULL }, 2), 1);
	cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
	cr_assert_eq(stats_of(pool).submitted, 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(options, bad_changes_are_refused)
{
	tl_executor *worker = tl_worker_create(NULL);
	tl_executor *fixed = tl_fixed_pool_create(2, NULL);
	tl_executor *adaptive = tl_adaptive_pool_create(NULL);
	cr_assert_eq(tl_executor_set_max_workers(worker, 2), -EINVAL);
	cr_assert_eq(tl_executor_set_max_workers(fixed, 2), -EINVAL);
	cr_assert_eq(tl_executor_set_idle_timeout(worker, SECOND), -EINVAL);
	cr_assert_eq(tl_executor_set_idle_timeout(fixed, SECOND), -EINVAL);
	cr_assert_eq(tl_executor_set_max_workers(adaptive, 0), -EINVAL);
	cr_assert_eq(tl_executor_set_max_workers(adaptive, TL_MAX_WORKERS + 1), -EINVAL);
	cr_assert_eq(tl_executor_set_idle_timeout(adaptive, -5), -EINVAL);
	cr_assert_eq(tl_executor_set_max_workers(NULL, 1), -EINVAL);
	cr_assert_eq(tl_executor_set_idle_timeout(NULL, 1), -EINVAL);
	cr_assert_eq(tl_executor_set_max_workers(adaptive, TL_MAX_WORKERS), 0);
	cr_assert_eq(tl_executor_set_idle_timeout(adaptive, TL_FOREVER), 0);
	tl_executor_destroy(worker);
	tl_executor_destroy(fixed);
	tl_executor_destroy(adaptive);
	END_CLEAN();
}
