/* SPDX-License-Identifier: MIT */
/*
 * All of the library inside one model: its static functions are the model's to call.
 * `library.list` is made from lib/threadlet.c, less the files that stand here instead:
 * a cell is a block of the arena, so that one that is used after its release is found;
 * and there are two CPUs.
 */
#ifndef MODEL_LIBRARY_H
#define MODEL_LIBRARY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "ground.h"

static inline tl_task *cell_new(void)
{
	return model_allocate(64, sizeof(tl_task));
}

static inline void cell_free(tl_task *cell)
{
	model_free(cell);
}

static bool cells_are_due; /* a model sets it */

static inline bool cell_trim_may_come(void)
{
	return load_relaxed(&cells_are_due);
}

static inline bool cell_trim(const uint32_t *interrupt)
{
	(void)interrupt;
	store_relaxed(&cells_are_due, false);
	return true;
}

static inline unsigned cpus_allowed(void)
{
	return 2;
}

static inline unsigned cpus_usable(const char *root)
{
	(void)root;
	return 2;
}

#define TL_CELL_H
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "library.list"
#pragma GCC diagnostic pop

/* A task in memory of its own, which its owner frees the moment it has ended. */
static inline tl_task *new_task(tl_function *function, void *argument)
{
	tl_task *task = model_allocate(64, sizeof *task);
	tl_task_init(task, function, argument);
	return task;
}

/* Wait for it as a caller does, then give its memory back at once. */
static inline void finish_task(tl_task *task)
{
	tl_future_wait(&task->future, TL_FOREVER);
	model_free(task);
}

#endif
