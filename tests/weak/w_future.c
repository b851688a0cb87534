/* SPDX-License-Identifier: MIT */
/*
 * The state word of a future: who sees the end sees the value; who waits gets up; of two
 * last references one frees; nobody touches what has been freed.
 */
#include "one_future.h"

static int errors;

static void wait_for(void)
{
	uint32_t word;
	while (!has_ended(word = load_acquire(&future->word_)))
		future_park(future, word, TL_FOREVER);
	assert(state_of(word) == DONE && *(int *)future->value_ == 1);
}

static void *waits(void *unused)
{
	wait_for();
	return unused;
}

static void *waits_and_frees(void *unused)
{
	wait_for();
	free(future);
	return unused;
}

static void *looks(void *unused)
{
	if (tl_future_done(future))
		assert(*(int *)future->value_ == 1);
	return unused;
}

int future_waiters(void)
{
	promise();
	BESIDE(sets, waits, waits);
	free(future);
	return 0;
}

int future_done(void)
{
	promise();
	BESIDE(sets, looks);
	free(future);
	return 0;
}

int future_freed(void)
{
	promise();
	BESIDE(sets, waits_and_frees);
	return 0;
}

/* Two who complete it: one does. */
static void *fails(void *unused)
{
	if (tl_future_fail(future, -EIO))
		__atomic_fetch_add(&errors, 1, __ATOMIC_RELAXED);
	return unused;
}

static void *waits_for_any(void *unused)
{
	uint32_t word;
	while (!has_ended(word = load_acquire(&future->word_)))
		future_park(future, word, TL_FOREVER);
	assert(state_of(word) == FAILED && future->error_ == -EIO);
	return unused;
}

int future_one_ends(void)
{
	promise();
	BESIDE(fails, fails, waits_for_any);
	assert(errors == 1);
	free(future);
	return 0;
}

/* ---- References ------------------------------------------------------------------- */

static void *waits_and_releases(void *unused)
{
	wait_for();
	tl_future_release(future);
	return unused;
}

int future_released(void)
{
	cell(3);
	BESIDE(ends, waits_and_releases, releases);
	return 0;
}
