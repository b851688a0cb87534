/* SPDX-License-Identifier: MIT */
/*
 * A promise with a canceller: completed, cancelled, freed by who has seen its end.
 *
 * Asserted: the canceller is asked once at most, with the promise still there; who was
 * told that it will not happen is right; one end; its owner may free it then.
 */
#include "library.h"

static tl_future *promise;
static tl_canceller *canceller;
static unsigned asked, set, withdrawn, offer, inside;

/* Who completes the promise takes the offer first; a canceller may take it back. */
static bool take_offer(void)
{
	return exchange_acq_rel(&offer, 0u);
}

static int ask(tl_future *future, void *context)
{
	store_release(&inside, 1u);
	model_assert(future == promise && context == &asked && ++asked == 1);
	model_assert(!tl_future_done(promise));
	return -EINPROGRESS;
}

static int withdraw(tl_future *future, void *context)
{
	return take_offer() ? 0 : ask(future, context);
}

static void made(int (*cancel)(tl_future *, void *))
{
	promise = model_allocate(64, sizeof *promise);
	canceller = model_allocate(64, sizeof *canceller);
	*canceller = (tl_canceller){ cancel, &asked };
	tl_future_init_cancellable(promise, canceller);
	offer = 1;
}

static void askable(void)
{
	made(ask);
}

static void withdrawable(void)
{
	made(withdraw);
}

static void completes(void)
{
	if (take_offer()) {
		model_assert(tl_future_set(promise, &set) == 0);
		set++;
	}
}

/* Without regard for who has withdrawn it. */
static void completes_anyway(void)
{
	set += tl_future_set(promise, &set) == 0;
}

static void cancels(void)
{
	int told = tl_future_cancel(promise);
	model_assert(told == 0 || told == -EINPROGRESS || told == -EALREADY);
	fetch_add_relaxed(&withdrawn, told == 0); /* two may cancel */
}

static void waits_and_frees(void)
{
	void *value = NULL;
	int error = tl_future_result(promise, &value, TL_FOREVER);
	model_assert(error ? error == -ECANCELED : value == &set);
	/* One who has only begun to cancel needs it still, as the header says. */
	if (error || load_acquire(&inside)) {
		model_free(canceller);
		model_free(promise);
	}
}

static void one_end(void)
{
	model_assert(set + withdrawn == 1);
}

const struct model models[] = {
	{ "promise-ask",
	  "asked while it is there",
	  askable,
	  { completes, cancels, waits_and_frees },
	  one_end,
	  .bound = 4,
	  .spurious = 1 },
	{ "promise-withdraw",
	  "withdrawn or completed",
	  withdrawable,
	  { completes, cancels, waits_and_frees },
	  one_end,
	  .bound = 4 },
	{ "promise-ask-once",
	  "two cancel",
	  askable,
	  { completes, cancels, cancels },
	  one_end,
	  .bound = 3 },
	{ "promise-withdraw-anyway",
	  "one of the two ends it",
	  withdrawable,
	  { completes_anyway, cancels, cancels },
	  one_end,
	  .bound = 4 },
	{ 0 },
};
