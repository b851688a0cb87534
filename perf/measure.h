/* SPDX-License-Identifier: MIT */
/*
 * What the benches measure with: counted tasks, the measured region, percentiles,
 * memory, placement; and how they report: lines of "metric value unit".
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "contender.h"
#include "handover.h"

#define PAUSES 64 /* between two looks of somebody who polls: about 0.7 us */

/* The task of most benches: counts in its thread's own line, returns NULL. */
work_function count_one;
/* How many have run in all threads since the program began. */
size_t counted(void);
/* Wait until so many have. Looks again after 1 % of the time since `begun`, asleep
 * if that is long: the workers are hardly disturbed, and the end is seen in time. */
void await_counted(size_t total, int64_t begun);

/*
 * The measured region. Returns the time. With PERF_CTL_FD and PERF_ACK_FD in the
 * environment it is also what "perf stat --delay=-1 --control fd:CTL,ACK" counts.
 */
int64_t region_begin(void);
int64_t region_end(void);

void report(const char *metric, double value, const char *unit);
int64_t median(int64_t *times, size_t count); /* sorts them */
/* Sorts `times` (ns) and reports pQ for the usual Q, as far as that many samples tell
 * it, then the maximum; in `unit`, of `scale` ns. */
void report_percentiles(int64_t *times, size_t count, double scale, const char *unit);

/* A line "Name:  number" of /proc/self/status, VmHWM in KiB for instance. */
size_t status_of_process(const char *name);
/* CPU time of the whole process, ns. */
int64_t cpu_time(void);
/* Of all threads but the caller: how often they were switched, ns on a CPU; and how
 * many they are. */
struct others {
	size_t threads, switches;
	int64_t cpu;
};
struct others other_threads(void);

/* All threads on one CPU. */
void share_one_cpu(void);
/* A CPU for who calls, all the others for all other threads. */
void keep_apart(void);

void pause_for(int64_t nanoseconds);
void *allocate(size_t count, size_t size); /* touched */

#endif /* MEASURE_H */
