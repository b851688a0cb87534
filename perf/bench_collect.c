/* SPDX-License-Identifier: MIT */
/*
 * collect: one thread submits rounds of tasks that each return 2x, and takes the results
 * of each round in the order in which they come, as an event loop does. ns per task. A
 * runtime without a queue for that gets the one that a C programmer writes for it: a
 * ring, a mutex, a condition variable, and a malloc for each task.
 */
#include "benches.h"

#include <pthread.h>

#define ROUND 1024
#define AT_ONCE 64

struct collector {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	void *results[ROUND];
	size_t put, taken;
};

struct item {
	struct collector *collector;
	work_function *function;
	void *argument;
};

bool can_collect(void)
{
	return contender.post || contender.collecting;
}

static void *collector_create(void)
{
	struct collector *collector = calloc(1, sizeof(*collector));

	must(collector != NULL, "memory");
	pthread_mutex_init(&collector->mutex, NULL);
	pthread_cond_init(&collector->filled, NULL);
	return collector;
}

static void collector_destroy(void *collector)
{
	pthread_mutex_destroy(&((struct collector *)collector)->mutex);
	pthread_cond_destroy(&((struct collector *)collector)->filled);
	free(collector);
}

static void *run_item(void *argument)
{
	struct item item = *(struct item *)argument;
	struct collector *collector = item.collector;
	void *result = item.function(item.argument);

	free(argument);
	pthread_mutex_lock(&collector->mutex);
	collector->results[collector->put++ % ROUND] = result;
	pthread_cond_signal(&collector->filled);
	pthread_mutex_unlock(&collector->mutex);
	return NULL;
}

static void submit_to(void *pool, void *collector, work_function *function,
                      void *argument)
{
	struct item *item = malloc(sizeof(*item));

	must(item != NULL, "memory");
	*item = (struct item){ collector, function, argument };
	contender.post(pool, run_item, item);
}

static size_t collect(void *argument, void **results, size_t most)
{
	struct collector *collector = argument;
	size_t n = 0;

	pthread_mutex_lock(&collector->mutex);
	while (collector->taken == collector->put)
		pthread_cond_wait(&collector->filled, &collector->mutex);
	while (n < most && collector->taken != collector->put)
		results[n++] = collector->results[collector->taken++ % ROUND];
	pthread_mutex_unlock(&collector->mutex);
	return n;
}

static const struct collecting plain = {
	.create = collector_create,
	.destroy = collector_destroy,
	.submit = submit_to,
	.collect = collect,
};

static void *twice(void *x)
{
	return (void *)((uintptr_t)x * 2);
}

/* The sum of the results of the tasks `begin` to `end`. */
static uintptr_t run_round(const struct collecting *by, void *pool, void *collector,
                           size_t begin, size_t end)
{
	void *results[AT_ONCE];
	uintptr_t sum = 0;

	for (size_t i = begin; i < end; i++)
		by->submit(pool, collector, twice, (void *)i);
	for (size_t left = end - begin; left > 0;) {
		size_t n = by->collect(collector, results, AT_ONCE);

		for (size_t i = 0; i < n; i++)
			sum += (uintptr_t)results[i];
		left -= n;
	}
	return sum;
}

void bench_collect(const struct arguments *arguments)
{
	const struct collecting *by =
		contender.collecting ? contender.collecting : &plain;
	size_t n = arguments->n;

	for (int measured = 0; measured < 2; measured++) {
		void *pool = contender.create(arguments->workers);
		void *collector = by->create();
		uintptr_t sum = 0;
		int64_t begun, time;

		begun = measured ? region_begin() : nanoseconds();
		for (size_t i = 0; i < n; i += ROUND)
			sum += run_round(by, pool, collector, i,
			                 i + ROUND < n ? i + ROUND : n);
		time = (measured ? region_end() : nanoseconds()) - begun;
		must(sum == n * (n - 1), "a wrong result");
		if (measured)
			report("time", (double)time / (double)n, "ns");
		contender.destroy(pool);
		by->destroy(collector);
	}
}
