/* SPDX-License-Identifier: MIT */
/*
 * threadlet-bench [N]: the benchmark of the Python package threadlet, for this
 * library, in the same form. N tasks (environment N, default 1,000,000):
 *   submit   to one worker, each future released at once; then the pool is destroyed
 *   e2e[W]   a producer submits to at most W workers and hands each future to a
 *            consumer thread, which takes the results in order
 * The adaptive pool and the fixed one have the same number of workers at most.
 *
 * time includes the pool's end. size is how much more memory is resident after it
 * than before it began, peak how much more at most; the array through which the
 * futures go to the consumer is not counted. Each row runs in a process of its own.
 */
#include "../perf/handover.h"

#include <pthread.h>
#include <sys/wait.h>
#include <threadlet.h>
#include <unistd.h>

struct row {
	const char *kind;
	tl_executor *(*create)(unsigned workers);
	void (*run)(tl_executor *pool, struct handover *handover);
	unsigned workers;
	const char *name;
};

static tl_executor *create_adaptive(unsigned workers)
{
	return tl_adaptive_pool_create(&(tl_options){ .max_workers = workers });
}

static tl_executor *create_fixed(unsigned workers)
{
	return tl_fixed_pool_create(workers, NULL);
}

static void *nothing(void *unused)
{
	(void)unused;
	return NULL;
}

static void *twice(void *x)
{
	return (void *)((uintptr_t)x * 2);
}

static void run_submit(tl_executor *pool, struct handover *handover)
{
	for (size_t i = 0; i < handover->size; i++) {
		tl_future *future = tl_submit(pool, nothing, NULL);

		must(future != NULL, "tl_submit");
		tl_future_release(future);
	}
}

static void *consume(void *argument)
{
	struct handover *handover = argument;

	for (size_t i = 0; i < handover->size; i++)
		must((uintptr_t)tl_await(take_over(handover, i)) == i * 2, "tl_await");
	return NULL;
}

static void run_e2e(tl_executor *pool, struct handover *handover)
{
	pthread_t consumer;

	must(!pthread_create(&consumer, NULL, consume, handover), "pthread_create");
	for (size_t i = 0; i < handover->size; i++) {
		tl_future *future = tl_submit(pool, twice, (void *)i);

		must(future != NULL, "tl_submit");
		hand_over(handover, i, future);
	}
	pthread_join(consumer, NULL);
}

/* A line "label   123 kB" of a file below /proc/self, in MiB; -1 if there is none. */
static double read_memory(const char *path, const char *label)
{
	FILE *file = fopen(path, "r");
	char line[256];
	double kib = -1024;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, label, strlen(label)))
			kib = strtod(line + strlen(label), NULL);
	fclose(file);
	return kib / 1024;
}

static double resident(void)
{
	/* VmRSS lags behind by some pages for each CPU; this one is exact */
	double mib = read_memory("/proc/self/smaps_rollup", "Rss:");

	return mib < 0 ? read_memory("/proc/self/status", "VmRSS:") : mib;
}

static double peak_resident(void)
{
	return read_memory("/proc/self/status", "VmHWM:");
}

/* Where this isn't allowed, the peak so far is the start of this small process. */
static void reset_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "w");

	if (!file)
		return;
	fputs("5", file);
	fclose(file);
}

static void end_pool(tl_executor *pool, size_t tasks)
{
	tl_stats stats;

	must(!tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), "tl_executor_shutdown");
	must(!tl_executor_stats(pool, &stats, sizeof(stats)), "tl_executor_stats");
	must(!tl_executor_destroy(pool), "tl_executor_destroy");
	if (stats.completed == tasks)
		return;
	fprintf(stderr, "threadlet-bench: %llu of %zu tasks have run\n",
	        (unsigned long long)stats.completed, tasks);
	exit(EXIT_FAILURE);
}

static void run_row(const struct row *row, size_t tasks)
{
	struct handover handover;
	double before, size, peak;
	int64_t time;
	tl_executor *pool;

	handover_init(&handover, tasks);
	before = resident();
	reset_peak();
	time = nanoseconds();
	pool = row->create(row->workers);
	must(pool != NULL, "a pool");
	row->run(pool, &handover);
	end_pool(pool, tasks);
	time = nanoseconds() - time;
	size = resident() - before;
	peak = peak_resident() - before;
	if (peak < size)
		peak = size;
	printf("%18s %8s %6s: time=%5.2fs size=%.2fmb, peak=%.2fmb\n", "threadlet",
	       row->kind, row->name, (double)time / 1e9, size > 0 ? size : 0,
	       peak > 0 ? peak : 0);
}

/* In a process of its own, so that no row inherits another's memory. */
static int run_apart(const struct row *row, size_t tasks)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		run_row(row, tasks);
		exit(fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	must(waitpid(child, &status, 0) == child, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	fprintf(stderr, "threadlet-bench: %s %s has failed\n", row->kind, row->name);
	return -1;
}

static const struct row rows[] = {
	{ "adaptive", create_adaptive, run_submit, 1, "submit" },
	{ "fixed", create_fixed, run_submit, 1, "submit" },
	{ "adaptive", create_adaptive, run_e2e, 1, "e2e[1]" },
	{ "fixed", create_fixed, run_e2e, 1, "e2e[1]" },
	{ "adaptive", create_adaptive, run_e2e, 2, "e2e[2]" },
	{ "fixed", create_fixed, run_e2e, 2, "e2e[2]" },
	{ "adaptive", create_adaptive, run_e2e, 4, "e2e[4]" },
	{ "fixed", create_fixed, run_e2e, 4, "e2e[4]" },
	{ "adaptive", create_adaptive, run_e2e, 8, "e2e[8]" },
	{ "fixed", create_fixed, run_e2e, 8, "e2e[8]" },
};

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : getenv("N");
	size_t tasks = text ? parse_count(text) : 1000000;

	if (!tasks || argc > 2) {
		fprintf(stderr,
		        "Usage: threadlet-bench [N]  (or N in the environment)\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i && i % 2 == 0)
			putchar('\n');
		if (run_apart(&rows[i], tasks))
			return EXIT_FAILURE;
	}
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
