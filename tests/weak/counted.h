/* SPDX-License-Identifier: MIT */
/* Who gets a task writes to it as to his own memory: a second one to get it, or one who gets it
 * before its contents, is a data race, or finds the wrong contents. TASKS: how many there are. */
#ifndef WEAK_COUNTED_H
#define WEAK_COUNTED_H

static tl_task tasks[TASKS];
static unsigned taken[TASKS];

static inline tl_task *filled(unsigned i)
{
	tasks[i].argument_ = &tasks[i];
	return &tasks[i];
}

static inline void took(tl_task *task)
{
	if (!task)
		return;
	assert(task->argument_ == task);
	task->argument_ = NULL;
	taken[task - tasks]++;
}

#endif
