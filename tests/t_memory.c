/* SPDX-License-Identifier: MIT */
/* What taking memory from the kernel, and giving it back, costs those who run meanwhile. */
#include "support.h"

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>

#define BACKLOG 10000 /* cells, enough to be given back */
#define TRADED 2000   /* more than a thread keeps to itself */

/* Not if a page is as large as what is had at once for cells. */
static bool gives_back(void)
{
	return sysconf(_SC_PAGESIZE) < 65536;
}

/* An executor at whose end there will be much to give back. */
static tl_executor *pool_after_backlog(void)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	atomic_long ran = 0;
	hold(pool, &gate, 1);
	for (int i = 0; i < BACKLOG; i++)
		tl_future_release(tl_submit(pool, add_one, &ran));
	gate_open(&gate);
	assert_soon(atomic_load(&ran) == BACKLOG && atomic_load(&gate.passed) == 1);
	return pool;
}

static void *destroy(void *executor)
{
	tl_executor_destroy(executor);
	return NULL;
}

static atomic_int right;

static void *submit_and_await_many(void *executor)
{
	static tl_future *futures[TRADED];
	for (int i = 0; i < TRADED; i++)
		futures[i] = tl_submit(executor, identity, VALUE(i));
	for (int i = 0; i < TRADED; i++)
		atomic_fetch_add(&right, tl_await(futures[i]) == VALUE(i));
	return NULL;
}

Test(memory, of_a_backlog_is_given_back_while_the_pool_sleeps)
{
	const tl_options options = { .idle_timeout = 20 * MILLISECOND };
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, &options);
		struct gate gate = GATE;
		atomic_long ran = 0;
		const int n = 100000; /* 6 MiB */
		hold(executor, &gate, kind == WORKER ? 1 : 2);
		long before = resident_kilobytes();
		for (int i = 0; i < n; i++)
			tl_future_release(tl_submit(executor, add_one, &ran));
		long most = resident_kilobytes();
		gate_open(&gate);
		assert_soon(atomic_load(&ran) == n);
		if (!instrumented()) {
			cr_assert_gt(most, before + 5000, "%ld to %ld kB", before, most);
			assert_soon(!gives_back() ||
			            resident_kilobytes() < before + 2000);
		}
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

/* Its workers sleep already: one that knew of many cells in use looks once more. */
Test(memory, of_results_released_later_is_given_back_while_the_pool_sleeps)
{
	enum { MANY = 100000 };
	static tl_future *futures[MANY];
	const tl_options options = { .idle_timeout = 2 * SECOND };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	long before = resident_kilobytes();
	for (int i = 0; i < MANY; i++)
		futures[i] = tl_submit(pool, identity, VALUE(i));
	cr_assert_eq(tl_wait(futures, MANY, TL_ALL, TL_FOREVER), 0);
	assert_soon(stats_of(pool).idle == 1);
	for (int i = 0; i < MANY; i++)
		tl_future_release(futures[i]);
	if (!instrumented() && gives_back()) /* the futures and the deep ring stay */
		assert_soon(resident_kilobytes() < before + 3500);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(memory, is_given_back_until_a_task_comes)
{
	const tl_options options = { .idle_timeout = 20 * MILLISECOND };
	for (int kind = 0; kind < KINDS && gives_back(); kind++) {
		tl_executor *executor = executor_of(kind, 1, &options);
		struct gate gate = GATE;
		atomic_long ran = 0;
		const int n = 100000; /* in more than a hundred chunks */
		hold(executor, &gate, 1);
		for (int i = 0; i < n; i++)
			tl_future_release(tl_submit(executor, add_one, &ran));
		hold_advice(true);
		gate_open(&gate);
		assert_soon(atomic_load(&ran) == n && advice_held() == 1);
		tl_future *future = tl_submit(executor, identity, VALUE(5));
		long before = advice_count();
		hold_advice(false);
		cr_assert_eq(tl_await(future), VALUE(5));
		if (kind != ADAPTIVE) /* there another thread runs it */
			cr_assert_leq(advice_count(), before + 1);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(memory, that_the_kernel_keeps_leaves_errno_alone)
{
	tl_executor *pool = pool_after_backlog();
	refuse_advice(true);
	errno = E2BIG;
	cr_assert_eq(tl_executor_destroy(pool), 0);
	cr_assert_eq(errno, E2BIG);
	refuse_advice(false);
	END_CLEAN();
}

/* A kernel for aarch64 may have pages of 16 or 64 KiB. */
Test(memory, is_given_back_in_whole_pages_of_the_system_only)
{
	static tl_future *futures[BACKLOG];
	for (long page = 16384; page <= 65536; page *= 4) {
		pretend_page_size(page);
		tl_executor *pool = tl_fixed_pool_create(1, NULL);
		struct gate gate = GATE;
		hold(pool, &gate, 1);
		for (int i = 0; i < BACKLOG; i++)
			futures[i] = tl_submit(pool, identity, VALUE(i));
		gate_open(&gate);
		cr_assert_eq(tl_wait(futures, BACKLOG, TL_ALL, TL_FOREVER), 0);
		for (int i = 0; i < BACKLOG; i++)
			if (i % 100 || i > BACKLOG / 2)
				tl_future_release(futures[i]);
		long before = advice_count();
		tl_executor_destroy(pool);
		cr_assert_eq(advice_count() > before, page < 65536);
		for (int i = 0; i <= BACKLOG / 2; i += 100) {
			cr_assert(tl_future_done(futures[i]));
			cr_assert_eq(tl_await(futures[i]), VALUE(i));
		}
	}
	END_CLEAN();
}

/* It took 22 ms after a million tasks, in which nobody else got a cell or gave one back. */
Test(memory, is_given_back_while_others_submit_and_end)
{
	if (!gives_back())
		return;
	tl_executor *busy = tl_fixed_pool_create(1, NULL);
	tl_executor *first = pool_after_backlog(), *second = pool_after_backlog();
	pthread_t destroyer, other;
	hold_advice(true);
	pthread_create(&destroyer, NULL, destroy, first);
	assert_soon(advice_held() == 1);
	pthread_create(&other, NULL, submit_and_await_many, busy);
	assert_soon(atomic_load(&right) == TRADED);
	tl_executor_destroy(second); /* gives nothing back meanwhile, and doesn't wait */
	tl_executor_destroy(busy);
	cr_assert_eq(advice_held(), 1);
	hold_advice(false);
	pthread_join(destroyer, NULL);
	pthread_join(other, NULL);
	END_CLEAN();
}

/* Released by another thread while this pool's worker gives back: no reason to wake again. */
Test(memory, that_others_free_meanwhile_does_not_wake_an_idle_pool_again)
{
	static tl_future *futures[BACKLOG];
	const tl_options options = { .idle_timeout = 20 * MILLISECOND };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	struct gate gate = GATE;
	for (int i = 0; i < BACKLOG; i++)
		futures[i] = tl_submit(pool, identity, VALUE(i));
	cr_assert_eq(tl_wait(futures, BACKLOG, TL_ALL, TL_FOREVER), 0);
	hold(pool, &gate, 1);
	for (int i = 0; i < BACKLOG; i++)
		tl_future_release(tl_submit(pool, identity, VALUE(i)));
	hold_advice(true);
	gate_open(&gate);
	assert_soon(advice_held() == 1 || !gives_back());
	for (int i = 0; i < BACKLOG; i++)
		tl_future_release(futures[i]);
	uint64_t parks = stats_of(pool).parks;
	hold_advice(false);
	assert_soon(stats_of(pool).parks == parks + 1 || !gives_back());
	for (int64_t end = now() + 10 * options.idle_timeout; now() < end;)
		sched_yield();
	if (gives_back())
		cr_assert_eq(stats_of(pool).parks, parks + 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static atomic_int destroyed;

static void *destroy_and_say_so(void *executor)
{
	destroy(executor);
	atomic_fetch_add(&destroyed, 1);
	return NULL;
}

/* A backlog found the depot empty, since a trim had all free cells, and so each of them took
 * new memory: 1 GB after some hundred, of which 12 MB were ever in use at once. */
Test(memory, of_backlogs_beside_trims_is_taken_once)
{
	const int rounds = 20;
	tl_executor *busy = tl_fixed_pool_create(1, NULL);
	long before = 0;
	for (int i = 0; i < rounds; i++) {
		tl_executor *ends = pool_after_backlog();
		struct gate gate = GATE;
		atomic_long ran = 0;
		pthread_t destroyer;
		if (i == rounds / 2)
			before = (long)status_of(0, "VmData", 10);
		hold(busy, &gate, 1);
		hold_advice(true);
		pthread_create(&destroyer, NULL, destroy_and_say_so, ends);
		assert_soon(advice_held() == 1 || atomic_load(&destroyed) == i + 1);
		for (int j = 0; j < BACKLOG; j++)
			tl_future_release(tl_submit(busy, add_one, &ran));
		hold_advice(false);
		gate_open(&gate);
		assert_soon(atomic_load(&ran) == BACKLOG);
		pthread_join(destroyer, NULL);
	}
	long more = (long)status_of(0, "VmData", 10) - before;
	if (!instrumented()) /* two backlogs' cells, and some thread's arena */
		cr_assert_leq(more, 2 * BACKLOG * 64 / 1024 + 500, "%ld kB more", more);
	tl_executor_destroy(busy);
	END_CLEAN();
}

static int mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int lines = 0;
	for (int c; (c = getc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

/* A process may have 65,530: with one for each chunk of cells, 58 million tasks. */
Test(memory, of_a_long_queue_is_in_few_mappings)
{
	const int n = 100000;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	atomic_long ran = 0;
	hold(pool, &gate, 1);
	int before = mappings();
	for (int i = 0; i < n; i++)
		tl_future_release(tl_submit(pool, add_one, &ran));
	int more = mappings() - before;
	if (!instrumented())
		cr_assert_leq(more, 30, "%d more mappings", more);
	gate_open(&gate);
	assert_soon(atomic_load(&ran) == n);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Page faults ------------------------------------------------------------------ */

static long faults_of_thread(void)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

/* A page that is read before it is written takes two, and a flush of the other CPUs. */
Test(memory, a_long_queue_takes_one_page_fault_for_each_of_its_pages)
{
	const int n = 100000;
	tl_task *tasks = calloc((size_t)n, sizeof(*tasks));
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	atomic_long ran = 0;
	hold(pool, &gate, 1);
	for (int i = 0; i < n; i++)
		tl_task_init(&tasks[i], add_one, &ran);
	long before = faults_of_thread();
	for (int i = 0; i < n; i++)
		cr_assert_eq(tl_submit_task(pool, &tasks[i]), 0);
	long faults = faults_of_thread() - before;
	long pages = n * (long)sizeof(void *) / sysconf(_SC_PAGESIZE) + 1;
	if (!instrumented()) /* whose own memory takes faults, too */
		cr_assert_leq(faults, pages + pages / 2, "%ld page faults, %ld pages",
		              faults, pages);
	gate_open(&gate);
	assert_soon(atomic_load(&ran) == n);
	tl_executor_destroy(pool);
	free(tasks);
	END_CLEAN();
}
