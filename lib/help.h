/* SPDX-License-Identifier: MIT */
/* layer 5: help · a waiter outside of the pool runs the task that it waits for */
#ifndef TL_HELP_H
#define TL_HELP_H

#include "pool.h"

/* What a task carries of its pool's options, for those who wait for it and may not touch
 * the pool: for how many ns to watch it, << 2 | is it in a serial queue, << 1 | whether
 * they may run it. */
#define HINT_RUN UINT32_C(1)
#define HINT_SERIAL UINT32_C(2)
#define HINT_SPIN_MOST INT64_C(1000000000)

static inline uint32_t hints_make(bool run, int64_t spin)
{
	return (uint32_t)(spin < HINT_SPIN_MOST ? spin : HINT_SPIN_MOST) << 2 | run;
}

static inline int64_t hints_spin(uint32_t hints)
{
	return hints >> 2;
}

/* If the task is still queued and its pool allows it: run it here. */
static bool help_run(tl_task *task);

/* H1, if it is queued; and the end of that. */
static bool help_hold(tl_task *task);
static void help_let_go(tl_task *task);

#endif
