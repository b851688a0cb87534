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

static void may_run_on(int thread, const cpu_set_t *set)
{
	/* the thread may have ended */
	sched_setaffinity(thread, sizeof(*set), set);
}

static void move(int thread, void *set)
{
	may_run_on(thread, set);
}

/* The first CPU that the program may use, alone in *one, and taken out of *others. */
static void split(cpu_set_t *one, cpu_set_t *others)
{
	size_t cpu = 0;

	must(!sched_getaffinity(0, sizeof(*others), others), "sched_getaffinity");
	while (!CPU_ISSET(cpu, others))
		cpu++;
	CPU_ZERO(one);
	CPU_SET(cpu, one);
	CPU_CLR(cpu, others);
}

void share_one_cpu(void)
{
	cpu_set_t one, others;

	split(&one, &others);
	for_others(move, &one);
	may_run_on(0, &one);
}

void keep_apart(void)
{
	cpu_set_t one, others;

	split(&one, &others);
	must(CPU_COUNT(&others), "a second CPU");
	for_others(move, &others);
	may_run_on(0, &one);
}
