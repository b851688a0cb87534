/* SPDX-License-Identifier: MIT */
/*
 * What the models of single structures count: which tasks went in, which came out. Tasks
 * are never run here.
 */
#ifndef MODEL_COUNTED_H
#define MODEL_COUNTED_H

#include "still.h"

#define TASKS 6

static tl_task task[TASKS];
static unsigned in[TASKS], out[TASKS];

static inline void took(tl_task *found)
{
	if (found)
		out[found - task]++;
}

/* Each that went in has come out exactly once, one that was refused never. */
static inline void conserved(void)
{
	for (unsigned i = 0; i < TASKS; i++)
		model_assert(out[i] == in[i]);
}

#endif
