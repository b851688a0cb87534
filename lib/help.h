/* SPDX-License-Identifier: MIT */
/* layer 5: help · a waiter outside of the pool runs the task that it waits for */
#ifndef TL_HELP_H
#define TL_HELP_H

#include "pool.h"

/* If the task is still queued and its pool allows it: run it here. */
static bool help_run(tl_task *task);

/* H1, if it is queued; and the end of that. */
static bool help_hold(tl_task *task);
static void help_let_go(tl_task *task);

#endif
