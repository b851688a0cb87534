/* SPDX-License-Identifier: MIT */
/* What measure.h asks the system: memory, CPU time, switches, placement. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "measure.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number behind "name:" in such a file; 0 if there is none. */
static size_t number_in(const char *path, const char *name)
{
	size_t length = strlen(name), number = 0;
	char line[256];
	FILE *file = fopen(path, "r");

	if (!file) /* a thread that has just ended */
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && line[length] == ':')
			number = strtoul(line + length + 1, NULL, 10);
	fclose(file);
	return number;
}

size_t status_of_process(const char *name)
{
	return number_in("/proc/self/status", name);
}

int64_t cpu_time(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Calls visit for each thread but the caller. */
static void for_others(void (*visit)(int thread, void *context), void *context)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int self = (int)syscall(SYS_gettid);

	must(tasks != NULL, "/proc/self/task");
	while ((entry = readdir(tasks))) {
		int thread = atoi(entry->d_name);

		if (thread > 0 && thread != self)
			visit(thread, context);
	}
	closedir(tasks);
}

static void add(int thread, void *context)
{
	struct others *sum = context;
	char path[64];
	FILE *file;
	long long ran = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", thread);
	sum->switches += number_in(path, "voluntary_ctxt_switches") +
	                 number_in(path, "nonvoluntary_ctxt_switches");
	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", thread);
	file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%lld", &ran) != 1)
			ran = 0;
		fclose(file);
	}
	sum->cpu += ran;
	sum->threads++;
}

struct others other_threads(void)
{
	struct others sum = { 0, 0, 0 };

	for_others(add, &sum);
	return sum;
}

static void place_thread(int thread, void *context)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t) * (int *)context, &set);
	/* the thread may have ended */
	sched_setaffinity(thread, sizeof(set), &set);
}

void place(int mine, int theirs)
{
	for_others(place_thread, &theirs);
	place_thread(0, &mine);
}

int cpu_number(int n)
{
	cpu_set_t set;

	must(!sched_getaffinity(0, sizeof(set), &set), "sched_getaffinity");
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && n-- == 0)
			return (int)cpu;
	return -1;
}
