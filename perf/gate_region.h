/* SPDX-License-Identifier: MIT */
/*
 * What of gate-paths is counted. Under callgrind with --collect-atstart=no a thread's
 * instructions count between its begin() and its end(); those of others don't, so they
 * may do what they like meanwhile. Each end() writes one dump, named after the row.
 */
#ifndef GATE_REGION_H
#define GATE_REGION_H

#include <threadlet.h>

#define MANY 2000 /* operations in most rows; fits the inbox's first ring */
#define FEW 200   /* fits a worker's own ring */

void begin(const char *row, int operations);
void end(void);

/* A few instructions more for each operation, if the gate is being checked. */
void plant(void);

void *nothing(void *unused);

/* What ends a row in the thread that runs its tasks: the last of them to run. */
void *count_down(void *unused);

/* From outside of the pool, which has one worker: gate_outside.c. */
void rows_outside(tl_executor *pool);

#endif /* GATE_REGION_H */
