/* SPDX-License-Identifier: MIT */
/*
 * gate-idle: what the workers of executors of all kinds do in three seconds without
 * work: context switches, and time on a CPU, as the kernel counts them for each thread.
 * Prints lines "NUMBER UNIT ROW". Only the time in which to watch is slept; that all is
 * at rest before is waited for.
 *
 * PLANT in the environment starts a thread that isn't idle: perf/gate has to notice.
 */
#include "handover.h"

#include <dirent.h>
#include <pthread.h>
#include <threadlet.h>
#include <unistd.h>

#define WATCHED 3 /* seconds */
#define PATIENCE (INT64_C(30) * 1000000000)

struct usage {
	int threads;
	long long switches, cpu; /* ns */
};

static void nap(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

/* Add up a thread's lines of the kind "..._ctxt_switches:   7", and its CPU time. */
static void add_thread(struct usage *usage, const char *thread)
{
	char path[64], line[256], *colon;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", thread);
	file = fopen(path, "r");
	must(file != NULL, path);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "ctxt_switches:") && (colon = strchr(line, ':')))
			usage->switches += strtoll(colon + 1, NULL, 10);
	fclose(file);

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/schedstat", thread);
	file = fopen(path, "r");
	must(file != NULL, path);
	must(fgets(line, sizeof(line), file) != NULL, path);
	usage->cpu += strtoll(line, NULL, 10);
	fclose(file);
	usage->threads++;
}

/* All threads but the main one. */
static struct usage usage_now(void)
{
	struct usage usage = { 0 };
	DIR *directory = opendir("/proc/self/task");

	must(directory != NULL, "/proc/self/task");
	for (struct dirent *entry; (entry = readdir(directory));)
		if (entry->d_name[0] != '.' &&
		    strtol(entry->d_name, NULL, 10) != (long)getpid())
			add_thread(&usage, entry->d_name);
	closedir(directory);
	return usage;
}

static void *briefly(void *unused)
{
	(void)unused;
	nap(1);
	return NULL;
}

static void *restless(void *unused)
{
	for (;;)
		nap(20);
	return unused;
}

static void use(tl_executor *pool)
{
	tl_future *futures[8];

	must(pool != NULL, "an executor");
	for (int i = 0; i < 8; i++)
		futures[i] = tl_submit(pool, briefly, NULL);
	for (int i = 0; i < 8; i++)
		tl_await(futures[i]);
}

/* Until that many threads are left and have slept for a moment. */
static struct usage rest(int threads)
{
	int64_t limit = nanoseconds() + PATIENCE;
	struct usage before, now = { 0 };

	do {
		must(nanoseconds() < limit, "workers come to rest");
		before = now;
		nap(100);
		now = usage_now();
	} while (now.threads != threads || before.threads != threads ||
	         now.switches != before.switches);
	return now;
}

int main(void)
{
	tl_options options = { .max_workers = 8, .idle_timeout = 50000000 };
	tl_executor *pools[] = {
		tl_worker_create(NULL),
		tl_fixed_pool_create(2, NULL),
		tl_adaptive_pool_create(&options),
	};
	struct usage before, after;
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		use(pools[i]);
	before = rest(1 + 2 + 1);
	if (getenv("PLANT"))
		must(!pthread_create(&thread, NULL, restless, NULL), "pthread_create");
	nap(WATCHED * 1000);
	after = usage_now();
	for (int i = 0; i < 3; i++)
		tl_executor_destroy(pools[i]);
	printf("%lld switches idle for 3 s\n", after.switches - before.switches);
	printf("%.4f ms-CPU idle for 3 s\n", (double)(after.cpu - before.cpu) / 1e6);
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
