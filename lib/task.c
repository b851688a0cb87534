/* SPDX-License-Identifier: MIT */
/* layer 3: task · beginning, running and ending one task */
#include "task.h"

#include "futex.h"
#include "group.h"

/* What tl_fail returns: an address that no value of a user can be. */
static char failure;

static bool task_begin(tl_task *task)
{
	uint32_t *word = &task->future.word_, seen = load_relaxed(word);
	tl_group *group = task->group_;
	if (group)
		group_begin(group);
	for (;;) {
		if (UNLIKELY(seen & CANCEL)) {
			/* Its canceller may still touch our queue: instructions away. */
			if (seen & LEFT)
				break;
			future_park(&task->future, seen, TL_FOREVER);
			seen = load_acquire(word);
		} else if (LIKELY(cas_acq_rel(word, &seen, with_state(seen, RUNNING)))) {
			if (LIKELY(!group_is_cancelled(group)))
				return true;
			break;
		}
	}
	task_finish(task, CANCELLED);
	return false;
}

static enum state task_call(tl_task *task)
{
	struct frame frame = { .task = task, .below = self.frame, .error = -EIO };
	self.frame = &frame;
	void *value = task->function_(task->argument_);
	self.frame = frame.below;
	if (UNLIKELY(value == &failure)) {
		task->future.value_ = error_value(frame.error);
		return frame.error == -ECANCELED ? CANCELLED : FAILED;
	}
	task->future.value_ = value;
	return DONE;
}

static tl_callback *task_end(tl_task *task, enum state state)
{
	tl_group *group = task->group_;
	int error = group ? error_of(&task->future, state) : 0;
	tl_callback *list = future_end(&task->future, state);
	if (group)
		group_leave(group, error);
	return list;
}

static void task_finish(tl_task *task, enum state state)
{
	tl_callback *list = task_end(task, state);
	if (list)
		future_fire(list);
}

static bool runs_here(const tl_future *future)
{
	for (struct frame *frame = self.frame; frame; frame = frame->below)
		if (&frame->task->future == future)
			return true;
	return false;
}

TL_API void *tl_fail(int error)
{
	if (self.frame)
		self.frame->error = error_normal(error);
	return &failure;
}

TL_API bool tl_cancel_requested(void)
{
	if (!self.frame)
		return false;
	tl_task *task = self.frame->task;
	return (load_relaxed(&task->future.word_) & CANCEL) ||
	       group_is_cancelled(task->group_);
}

/* ---- Setting up --------------------------------------------------------------- */

static void task_set(tl_task *task, uint32_t word, tl_function *function, void *argument)
{
	*task = (tl_task){
		.future = { .word_ = word },
		.function_ = function,
		.argument_ = argument,
	};
}

TL_API void tl_task_init(tl_task *task, tl_function *function, void *argument)
{
	task_set(task, NEW, function, argument);
}

static tl_task *task_new(tl_executor *executor, tl_function *function, void *argument)
{
	if (!function)
		return fail_with(-EINVAL);
	tl_task *task = cell_new();
	if (!task)
		return fail_with(-ENOMEM);
	task_set(task, QUEUED | CELL | 2 * REFERENCE, function, argument);
	task->executor_ = executor;
	task->future.process_ = process_number();
	return task;
}

static int64_t task_enqueue(tl_task *task, tl_executor *executor, tl_group *group)
{
	uint32_t *word = &task->future.word_, seen = load_relaxed(word);
	do {
		MISUSE(state_of(seen) == QUEUED || state_of(seen) == RUNNING,
		       "this task is queued or runs already");
		if (state_of(seen) == CANCELLED)
			return -ECANCELED;
		if (state_of(seen) != NEW)
			return -EBUSY;
		task->executor_ = executor;
		task->group_ = group;
		store_relaxed(&task->future.process_, process_number());
		store_relaxed(&task->place_, (uintptr_t)0);
	} while (!cas_acq_rel(word, &seen, with_state(seen, QUEUED)));
	return seen;
}

static void task_refused(tl_task *task)
{
	uint32_t *word = &task->future.word_, seen = load_relaxed(word);
	tl_group *group = task->group_;
	do {
		if (seen & CANCEL) { /* somebody was promised that it never runs */
			task_begin(task);
			return;
		}
	} while (!cas_acq_rel(word, &seen, with_state(seen, NEW)));
	if (group) {
		group_begin(group);
		group_leave(group, 0);
	}
}

TL_API int tl_task_run(tl_task *task)
{
	if (!task || !task->function_)
		return -EINVAL;
	int64_t word = task_enqueue(task, NULL, NULL);
	if (word < 0)
		return (int)word;
	if (task_begin(task))
		task_finish(task, task_call(task));
	return 0;
}
