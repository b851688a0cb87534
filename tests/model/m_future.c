/* SPDX-License-Identifier: MIT */
/*
 * One promise: completed, cancelled, waited for with and without limit, freed by who has
 * seen its end.
 *
 * Asserted: one completer wins; each waiter gets up and sees the value; after its end the
 * promise is its owner's.
 */
#include "library.h"

static tl_future *promise;
static unsigned ran, wins;
static int told[2];

static void promise_made(void)
{
	promise = model_allocate(64, sizeof *promise);
	tl_future_init(promise);
	told[0] = told[1] = 1;
}

static void completes(void)
{
	if (tl_future_set(promise, &ran) == 0)
		wins++;
}

static void fails(void)
{
	if (tl_future_fail(promise, -EIO) == 0)
		wins++;
}

static void cancels(void)
{
	if (tl_future_cancel(promise) == 0)
		wins++;
}

static void waits(void)
{
	model_assert(tl_future_wait(promise, TL_FOREVER) == 0);
	model_assert(tl_future_done(promise));
}

static void waits_for_value(void)
{
	void *value = NULL;
	int error = tl_future_result(promise, &value, TL_FOREVER);
	model_assert(error ? error == -EIO || error == -ECANCELED : value == &ran);
}

static void waits_and_frees(void)
{
	waits();
	model_free(promise);
}

static void waits_a_while(void)
{
	told[0] = tl_future_wait(promise, 1000);
	model_assert(told[0] == 0 || told[0] == -ETIMEDOUT);
	if (told[0] == -ETIMEDOUT)
		waits();
	model_free(promise);
}

/* What was written before the end, of which the race build follows each plain access. */
static void prepares_and_completes(void)
{
	ran = 1;
	completes();
}

static void looks(void)
{
	if (tl_future_done(promise))
		model_assert(promise->value_ == &ran && ran == 1);
}

static void one_won(void)
{
	model_assert(wins == 1);
}

const struct model models[] = {
	{ "future-complete",
	  "one completer wins",
	  promise_made,
	  { completes, fails, cancels, waits_for_value },
	  one_won,
	  .bound = 3 },
	{ "future-done",
	  "who sees the end sees the value",
	  promise_made,
	  { prepares_and_completes, looks },
	  one_won,
	  .bound = 6 },
	{ "future-waiters",
	  "all waiters get up",
	  promise_made,
	  { completes, waits, waits },
	  one_won,
	  .bound = 4,
	  .spurious = 1 },
	{ "future-free",
	  "gone at its end",
	  promise_made,
	  { completes, waits_and_frees },
	  one_won,
	  .bound = 6,
	  .spurious = 2 },
	{ "future-timeout",
	  "a wait times out",
	  promise_made,
	  { completes, waits_a_while },
	  one_won,
	  .bound = 6,
	  .timeouts = 1,
	  .spurious = 1 },
	{ 0 },
};
