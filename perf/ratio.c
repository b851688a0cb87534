/* SPDX-License-Identifier: MIT */
/*
 * reference-ratio [N [ROUNDS]]: this library beside the plain mutex pool of
 * mutex_pool.c, and the adaptive pool beside the fixed one, in one process, in turn,
 * ROUNDS times (7). Nanoseconds per task for N tasks (1,000,000). Compare the ratios
 * of one run: the machine's mood changes the rest.
 *
 *   submit[W]       one thread submits empty tasks to W workers and lets go of the
 *                   futures; from the first submit until all have run and the
 *                   threads have ended
 *   submit_task[W]  the same with tasks in the caller's memory
 *   e2e[W]          one thread submits tasks that return 2x and hands each future to
 *                   a consumer thread, which takes the results in order
 */
#include "handover.h"
#include "mutex_pool.h"

#include <pthread.h>
#include <threadlet.h>

#define MAX_ROUNDS 99

static struct handover handover;
static tl_task *tasks; /* as many as handover.size */

static void *nothing(void *unused)
{
	(void)unused;
	return NULL;
}

static void *twice(void *x)
{
	return (void *)((uintptr_t)x * 2);
}

/* What is compared. Each way of a bench takes a pool of that kind with W workers. */
enum { REFERENCE, FIXED, ADAPTIVE, KINDS };

static tl_executor *create(int kind, unsigned workers)
{
	tl_options options = { .max_workers = workers };
	tl_executor *pool = kind == FIXED ? tl_fixed_pool_create(workers, NULL)
	                                  : tl_adaptive_pool_create(&options);

	must(pool != NULL, "a pool");
	return pool;
}

static struct mutex_pool *create_reference(unsigned workers)
{
	struct mutex_pool *pool = mutex_pool_create(workers);

	must(pool != NULL, "mutex_pool_create");
	return pool;
}

static int64_t reference_submit(unsigned workers)
{
	struct mutex_pool *pool = create_reference(workers);
	int64_t begun = nanoseconds();

	for (size_t i = 0; i < handover.size; i++)
		must(!mutex_pool_post(pool, nothing, NULL), "mutex_pool_post");
	mutex_pool_destroy(pool);
	return nanoseconds() - begun;
}

static int64_t our_submit(int kind, unsigned workers)
{
	tl_executor *pool = create(kind, workers);
	int64_t begun = nanoseconds();

	for (size_t i = 0; i < handover.size; i++) {
		tl_future *future = tl_submit(pool, nothing, NULL);

		must(future != NULL, "tl_submit");
		tl_future_release(future);
	}
	tl_executor_destroy(pool);
	return nanoseconds() - begun;
}

static int64_t our_submit_task(int kind, unsigned workers)
{
	tl_executor *pool = create(kind, workers);
	int64_t begun = nanoseconds();

	for (size_t i = 0; i < handover.size; i++) {
		tl_task_init(&tasks[i], nothing, NULL);
		must(!tl_submit_task(pool, &tasks[i]), "tl_submit_task");
	}
	tl_executor_destroy(pool);
	return nanoseconds() - begun;
}

static void *consume_reference(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < handover.size; i++)
		must((uintptr_t)mutex_job_wait(take_over(&handover, i)) == i * 2,
		     "mutex_job_wait");
	return NULL;
}

static void *consume_ours(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < handover.size; i++)
		must((uintptr_t)tl_await(take_over(&handover, i)) == i * 2, "tl_await");
	return NULL;
}

static pthread_t start_consumer(void *(*consume)(void *))
{
	pthread_t consumer;

	atomic_store(&handover.given, 0);
	must(!pthread_create(&consumer, NULL, consume, NULL), "pthread_create");
	return consumer;
}

static int64_t reference_e2e(unsigned workers)
{
	struct mutex_pool *pool = create_reference(workers);
	pthread_t consumer = start_consumer(consume_reference);
	int64_t begun = nanoseconds();

	for (size_t i = 0; i < handover.size; i++) {
		struct mutex_job *job = mutex_pool_submit(pool, twice, (void *)i);

		must(job != NULL, "mutex_pool_submit");
		hand_over(&handover, i, job);
	}
	pthread_join(consumer, NULL);
	begun = nanoseconds() - begun;
	mutex_pool_destroy(pool);
	return begun;
}

static int64_t our_e2e(int kind, unsigned workers)
{
	tl_executor *pool = create(kind, workers);
	pthread_t consumer = start_consumer(consume_ours);
	int64_t begun = nanoseconds();

	for (size_t i = 0; i < handover.size; i++) {
		tl_future *future = tl_submit(pool, twice, (void *)i);

		must(future != NULL, "tl_submit");
		hand_over(&handover, i, future);
	}
	pthread_join(consumer, NULL);
	begun = nanoseconds() - begun;
	tl_executor_destroy(pool);
	return begun;
}

struct bench {
	const char *name;
	unsigned workers;
	int64_t (*reference)(unsigned workers); /* NULL: ours only */
	int64_t (*ours)(int kind, unsigned workers);
	double times[KINDS][MAX_ROUNDS]; /* ns per task */
};

static struct bench benches[] = {
	{ "submit[1]", 1, reference_submit, our_submit, { { 0 } } },
	{ "submit_task[1]", 1, reference_submit, our_submit_task, { { 0 } } },
	{ "submit[2]", 2, reference_submit, our_submit, { { 0 } } },
	{ "submit_task[2]", 2, reference_submit, our_submit_task, { { 0 } } },
	{ "e2e[1]", 1, reference_e2e, our_e2e, { { 0 } } },
	{ "e2e[2]", 2, reference_e2e, our_e2e, { { 0 } } },
	{ "e2e[4]", 4, NULL, our_e2e, { { 0 } } },
	{ "e2e[8]", 8, NULL, our_e2e, { { 0 } } },
};

#define BENCHES (sizeof(benches) / sizeof(benches[0]))

static void run(struct bench *bench, int kind, int round)
{
	int64_t time;

	if (kind == REFERENCE && !bench->reference)
		return;
	time = kind == REFERENCE ? bench->reference(bench->workers)
	                         : bench->ours(kind, bench->workers);
	bench->times[kind][round] = (double)time / (double)handover.size;
}

static int by_time(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static double median(const double *sorted, int rounds)
{
	return (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
}

static void print_times(double *times, int rounds)
{
	char range[32];

	qsort(times, (size_t)rounds, sizeof(*times), by_time);
	snprintf(range, sizeof(range), "(%.0f-%.0f)", times[0], times[rounds - 1]);
	printf(" %6.1f %-13s", median(times, rounds), range);
}

static void print_ratio(const struct bench *bench, int kind, int to, int rounds)
{
	printf(" %9.2f",
	       median(bench->times[kind], rounds) / median(bench->times[to], rounds));
}

static void print_bench(struct bench *bench, int rounds)
{
	printf("%-14s", bench->name);
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == REFERENCE && !bench->reference)
			printf(" %6s %-13s", "-", "");
		else
			print_times(bench->times[kind], rounds);
	}
	if (bench->reference) {
		print_ratio(bench, FIXED, REFERENCE, rounds);
		print_ratio(bench, ADAPTIVE, REFERENCE, rounds);
	} else {
		printf(" %9s %9s", "-", "-");
	}
	print_ratio(bench, ADAPTIVE, FIXED, rounds);
	putchar('\n');
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? parse_count(argv[1]) : 1000000;
	size_t rounds = argc > 2 ? parse_count(argv[2]) : 7;

	if (!count || !rounds || rounds > MAX_ROUNDS || argc > 3) {
		fprintf(stderr, "Usage: reference-ratio [N [ROUNDS]]\n");
		return 2;
	}
	handover_init(&handover, count);
	tasks = malloc(count * sizeof(*tasks));
	must(tasks != NULL, "memory for the tasks");
	memset(tasks, 0, count * sizeof(*tasks));

	/* every second round goes the other way: nobody always follows the same one */
	for (int round = 0; round < (int)rounds; round++)
		for (size_t i = 0; i < BENCHES; i++)
			for (int k = 0; k < KINDS; k++)
				run(&benches[i], round % 2 ? KINDS - 1 - k : k, round);

	printf("%zu tasks, %zu rounds; ns per task: median (min-max)\n\n", count, rounds);
	printf("%-14s %-20s %-20s %-20s %9s %9s %9s\n", "", " reference", " fixed",
	       " adaptive", "fixed", "adaptive", "adaptive");
	printf("%-14s %-20s %-20s %-20s %9s %9s %9s\n", "", "", "", "", "/refer.",
	       "/refer.", "/fixed");
	for (size_t i = 0; i < BENCHES; i++)
		print_bench(&benches[i], (int)rounds);
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
