/* SPDX-License-Identifier: MIT */
/* layer 3: task · beginning, running and ending one task */
#ifndef TL_TASK_H
#define TL_TASK_H

#include "future.h"

/*
 * What a thread does with a task that it alone owns (it has won the slot, or the task
 * was never queued): task_begin; if true, task_call, then future_end with the state
 * that task_call returned. If false the task has been ended as cancelled.
 */
static bool task_begin(tl_task *task);
static enum state task_call(tl_task *task);

/* What a function returns that has given its own task to another thread: nothing is to be
 * ended here. task_call then says QUEUED; the frame has the mark, which is no error. */
static void *task_given_away(void);
#define GIVEN_AWAY 1

/* What tl_fail returns: an address that no value of a user can be. */
static char failure;

/* Is this that value? */
static inline bool task_has_failed(const void *value)
{
	return value == &failure;
}

/* Call its function, with this frame; what that returned. */
static ALWAYS_INLINE void *task_call_in(tl_task *task, struct frame *frame)
{
	frame->task = task;
	frame->below = self.frame;
	frame->error = -EIO;
	self.frame = frame;
	void *value = task->function_(task->argument_);
	self.frame = frame->below;
	return value;
}

/* Note the outcome; the state that it is to end with. */
static ALWAYS_INLINE enum state task_take(tl_task *task, void *value,
                                          const struct frame *frame)
{
	if (UNLIKELY(task_has_failed(value))) {
		if (frame->error == GIVEN_AWAY)
			return QUEUED;
		task->future.error_ = frame->error;
		return frame->error == -ECANCELED ? CANCELLED : FAILED;
	}
	store_relaxed(&task->future.value_, value); /* circle.c may look at it */
	return DONE;
}

/* In the place of a frame's error: it runs a branch of the task, whose own frame may be on
 * another stack. Errors are negative. */
#define FORKED 2

/* Wait until nobody looks for it in a queue (HELD); returns the word then. */
static uint32_t task_unheld(tl_task *task);

/* A cell that is queued in an executor, with so many references: the executor's, and a user's
 * if he gets a handle. NULL when out of memory. */
static ALWAYS_INLINE tl_task *task_make(tl_executor *executor, tl_function *function,
                                        void *argument, uint32_t references)
{
	tl_task *task = cell_new();
	if (LIKELY(task != NULL))
		*task = (tl_task){
			.future = { .word_ = QUEUED | CELL | references * REFERENCE },
			.function_ = function,
			.argument_ = argument,
			.executor_ = executor,
			.process_ = process_number(),
		};
	return task;
}

/* With a handle, and errno when there is none. */
static tl_task *task_new(tl_executor *executor, tl_function *function, void *argument);

/* NEW to QUEUED; returns the word as it was, or a negative errno. */
static int64_t task_enqueue(tl_task *task, tl_executor *executor);

/* The same as a member of a group, which it has joined. */
static int64_t task_enqueue_grouped(tl_task *task, tl_group *group);

/* QUEUED back to NEW, when the executor refused it; out of its group. */
static void task_refused(tl_task *task);

/* Does this thread run this task, here or further down its stack? */
static bool runs_here(const tl_future *future);

/* Does it run any task of this executor, or a callback of one in a visit? */
static bool runs_task_of(const tl_executor *executor);

static inline void visit_begin(struct visit *visit, const tl_executor *executor)
{
	*visit = (struct visit){ executor, self.visit };
	self.visit = visit;
}

static inline void visit_end(const struct visit *visit)
{
	self.visit = visit->below;
}

#endif
