/* SPDX-License-Identifier: MIT */
/* layer 7: spawn · a thread for one task */
#include "task.h"
#include "thread.h"

static void *spawn_main(void *argument)
{
	tl_task *task = argument;
	uint32_t parent = task->process_;
	thread_begin("spawn");
	if (task_begin(task)) {
		enum state state = task_call(task);
		process_leave_child(parent);
		future_finish(&task->future, state);
	}
	process_leave_child(parent); /* forked in a callback */
	return NULL;
}

TL_API tl_future *tl_spawn(tl_function *function, void *argument)
{
	tl_task *task = task_new(NULL, function, argument);
	if (!task)
		return NULL;
	int error = thread_start(NULL, 0, spawn_main, task);
	if (error) {
		cell_free(task);
		return fail_with(error);
	}
	return &task->future;
}
