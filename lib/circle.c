/* SPDX-License-Identifier: MIT */
/* layer 4: circle · tasks that wait for each other in a circle */
#include "circle.h"

#include "lock.h"
#include "pool.h"

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

/* The note of the worker that has this task in its own list. If that one waits for this very
 * task, it is about to look again, and will run it. */
static struct note *note_of_chosen(const tl_task *task, const struct note *from)
{
	int number = task_chosen_for(task, load_acquire(&task->place_));
	if (number < 0)
		return NULL;
	for (struct note *note = circles.notes; note; note = note->next) {
		struct worker *worker = note->worker;
		if (worker && worker->pool == task->executor_ &&
		    worker->index == (unsigned)number)
			return note == from ? NULL : note;
	}
	return NULL;
}

/* The note of the thread that has to go on before what this one waits for can end. */
static struct note *note_after(const struct note *from)
{
	tl_future *future = from->awaited;
	uint32_t word = load_acquire(&future->word_);
	if (state_of(word) == QUEUED)
		return note_of_chosen(task_of(future), from);
	struct note *note = load_relaxed(&future->value_);
	return state_of(word) == RUNNING && note_stands(note) ? note : NULL;
}

/* In no more steps than there are notes: a submit may have closed a circle that doesn't
 * pass here. Those in it have been woken to look again. */
static bool leads_back(const struct note *mine)
{
	struct note *left = circles.notes;
	for (const struct note *note = mine; left; left = left->next) {
		note = note_after(note);
		if (!note)
			return false;
		if (note == mine)
			return true;
	}
	return false;
}

static bool circle_note(tl_future *future)
{
	struct note *mine = &self.note;
	circles_lock();
	mark_stack(mine);
	mine->awaited = future;
	mine->worker = self.worker;
	mine->next = circles.notes;
	circles.notes = mine;
	bool closes = leads_back(mine);
	if (closes)
		circles.notes = mine->next;
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
