/* SPDX-License-Identifier: MIT */
/*
 * depth: N tasks are queued while the workers are held up, then these are let go. The
 * cost of queueing and of running them, the memory that each takes in the queue, and
 * what of it stays: after the queue has drained, and after the pool's end. A first run
 * in its process: pages are touched for the first time, as at any new depth.
 */
#include "benches.h"

#define NAP 50000 /* ns, between a held worker's looks */

static atomic_size_t held;
static atomic_bool let_go;

static void *hold(void *unused)
{
	atomic_fetch_add(&held, 1);
	while (!atomic_load(&let_go))
		pause_for(NAP);
	return count_one(unused);
}

static double resident(void)
{
	return (double)status_of_process("VmRSS") * 1024;
}

void bench_depth(const struct arguments *arguments)
{
	size_t n = arguments->n;
	void *pool = contender.create(arguments->workers);
	double before, full;
	int64_t begun;

	for (size_t i = 0; i < arguments->workers; i++)
		contender.post(pool, hold, NULL);
	while (atomic_load(&held) < arguments->workers)
		pause_for(NAP);
	before = resident();
	begun = nanoseconds();
	for (size_t i = 0; i < n; i++)
		contender.post(pool, count_one, NULL);
	report("queue", (double)(nanoseconds() - begun) / (double)n, "ns");
	full = resident();
	report("bytes", (full - before) / (double)n, "bytes");
	must(counted() == 0, "a task ran too early");

	begun = region_begin();
	atomic_store(&let_go, true);
	if (contender.settle)
		contender.settle(pool);
	await_counted(n + arguments->workers, begun);
	report("drain", (double)(region_end() - begun) / (double)n, "ns");
	report("full", full / 1048576, "MiB");
	report("drained", resident() / 1048576, "MiB");
	contender.destroy(pool);
	report("destroyed", resident() / 1048576, "MiB");
}
