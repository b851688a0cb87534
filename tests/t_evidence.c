/* SPDX-License-Identifier: MIT */
/* Growth on evidence: no more threads than CPUs, but for workers that sleep in a task. */
#include "support.h"

#include <sched.h>
#include <time.h>

/* As many of the CPUs as this process may use: the pool's own idea of it. */
static unsigned cpus(void)
{
	tl_options options = { .max_workers = 1024, .flags = TL_GROW_ON_EVIDENCE };
	cpu_set_t set;
	cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
	tl_executor *pool = tl_adaptive_pool_create(&options);
	tl_executor_destroy(pool);
	return (unsigned)CPU_COUNT(&set);
}

static tl_executor *pool_of(unsigned max)
{
	tl_options options = { .max_workers = max, .flags = TL_GROW_ON_EVIDENCE };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	cr_assert_not_null(pool);
	return pool;
}

/* ---- Tasks that compute ---------------------------------------------------------- */

static void *compute(void *microseconds)
{
	struct timespec start, t;
	int64_t used;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		used = (t.tv_sec - start.tv_sec) * SECOND + t.tv_nsec - start.tv_nsec;
	} while (used < (intptr_t)microseconds * MICROSECOND);
	return NULL;
}

/* The most workers that the pool had while so many tasks were run. */
static unsigned most_workers(tl_executor *pool, int tasks)
{
	tl_future **futures = calloc((size_t)tasks, sizeof *futures);
	unsigned most = 0;
	for (int i = 0; i < tasks; i++)
		futures[i] = tl_submit(pool, compute, VALUE(2000));
	for (int i = 0; i < tasks; i++) {
		while (tl_future_wait(futures[i], MILLISECOND)) {
			unsigned now = (unsigned)stats_of(pool).workers;
			most = now > most ? now : most;
		}
		tl_future_release(futures[i]);
	}
	free(futures);
	return most;
}

Test(evidence, flood_that_computes_stays_at_the_cpus)
{
	tl_executor *pool = pool_of(64);
	cr_assert_leq(most_workers(pool, 100), cpus());
	cr_assert_eq(stats_of(pool).replaced, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static atomic_bool burners_end;

static void *burn(void *unused)
{
	while (!atomic_load_explicit(&burners_end, memory_order_relaxed))
		;
	return unused;
}

/* A worker that is ready to run and doesn't get a CPU has used none, either. */
Test(evidence, flood_stays_at_the_cpus_on_a_crowded_machine)
{
	enum { BURNERS = 64 };
	pthread_t burners[BURNERS];
	if (instrumented())
		return;
	for (int i = 0; i < BURNERS; i++)
		cr_assert_eq(pthread_create(&burners[i], NULL, burn, NULL), 0);
	tl_executor *pool = pool_of(64);
	cr_assert_leq(most_workers(pool, 20), cpus());
	cr_assert_eq(stats_of(pool).replaced, 0);
	atomic_store(&burners_end, true);
	for (int i = 0; i < BURNERS; i++)
		pthread_join(burners[i], NULL);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Tasks that block ------------------------------------------------------------ */

static atomic_int reading;

static void *read_one(void *file)
{
	char byte;
	atomic_fetch_add(&reading, 1);
	return VALUE(read((int)(intptr_t)file, &byte, 1));
}

Test(evidence, tasks_that_read_from_pipes_get_a_thread_each)
{
	enum { READERS = 64 };
	tl_future *futures[READERS];
	int pipes[READERS][2];
	tl_executor *pool = pool_of(READERS);
	for (int i = 0; i < READERS; i++) {
		cr_assert_eq(pipe(pipes[i]), 0);
		futures[i] = tl_submit(pool, read_one, VALUE(pipes[i][0]));
	}
	assert_soon(atomic_load(&reading) == READERS);
	cr_assert_eq(stats_of(pool).workers, READERS);
	for (int i = 0; i < READERS; i++) {
		cr_assert_eq(write(pipes[i][1], "x", 1), 1);
		cr_assert_eq(tl_await(futures[i]), VALUE(1));
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	/* and those that compute have the CPUs for themselves again */
	assert_soon(stats_of(pool).workers <= cpus());
	cr_assert_leq(most_workers(pool, 20), cpus());
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(evidence, task_that_needs_a_queued_one_gets_it)
{
	for (unsigned max = 2; max <= 64; max += 31) {
		struct gate gate = GATE;
		tl_executor *pool = pool_of(max);
		for (unsigned i = 0; i < max; i++)
			tl_future_release(tl_submit(pool, gate_pass, &gate));
		assert_soon(atomic_load(&gate.inside) == (int)max);
		cr_assert_eq(stats_of(pool).workers, max);
		gate_open(&gate);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(evidence, maximum_is_a_maximum_and_can_be_changed)
{
	struct gate gate = GATE;
	tl_executor *pool = pool_of(3);
	for (int i = 0; i < 10; i++)
		tl_future_release(tl_submit(pool, gate_pass, &gate));
	assert_soon(atomic_load(&gate.inside) == (cpus() < 3 ? 3 : (int)cpus()));
	cr_assert_eq(tl_executor_set_max_workers(pool, 8), 0);
	assert_soon(atomic_load(&gate.inside) == 8);
	cr_assert_eq(stats_of(pool).workers, 8);
	gate_open(&gate);
	assert_soon(atomic_load(&gate.passed) == 10);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* All workers sleep, and none could be started: somebody has to look first. */
Test(evidence, raised_maximum_is_reached_without_another_submit)
{
	struct gate gate = GATE;
	tl_executor *pool = pool_of(cpus());
	hold(pool, &gate, (int)cpus());
	tl_future *future = tl_submit(pool, identity, VALUE(1));
	cr_assert_eq(tl_executor_set_max_workers(pool, cpus() + 1), 0);
	assert_soon(tl_future_done(future));
	gate_open(&gate);
	cr_assert_eq(tl_await(future), VALUE(1));
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(evidence, timer_fires_while_workers_sleep_in_tasks)
{
	struct gate gate = GATE;
	tl_executor *pool = pool_of(cpus() + 2);
	hold(pool, &gate, (int)cpus());
	tl_future *timer = tl_after(pool, MILLISECOND, identity, VALUE(1));
	assert_soon(tl_future_done(timer));
	cr_assert_eq(tl_await(timer), VALUE(1));
	gate_open(&gate);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(evidence, shutdown_drains_what_waits_for_threads)
{
	for (int round = 0; round < 20; round++) {
		atomic_long count = 0;
		tl_executor *pool = pool_of(16);
		for (int i = 0; i < 16; i++)
			tl_future_release(tl_submit(pool, compute, VALUE(1)));
		for (int i = 0; i < 100; i++)
			tl_future_release(tl_submit(pool, add_one, &count));
		tl_executor_destroy(pool);
		cr_assert_eq(atomic_load(&count), 100);
	}
	END_CLEAN();
}

static void *declares(void *gate)
{
	tl_blocking_begin();
	gate_pass(gate);
	tl_blocking_end();
	return NULL;
}

Test(evidence, worker_in_a_section_is_counted_once)
{
	struct gate gate = GATE, more = GATE;
	tl_executor *pool = pool_of(64);
	for (int i = 0; i < 6; i++)
		tl_future_release(tl_submit(pool, declares, &gate));
	assert_soon(atomic_load(&gate.inside) == 6);
	for (int i = 0; i < 6; i++)
		tl_future_release(tl_submit(pool, gate_pass, &more));
	assert_soon(atomic_load(&more.inside) == 6);
	cr_assert_leq(stats_of(pool).blocked, 12);
	gate_open(&gate);
	gate_open(&more);
	assert_soon(stats_of(pool).blocked == 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(evidence, when_no_thread_can_be_started_the_others_go_on)
{
	struct gate gate = GATE;
	tl_executor *pool = pool_of(8);
	hold(pool, &gate, 1);
	fail_threads(true);
	tl_future *future = tl_submit(pool, identity, VALUE(3));
	gate_open(&gate);
	cr_assert_eq(tl_await(future), VALUE(3));
	fail_threads(false);
	tl_executor_destroy(pool);
	END_CLEAN();
}
