/* SPDX-License-Identifier: MIT */
/* layer 6: circle · tasks that wait for each other in a circle */
#include "circle.h"

#include "lock.h"
#include "serial.h"

static struct {
	struct process_lock lock;
	uint32_t process; /* whose threads wait */
	struct note *notes;
	struct note *todo; /* come to, and not yet followed, in this search */
	uint32_t search;
} circles;

/* The threads of a parent process wait for nothing here, and their memory is that of new
 * threads. */
static void circles_lock(void)
{
	process_lock(&circles.lock);
	if (UNLIKELY(!process_is(circles.process))) {
		circles.notes = NULL;
		circles.process = process_number();
	}
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

static void come_to(struct note *note)
{
	if (note->search == circles.search)
		return;
	note->search = circles.search;
	note->todo = circles.todo;
	circles.todo = note;
}

/* Whose queued task this note waits for, if that runs them one at a time and in order; it
 * may be gone. */
static const tl_executor *queue_of(const struct note *note)
{
	const tl_group *group = note->group;
	if (group)
		return group_has_queued(load_acquire(&group->joined_),
		                        load_acquire(&group->begun_))
		               ? group->executor_
		               : NULL;
	uint32_t word = load_acquire(&note->future->word_);
	const tl_task *task = task_of(note->future);
	bool ordered = state_of(word) == QUEUED && !(word & GROUPED) &&
	               (load_relaxed(&task->hints_) & HINT_ORDERED);
	return ordered ? load_relaxed(&task->executor_) : NULL;
}

static bool is_ordered(tl_executor *executor)
{
	return executor_is_serial(executor) ? serial_of(executor)->width == 1
	                                    : executor->ordered;
}

/* Does it wait for a task that only the worker that sleeps there may run? If that is itself, it
 * is about to look again, and runs it. */
static bool is_chosen_for(const struct note *note, const struct note *other)
{
	struct worker *worker = other->worker;
	if (!worker || !note->future || other == note ||
	    state_of(load_acquire(&note->future->word_)) != QUEUED)
		return false;
	const tl_task *task = task_of(note->future);
	int number = task_chosen_for(task, load_acquire(&task->place_));
	return number == (int)worker->index &&
	       load_relaxed(&task->executor_) == worker->pool;
}

/* Does what this note waits for wait for a task on that one's stack? */
static bool waits_for(const struct note *note, const struct note *other)
{
	if (is_chosen_for(note, other))
		return true;
	const tl_executor *queue = queue_of(note);
	const struct frame *frame = queue || note->group ? other->frames : NULL;
	for (; frame; frame = frame->below) {
		if (note->group && group_has(note->group, frame->task))
			return true;
		tl_executor *executor = task_executor(frame->task);
		if (queue && executor == queue && is_ordered(executor))
			return true;
	}
	return false;
}

/* Does this thread sleep in a branch of that task? */
static bool has_branch_of(const struct note *note, const tl_task *task)
{
	const struct frame *frame = note->branches ? note->frames : NULL;
	while (frame && !(frame->task == task && frame->error == FORKED))
		frame = frame->below;
	return frame;
}

/* It ends when its own thread comes back to it, and its branches have ended. */
static void follow_running(tl_future *future)
{
	struct note *next = load_relaxed(&future->value_);
	if (note_stands(next))
		come_to(next);
	for (struct note *other = circles.notes; other; other = other->next)
		if (has_branch_of(other, task_of(future)))
			come_to(other);
}

static void follow(const struct note *note)
{
	if (note->future && state_of(load_acquire(&note->future->word_)) == RUNNING) {
		follow_running(note->future);
		return;
	}
	for (struct note *other = circles.notes; other; other = other->next)
		if (waits_for(note, other))
			come_to(other);
}

static bool leads_to(const struct note *from, const struct note *to)
{
	circles.search++;
	circles.todo = NULL;
	follow(from);
	while (circles.todo) {
		struct note *note = circles.todo;
		if (note == to)
			return true;
		circles.todo = note->todo;
		follow(note);
	}
	return false;
}

static void take_back(struct note *mine)
{
	struct note **link = &circles.notes;
	while (*link && *link != mine)
		link = &(*link)->next;
	if (*link)
		*link = mine->next;
}

static bool take_note(tl_future *future, const tl_group *group, struct worker *worker)
{
	struct note *mine = &self.note;
	circles_lock();
	mark_stack(mine);
	*mine = (struct note){ future,        group,         self.frame, worker,
		               self.branches, circles.notes, NULL,       circles.search };
	circles.notes = mine;
	bool closes = leads_to(mine, mine);
	if (closes)
		take_back(mine);
	circles_unlock();
	return !closes;
}

static bool circle_note(tl_future *future, struct worker *worker)
{
	return take_note(future, NULL, worker);
}

static bool circle_note_group(const tl_group *group, struct worker *worker)
{
	return take_note(NULL, group, worker);
}

static void circle_forget(void)
{
	circles_lock();
	take_back(&self.note);
	circles_unlock();
}

static uint32_t circle_stranded(const tl_executor *pool)
{
	struct note *mine = &self.note;
	uint32_t stranded = 0;
	circles_lock();
	mark_stack(mine);
	*mine = (struct note){ .frames = self.frame, .next = circles.notes };
	circles.notes = mine;
	for (struct note *note = mine->next; note; note = note->next)
		if (note->worker && note->worker->pool == pool && leads_to(note, mine))
			stranded++;
	take_back(mine);
	circles_unlock();
	return stranded;
}
