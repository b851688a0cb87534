/* SPDX-License-Identifier: MIT */
/* layer 4: circle · tasks that wait for each other in a circle */
#include "circle.h"

#include "lock.h"

static struct {
	struct process_lock lock;
	struct note *notes;
} circles;

/* The threads of a parent process wait for nothing here. */
static void circles_lock(void)
{
	if (UNLIKELY(!process_lock(&circles.lock)))
		circles.notes = NULL;
}

static void circles_unlock(void)
{
	process_unlock(&circles.lock);
}

static bool note_stands(const struct note *note)
{
	for (struct note *other = circles.notes; other; other = other->next)
		if (other == note)
			return true;
	return false;
}

/* Does this frame's task live on another stack? tl_map puts frames upon frames. */
static bool is_branch(const struct frame *frame)
{
	while (frame->error != FORKED && frame->below &&
	       frame->below->task == frame->task)
		frame = frame->below;
	return frame->error == FORKED;
}

/* Those below a task that has been marked have been marked with it. */
static void mark_stack(struct note *mine)
{
	for (struct frame *frame = self.frame; frame; frame = frame->below) {
		void **value = &frame->task->future.value_;
		if (is_branch(frame))
			continue;
		if (load_relaxed(value) == mine)
			return;
		store_relaxed(value, (void *)mine);
	}
}

static bool leads_to(const struct note *mine, tl_future *future)
{
	while (state_of(load_acquire(&future->word_)) == RUNNING) {
		struct note *note = load_relaxed(&future->value_);
		if (note == mine)
			return true;
		if (!note_stands(note))
			return false;
		future = note->awaited;
	}
	return false;
}

static bool circle_note(tl_future *future)
{
	struct note *mine = &self.note;
	circles_lock();
	mark_stack(mine);
	bool closes = leads_to(mine, future);
	if (!closes) {
		mine->awaited = future;
		mine->next = circles.notes;
		circles.notes = mine;
	}
	circles_unlock();
	return !closes;
}

static void circle_forget(void)
{
	struct note **link = &circles.notes;
	circles_lock();
	while (*link && *link != &self.note)
		link = &(*link)->next;
	if (*link)
		*link = self.note.next;
	circles_unlock();
}
