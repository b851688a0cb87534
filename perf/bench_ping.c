/* SPDX-License-Identifier: MIT */
/*
 * Submit one task, wait for its result, at once again: percentiles of a round in us,
 * and the CPU time that all threads use in a round.
 *   ping        wherever the kernel puts the threads: it flips between the next two
 *   ping_same   all threads on one CPU
 *   ping_apart  the workers on another CPU than who waits for them
 *   ping_idle   unpinned, with 200 us of sleep before each round: the worker is
 *               parked. The rounds are timed without the sleep; their CPU time is less
 *               that of a loop which only sleeps.
 */
#include "benches.h"

#define WARM 200
#define PAUSE 200000 /* ns */

bool can_take(void)
{
	return contender.submit != NULL;
}

static void *negated(void *x)
{
	return (void *)~(uintptr_t)x;
}

static void round_trip(void *pool, size_t i)
{
	void *result = contender.take(contender.submit(pool, negated, (void *)i));

	must((uintptr_t)result == ~(uintptr_t)i, "a wrong result");
}

static void rounds(void *pool, int64_t *times, size_t n, int64_t pause)
{
	for (size_t i = 0; i < n; i++) {
		int64_t begun;

		if (pause)
			pause_for(pause);
		begun = nanoseconds();
		if (pool)
			round_trip(pool, i);
		times[i] = nanoseconds() - begun;
	}
}

static int64_t cpu_of_rounds(void *pool, int64_t *times, size_t n, int64_t pause)
{
	int64_t used = cpu_time();

	rounds(pool, times, n, pause);
	return cpu_time() - used;
}

static void run(const struct arguments *arguments, int64_t pause, bool apart)
{
	size_t n = arguments->n, vain = 0;
	int64_t *times = allocate(n, sizeof(*times)), used;
	void *pool = contender.create(arguments->workers);

	for (size_t i = 0; i < WARM; i++)
		round_trip(pool, i);
	if (apart) {
		keep_apart();
		for (size_t i = 0; i < WARM; i++)
			round_trip(pool, i);
	}
	if (contender.vain_wakes)
		vain = contender.vain_wakes(pool);
	region_begin();
	used = cpu_of_rounds(pool, times, n, pause);
	region_end();
	if (contender.vain_wakes)
		report("vain",
		       (double)(contender.vain_wakes(pool) - vain) * 100 / (double)n,
		       "%");
	report_percentiles(times, n, 1000, "us");
	if (pause)
		used -= cpu_of_rounds(NULL, times, n, pause);
	report("cpu", (double)used / 1000 / (double)n, "us");
	contender.destroy(pool);
}

void bench_ping(const struct arguments *arguments)
{
	run(arguments, 0, false);
}

void bench_ping_same(const struct arguments *arguments)
{
	share_one_cpu();
	run(arguments, 0, false);
}

void bench_ping_apart(const struct arguments *arguments)
{
	run(arguments, 0, true);
}

void bench_ping_idle(const struct arguments *arguments)
{
	run(arguments, PAUSE, false);
}
