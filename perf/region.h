/* SPDX-License-Identifier: MIT */
/*
 * The part of a program that perf/stat counts: call perf_region_begin() and
 * perf_region_end() around it, as often as you like, from one thread. Without perf/stat
 * they do nothing. For any program, in C or C++: copy this file, it needs nothing else.
 *
 * Two descriptors in the environment go to "perf stat --control"; a third one takes
 * what the process itself knows, which needs no permission: a line for each region of
 * CPU time in ns, context switches, page faults.
 */
#ifndef PERF_REGION_H
#define PERF_REGION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct perf_usage {
	long long cpu, switches, faults;
};

static inline int perf_descriptor(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : -1;
}

/* Returns when perf has done it. */
static inline void perf_command(const char *command)
{
	int control = perf_descriptor("PERF_CTL_FD"),
	    answer = perf_descriptor("PERF_ACK_FD");
	char text[16];

	if (control >= 0 && answer >= 0 &&
	    (write(control, command, strlen(command)) < 0 ||
	     read(answer, text, sizeof(text)) <= 0))
		perror("PERF_CTL_FD");
}

static inline struct perf_usage perf_usage_now(void)
{
	struct perf_usage usage;
	struct timespec cpu;
	struct rusage all;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	getrusage(RUSAGE_SELF, &all);
	usage.cpu = (long long)cpu.tv_sec * 1000000000 + cpu.tv_nsec;
	usage.switches = all.ru_nvcsw + all.ru_nivcsw;
	usage.faults = all.ru_minflt + all.ru_majflt;
	return usage;
}

static inline struct perf_usage *perf_usage_at_begin(void)
{
	static struct perf_usage usage;

	return &usage;
}

static inline void perf_region_begin(void)
{
	perf_command("enable\n");
	*perf_usage_at_begin() = perf_usage_now();
}

static inline void perf_region_end(void)
{
	struct perf_usage then = *perf_usage_at_begin(), now = perf_usage_now();
	int file = perf_descriptor("PERF_USAGE_FD");

	perf_command("disable\n");
	if (file >= 0)
		dprintf(file, "%lld %lld %lld\n", now.cpu - then.cpu,
		        now.switches - then.switches, now.faults - then.faults);
}

#endif /* PERF_REGION_H */
