/* SPDX-License-Identifier: MIT */
/* The two locks: what is changed under one is seen by its next holder, and who sleeps on
 * it gets up. */
#include "ground.h"

#include "lock.h"

static struct lock plain;
static struct process_lock shared;
static unsigned count;

static void *counts(void *unused)
{
	lock(&plain);
	count++;
	unlock(&plain);
	return unused;
}

static void *counts_shared(void *unused)
{
	assert(process_lock(&shared));
	count++;
	process_unlock(&shared);
	return unused;
}

int lock_three(void)
{
	sleep_words[0].word = &plain.word;
	BESIDE(counts, counts, counts);
	assert(count == 3);
	return 0;
}

int lock_of_process(void)
{
	sleep_words[0].word = process_lock_futex(&shared);
	sleep_words[0].half = true;
	BESIDE(counts_shared, counts_shared);
	assert(count == 2);
	return 0;
}
