/* SPDX-License-Identifier: MIT */
/* One future, a promise or a cell, and who ends it with a value. */
#ifndef WEAK_ONE_FUTURE_H
#define WEAK_ONE_FUTURE_H

#include "ground.h"

#include "local.h"

#include "callback.c"
#include "fire.c"
#include "future.c"

static tl_future *future;
static tl_task *task;
static int value;

static void promise(void)
{
	future = malloc(sizeof *future);
	future->word_ = 0;
	future->error_ = 0;
	future->value_ = NULL;
	future->callbacks_ = NULL;
	sleep_words[0].word = &future->word_;
}

static void *sets(void *unused)
{
	value = 1;
	assert(tl_future_set(future, &value) == 0);
	return unused;
}

static void cell(unsigned references)
{
	task = malloc(sizeof *task);
	task->future.word_ = RUNNING | CELL | references * REFERENCE;
	task->future.error_ = 0;
	task->future.callbacks_ = NULL;
	task->process_ = process_number();
	future = &task->future;
	sleep_words[0].word = &future->word_;
}

static void *ends(void *unused)
{
	value = 1;
	task->future.value_ = &value;
	future_finish(&task->future, DONE);
	return unused;
}

static void *releases(void *unused)
{
	tl_future_release(future);
	return unused;
}

#endif
