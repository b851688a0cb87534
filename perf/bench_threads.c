/* SPDX-License-Identifier: MIT */
/*
 *   idle    a pool, used once and left alone until its threads have settled, then N
 *           seconds of nothing: switches and CPU time of all threads but the caller
 *   spawn   a thread for each task, one after the other: us per task
 *   burst   N tasks that each sleep for 10 ms, submitted at once: ms until all have
 *           ended; then the threads that are left after 2 s, the caller's included
 */
#include "benches.h"

#define SETTLE 2000000000 /* ns: longer than the idle time of adaptive pools */
#define NAP 10000000

bool can_spawn(void)
{
	return contender.spawn != NULL;
}

static void *nap(void *unused)
{
	pause_for(NAP);
	return count_one(unused);
}

void bench_idle(const struct arguments *arguments)
{
	void *pool = contender.create(arguments->workers);
	size_t tasks = arguments->workers, before = counted();
	struct others first, last;

	/* each takes long enough to have all threads at work */
	for (size_t i = 0; i < tasks; i++)
		contender.post(pool, nap, NULL);
	await_counted(before + tasks, nanoseconds());
	pause_for(SETTLE);
	region_begin();
	first = other_threads();
	pause_for((int64_t)arguments->n * 1000000000);
	last = other_threads();
	region_end();
	report("threads", (double)last.threads, "threads");
	report("switches", (double)(last.switches - first.switches), "switches");
	report("cpu", (double)(last.cpu - first.cpu) / 1e6, "ms");
	contender.destroy(pool);
}

static void *twice(void *x)
{
	return (void *)((uintptr_t)x * 2);
}

void bench_spawn(const struct arguments *arguments)
{
	int64_t *times = allocate(arguments->n, sizeof(*times)), begun, all;

	for (int measured = 0; measured < 2; measured++) {
		all = measured ? region_begin() : nanoseconds();
		for (size_t i = 0; i < arguments->n; i++) {
			begun = nanoseconds();
			must((uintptr_t)contender.spawn(twice, (void *)i) == i * 2,
			     "a wrong result");
			times[i] = nanoseconds() - begun;
		}
		all = (measured ? region_end() : nanoseconds()) - all;
	}
	report("time", (double)all / 1000 / (double)arguments->n, "us");
	report_percentiles(times, arguments->n, 1000, "us");
}

void bench_burst(const struct arguments *arguments)
{
	void *pool = contender.create(arguments->workers);
	size_t before = counted();
	int64_t begun = region_begin();

	for (size_t i = 0; i < arguments->n; i++)
		contender.post(pool, nap, NULL);
	/* looked at often: 1 % of the time so far */
	await_counted(before + arguments->n, begun);
	report("time", (double)(region_end() - begun) / 1e6, "ms");
	pause_for(SETTLE);
	report("threads", (double)other_threads().threads + 1, "threads");
	contender.destroy(pool);
}
