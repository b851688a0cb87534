/* SPDX-License-Identifier: MIT */
/*
 * Empty tasks that nobody waits for, ns per task from the first submit to the last
 * task's end:
 *   submit       from one thread outside
 *   submit_task  the same in the caller's memory
 *   mp           from several threads outside at once (four), N in all
 *   tree         from one task inside
 */
#include "benches.h"

#include <pthread.h>

#define PRODUCERS_MOST 64
#define MANY 200000
#define RUNS_LEAST 3
#define RUNS_MOST 50

static void *pool;
static size_t tasks;

bool can_post(void)
{
	return contender.post != NULL;
}

bool can_post_from_many(void)
{
	return contender.post && !contender.one_producer;
}

bool can_post_task(void)
{
	return contender.post_task != NULL;
}

bool can_post_inside(void)
{
	return contender.post_inside != NULL;
}

/* With all its threads at work before the clock starts. */
static void open_pool(unsigned workers)
{
	pool = contender.create(workers);
	if (contender.post) {
		size_t before = counted();

		for (unsigned i = 0; i < workers; i++)
			contender.post(pool, count_one, NULL);
		await_counted(before + workers, nanoseconds());
	}
}

/* One run; ns. */
static int64_t run(void (*produce)(void), bool last)
{
	size_t before = counted(), vain = 0;
	int64_t begun, time;

	if (last && contender.vain_wakes)
		vain = contender.vain_wakes(pool);
	begun = last ? region_begin() : nanoseconds();
	produce();
	await_counted(before + tasks, begun);
	time = (last ? region_end() : nanoseconds()) - begun;
	if (last && contender.vain_wakes) {
		vain = contender.vain_wakes(pool) - vain;
		report("vain", (double)vain * 100 / (double)tasks, "%");
	}
	return time;
}

/* All runs in one pool: the first one pays for its memory. */
static void measure(const struct arguments *arguments, void (*produce)(void))
{
	/* few tasks are soon done */
	size_t runs = MANY / arguments->n;
	int64_t *times, first;

	if (runs < RUNS_LEAST)
		runs = RUNS_LEAST;
	if (runs > RUNS_MOST)
		runs = RUNS_MOST;
	times = allocate(runs, sizeof(*times));
	tasks = arguments->n;
	open_pool(arguments->workers);
	first = run(produce, false);
	for (size_t i = 0; i < runs; i++)
		times[i] = run(produce, i == runs - 1);
	contender.destroy(pool);
	report("time", (double)median(times, runs) / (double)tasks, "ns");
	report("first", (double)first / (double)tasks, "ns");
	report("peak", (double)status_of_process("VmHWM") / 1024, "MiB");
}

static void settle(void)
{
	if (contender.settle)
		contender.settle(pool);
}

static void post_all(void)
{
	for (size_t i = 0; i < tasks; i++)
		contender.post(pool, count_one, NULL);
	settle();
}

void bench_submit(const struct arguments *arguments)
{
	measure(arguments, post_all);
}

static char *memory;

static void post_tasks(void)
{
	for (size_t i = 0; i < tasks; i++)
		contender.post_task(pool, memory + i * contender.task_size, count_one,
		                    NULL);
	settle();
}

void bench_submit_task(const struct arguments *arguments)
{
	memory = allocate(arguments->n, contender.task_size);
	measure(arguments, post_tasks);
}

static size_t producers;

static void *produce_share(void *share)
{
	for (size_t i = *(size_t *)share; i < tasks; i += producers)
		contender.post(pool, count_one, NULL);
	settle();
	return NULL;
}

static void post_from_many(void)
{
	pthread_t threads[PRODUCERS_MOST];
	size_t shares[PRODUCERS_MOST];

	for (size_t i = 0; i < producers; i++) {
		shares[i] = i;
		must(!pthread_create(&threads[i], NULL, produce_share, &shares[i]),
		     "pthread_create");
	}
	for (size_t i = 0; i < producers; i++)
		pthread_join(threads[i], NULL);
}

void bench_mp(const struct arguments *arguments)
{
	producers = arguments->more[0] > 0 ? (size_t)arguments->more[0] : 4;
	must(producers <= PRODUCERS_MOST, "too many producers");
	measure(arguments, post_from_many);
}

static void *post_children(void *unused)
{
	for (size_t i = 0; i < tasks; i++)
		contender.post_inside(pool, count_one, NULL);
	return unused;
}

static void post_root(void)
{
	if (contender.run_region)
		contender.run_region(pool, post_children, NULL);
	else
		contender.post(pool, post_children, NULL);
}

void bench_tree(const struct arguments *arguments)
{
	measure(arguments, post_root);
}
