/* SPDX-License-Identifier: MIT */
/* layer 3: task · beginning, running and ending one task */
#include "task.h"

#include "futex.h"
#include "group.h"
#include "tune.h"

static COLD uint32_t task_unheld(tl_task *task)
{
	uint32_t seen;
	for (int i = 0; (seen = load_acquire(&task->future.word_)) & HELD; i++) {
		if (i < LOCK_PAUSES)
			cpu_relax();
		else
			future_park(&task->future, seen, TL_FOREVER);
	}
	return seen;
}

static bool task_joins_in(const tl_task *task)
{
	tl_group *group = group_of(task);
	group_begin(group);
	return !group_is_cancelled(group);
}

/* It is held, or has been cancelled, or is a group's. */
static __attribute__((noinline)) bool task_begin_if(tl_task *task, uint32_t seen)
{
	uint32_t *word = &task->future.word_;
	for (;;) {
		if (seen & HELD) {
			seen = task_unheld(task);
		} else if (seen & CANCEL) {
			/* Its canceller may still touch our queue: instructions away. */
			if (seen & LEFT)
				break;
			future_park(&task->future, seen, TL_FOREVER);
			seen = load_acquire(word);
		} else if (cas_acq_rel(word, &seen, with_state(seen, RUNNING))) {
			if (!(seen & GROUPED) || task_joins_in(task))
				return true;
			break;
		}
	}
	task->future.error_ = -ECANCELED;
	future_finish(&task->future, CANCELLED);
	return false;
}

static bool task_begin(tl_task *task)
{
	uint32_t *word = &task->future.word_, seen = load_acquire(word);
	if (is_alone(seen)) {
		store_relaxed(word, with_state(seen, RUNNING));
		return true;
	}
	do {
		if (UNLIKELY(seen & (HELD | CANCEL | GROUPED)))
			return task_begin_if(task, seen);
	} while (!cas_acq_rel(word, &seen, with_state(seen, RUNNING)));
	return true;
}

static enum state task_call(tl_task *task)
{
	struct frame frame;
	return task_take(task, task_call_in(task, &frame), &frame);
}

static void *task_given_away(void)
{
	self.frame->error = GIVEN_AWAY;
	return &failure;
}

static bool runs_here(const tl_future *future)
{
	for (struct frame *frame = self.frame; frame; frame = frame->below)
		if (&frame->task->future == future)
			return true;
	return false;
}

static bool runs_task_of(const tl_executor *executor)
{
	for (struct frame *frame = self.frame; frame; frame = frame->below)
		if (task_executor(frame->task) == executor)
			return true;
	for (struct visit *visit = self.visit; visit; visit = visit->below)
		if (visit->executor == executor)
			return true;
	return false;
}

TL_API void *tl_fail(int error)
{
	if (self.frame && self.frame->error != FORKED)
		self.frame->error = error_normal(error);
	return &failure;
}

TL_API bool tl_cancel_requested(void)
{
	if (!self.frame)
		return false;
	tl_task *task = self.frame->task;
	uint32_t word = load_relaxed(&task->future.word_);
	return (word & CANCEL) ||
	       ((word & GROUPED) && group_is_cancelled(group_of(task)));
}

/* ---- Setting up --------------------------------------------------------------- */

TL_API void tl_task_init(tl_task *task, tl_function *function, void *argument)
{
	*task = (tl_task){ .function_ = function, .argument_ = argument };
}

static tl_task *task_new(tl_executor *executor, tl_function *function, void *argument)
{
	if (!function)
		return fail_with(-EINVAL);
	tl_task *task = task_make(executor, function, argument, 2);
	return task ? task : fail_with(-ENOMEM);
}

static ALWAYS_INLINE int64_t task_enqueue_as(tl_task *task, tl_executor *executor,
                                             uint32_t grouped)
{
	uint32_t *word = &task->future.word_, seen = load_relaxed(word);
	do {
		MISUSE(state_of(seen) == QUEUED || state_of(seen) == RUNNING,
		       "this task is queued or runs already");
		if (state_of(seen) == CANCELLED)
			return -ECANCELED;
		if (state_of(seen) != NEW)
			return -EBUSY;
		store_relaxed(&task->executor_, executor); /* waiters may look at it */
		store_relaxed(&task->process_, process_number());
		store_relaxed(&task->hints_, 0u);
		store_relaxed(&task->place_, (uintptr_t)0);
	} while (!cas_acq_rel(word, &seen, with_state(seen, QUEUED) | grouped));
	return seen;
}

static ALWAYS_INLINE int64_t task_enqueue(tl_task *task, tl_executor *executor)
{
	return task_enqueue_as(task, executor, 0);
}

static int64_t task_enqueue_grouped(tl_task *task, tl_group *group)
{
	return task_enqueue_as(task, (tl_executor *)(void *)group, GROUPED);
}

static void task_refused(tl_task *task)
{
	uint32_t *word = &task->future.word_, seen = load_relaxed(word);
	tl_group *group = seen & GROUPED ? group_of(task) : NULL;
	do {
		if (seen & CANCEL) { /* somebody was promised that it never runs */
			task_begin(task);
			return;
		}
		if (seen & HELD)
			seen = task_unheld(task);
	} while (!cas_acq_rel(word, &seen, with_state(seen, NEW) & ~GROUPED));
	if (group)
		group_unjoin(group);
}

TL_API int tl_task_run(tl_task *task)
{
	if (!task || !task->function_)
		return -EINVAL;
	int64_t word = task_enqueue(task, NULL);
	if (word < 0)
		return (int)word;
	if (task_begin(task))
		future_finish(&task->future, task_call(task));
	return 0;
}
