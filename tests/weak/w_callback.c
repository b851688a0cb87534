/* SPDX-License-Identifier: MIT */
/* Callbacks beside the end of their future: each runs once, and finds the value; a node
 * is its owner's again when its removal returns. */
#include "one_future.h"

static tl_callback node;
static int calls;

static void called(tl_future *f, void *context)
{
	assert(f->value_ == context && *(int *)context == 1);
	calls++;
}

static void *registers(void *unused)
{
	node.function = called;
	node.context = &value;
	assert(tl_future_on_done(future, &node) == 0);
	return unused;
}

static void *registers_and_removes(void *unused)
{
	registers(unused);
	int removed = tl_future_remove(future, &node);
	assert(calls == (removed ? 1 : 0));
	node.context = NULL;
	return unused;
}

static void callback_words(void)
{
	sleep_words[1].word = process_lock_futex(lock_of(future));
	sleep_words[1].half = true;
	sleep_words[2].word = &node.state_;
}

int callback_once(void)
{
	promise();
	callback_words();
	BESIDE(sets, registers);
	assert(calls == 1);
	free(future);
	return 0;
}

int callback_removed(void)
{
	promise();
	callback_words();
	BESIDE(sets, registers_and_removes);
	free(future);
	return 0;
}

int callback_of_cell(void)
{
	cell(2);
	callback_words();
	registers(NULL);
	BESIDE(ends, releases);
	assert(calls == 1);
	return 0;
}
