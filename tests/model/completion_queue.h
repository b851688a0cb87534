/* SPDX-License-Identifier: MIT */
/*
 * What the models of completion queues begin with: a queue, promises, and a descriptor that
 * is a variable.
 */
#ifndef MODEL_COMPLETION_QUEUE_H
#define MODEL_COMPLETION_QUEUE_H

#define TL_EVENT_H
static int event_value = -1; /* -1: not made, or closed */

static inline int event_new(void)
{
	event_value = 0;
	return 0;
}

#include "explore.h"

static inline void event_set(int file)
{
	model_assert(file == 0 && event_value == 0);
	event_value = 1;
}

static inline void event_clear(int file)
{
	model_assert(file == 0 && event_value == 1);
	event_value = 0;
}

static inline void event_close(int file)
{
	model_assert(file == 0 && event_value >= 0);
	event_value = -1;
}

#include "tasks.h"

static tl_completions *queue;
static tl_future promises[3];
static unsigned came[3];

static inline void queue_made(void)
{
	queue = tl_completions_create();
}

static inline void adds(unsigned i)
{
	model_assert(tl_completions_add(queue, &promises[i], &came[i]) == 0);
}

static inline int take(size_t n, int64_t timeout)
{
	tl_completion taken[2];
	int got = tl_completions_take(queue, taken, n, timeout);
	for (int i = 0; i < got; i++) {
		model_assert(tl_future_done(taken[i].future));
		++*(unsigned *)taken[i].tag;
	}
	return got;
}

static inline void takes_two_and_destroys(void)
{
	for (int got = 0; got < 2;) {
		int some = take(2, TL_FOREVER);
		model_assert(some > 0);
		got += some;
	}
	tl_completions_destroy(queue);
}

static inline void two_came(void)
{
	model_assert(came[0] == 1 && came[1] == 1);
}

static inline void two_came_and_it_is_gone(void)
{
	two_came();
	model_assert(model_is_freed(queue) && event_value == -1);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

#endif
