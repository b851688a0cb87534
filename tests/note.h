/* SPDX-License-Identifier: MIT */
/* What the tests of callbacks share: one that notes its calls. */
#ifndef TESTS_NOTE_H
#define TESTS_NOTE_H

#include "support.h"

struct note {
	tl_callback node;
	atomic_int calls;
	pthread_t thread;
	tl_future *future;
};

static inline void take_note(tl_future *future, void *context)
{
	struct note *note = context;
	note->thread = pthread_self();
	note->future = future;
	atomic_fetch_add(&note->calls, 1);
}

static inline void note_init(struct note *note)
{
	*note = (struct note){ .node = { .function = take_note, .context = note } };
}

static inline void *set_null(void *promise)
{
	tl_future_set(promise, NULL);
	return NULL;
}

#endif /* TESTS_NOTE_H */
