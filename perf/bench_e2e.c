/* SPDX-License-Identifier: MIT */
/*
 * e2e: one thread submits tasks that each return 2x and hands their futures to a
 * consumer, which takes every result in order. ns per task; the process's peak
 * resident memory, with and without the array of handles. The further argument is
 * how many tasks may be in flight at most (0: no limit).
 */
#include "benches.h"

#include <pthread.h>

#define TOLD_EVERY 256 /* how often the consumer says how far it is */
#define RUNS 3

static struct handover handover;
static _Alignas(64) atomic_size_t taken; /* the consumer's line */

bool can_hand_over(void)
{
	return contender.submit && contender.many;
}

static void *twice(void *x)
{
	return (void *)((uintptr_t)x * 2);
}

static void *consume(void *unused)
{
	for (size_t i = 0; i < handover.size; i++) {
		void *result = contender.take(take_over(&handover, i));

		must((uintptr_t)result == i * 2, "a wrong result");
		if ((i + 1) % TOLD_EVERY == 0)
			atomic_store_explicit(&taken, i + 1, memory_order_release);
	}
	return unused;
}

/* The producer looks at the consumer's line only when it seems to be too far ahead. */
static void produce(void *pool, size_t ahead)
{
	size_t limit = ahead;

	for (size_t i = 0; i < handover.size; i++) {
		while (i >= limit) {
			limit = ahead +
			        atomic_load_explicit(&taken, memory_order_acquire);
			if (i >= limit)
				sched_yield();
		}
		hand_over(&handover, i, contender.submit(pool, twice, (void *)i));
	}
}

static int64_t run(void *pool, size_t ahead, bool last)
{
	pthread_t consumer;
	int64_t begun;

	atomic_store(&handover.given, 0);
	atomic_store(&taken, 0);
	must(!pthread_create(&consumer, NULL, consume, NULL), "pthread_create");
	begun = last ? region_begin() : nanoseconds();
	produce(pool, ahead);
	pthread_join(consumer, NULL);
	return (last ? region_end() : nanoseconds()) - begun;
}

/* All runs in one pool: the first one pays for its memory. */
void bench_e2e(const struct arguments *arguments)
{
	size_t ahead = arguments->more[0] > 0 ? (size_t)arguments->more[0] : SIZE_MAX / 2;
	void *pool = contender.create(arguments->workers);
	int64_t times[RUNS], first;
	double resident, handles;

	/* the consumer tells its place late, the producer must not wait for that */
	must(ahead >= 2 * TOLD_EVERY, "a larger limit of tasks in flight");
	handover_init(&handover, arguments->n);
	must((uintptr_t)contender.take(contender.submit(pool, twice, &taken)) ==
	             (uintptr_t)&taken * 2,
	     "a wrong result");
	first = run(pool, ahead, false);
	for (int i = 0; i < RUNS; i++)
		times[i] = run(pool, ahead, i == RUNS - 1);
	contender.destroy(pool);
	report("time", (double)median(times, RUNS) / (double)arguments->n, "ns");
	report("first", (double)first / (double)arguments->n, "ns");
	resident = (double)status_of_process("VmHWM") / 1024;
	handles = (double)(handover.size * sizeof(*handover.handles)) / 1048576;
	report("peak", resident, "MiB");
	report("peak_beside", resident - handles, "MiB");
}
