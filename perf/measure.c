/* SPDX-License-Identifier: MIT */
#include "measure.h"
#include "region.h"

#include <pthread.h>
#include <unistd.h>

struct count {
	_Alignas(64) atomic_size_t tasks; /* written by one thread */
	struct count *next;
};

static _Atomic(struct count *) counts;
static _Thread_local struct count *own;

static void open_count(void)
{
	own = aligned_alloc(64, sizeof(*own));
	must(own != NULL, "memory for a count");
	atomic_init(&own->tasks, 0);
	own->next = atomic_load(&counts);
	while (!atomic_compare_exchange_weak(&counts, &own->next, own))
		;
}

void *count_one(void *unused)
{
	(void)unused;
	if (!own)
		open_count();
	/* a release: who has seen the count has seen the task's end */
	atomic_store_explicit(&own->tasks,
	                      atomic_load_explicit(&own->tasks, memory_order_relaxed) + 1,
	                      memory_order_release);
	return NULL;
}

size_t counted(void)
{
	size_t sum = 0;

	for (struct count *count = atomic_load(&counts); count; count = count->next)
		sum += atomic_load_explicit(&count->tasks, memory_order_acquire);
	return sum;
}

void pause_for(int64_t time)
{
	struct timespec rest = { time / 1000000000, time % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
}

static void relax(void)
{
	for (int i = 0; i < PAUSES; i++)
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#elif defined(__aarch64__)
		__asm__ volatile("isb" ::: "memory");
#else
		__asm__ volatile("" ::: "memory");
#endif
}

void await_counted(size_t total, int64_t begun)
{
	while (counted() < total) {
		int64_t nap = (nanoseconds() - begun) / 100;

		if (nap >= 100000) {
			pause_for(nap);
			continue;
		}
		relax();
		sched_yield(); /* a worker may be waiting for this very CPU */
	}
	must(counted() == total, "a task ran twice");
}

int64_t region_begin(void)
{
	perf_region_begin();
	return nanoseconds();
}

int64_t region_end(void)
{
	int64_t now = nanoseconds();

	perf_region_end();
	return now;
}

void *allocate(size_t count, size_t size)
{
	void *memory = aligned_alloc(64, (count * size + 63) / 64 * 64);

	must(memory != NULL, "memory");
	memset(memory, 0, count * size);
	return memory;
}

void report(const char *metric, double value, const char *unit)
{
	printf("%s %.6g %s\n", metric, value, unit);
}

static int by_time(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

int64_t median(int64_t *times, size_t count)
{
	qsort(times, count, sizeof(*times), by_time);
	return times[count / 2];
}

void report_percentiles(int64_t *times, size_t count, double scale, const char *unit)
{
	static const double percents[] = { 1,  10, 25,   50,   75,    90,   95,
		                           98, 99, 99.5, 99.9, 99.95, 99.99 };
	char name[16];

	qsort(times, count, sizeof(*times), by_time);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		double beyond = (double)count * (1 - percents[i] / 100);

		/* ten samples must lie beyond it, or it says nothing */
		if (beyond < 9.99)
			break;
		snprintf(name, sizeof(name), "p%g", percents[i]);
		report(name, (double)times[count - 1 - (size_t)beyond] / scale, unit);
	}
	report("max", (double)times[count - 1] / scale, unit);
}
