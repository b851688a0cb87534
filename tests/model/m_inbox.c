/* SPDX-License-Identifier: MIT */
/*
 * The inbox: producers, takers and a claimer, from one of its queues to the next.
 *
 * Asserted: each task that went in comes out exactly once, and in order where order is
 * promised; each is counted once.
 */
#include "counted_inbox.h"

/* One producer, one taker: the order of submission, through all three queues. */
static unsigned order;

static void takes_in_order(void)
{
	for (unsigned i = 0; i < 6; i++) {
		tl_task *found = take_one();
		if (!found)
			continue;
		took(found);
		/* Those put in by setup have the highest numbers: 4, 5, 2, 3... */
		unsigned place =
			(unsigned)(found - task) >= 2 ? 0 : (unsigned)(found - task) + 1;
		model_assert(place >= order);
		order = place;
	}
}

static void produces_third(void)
{
	inbox_in(2);
}

/* A position has an owner, who comes late: its task was claimed, and others after it. */
static uint64_t owned;

static void inbox_claimed(void)
{
	empty_inbox();
	inbox_in(5);
	inbox_take(inbox, 1, 1, &owned);
	claims(5);
	inbox_in(4);
	claims(4);
}

static void owner_comes(void)
{
	took(inbox_get(inbox, owned));
}

static void produces_and_claims(void)
{
	for (unsigned i = 0; i < 3; i++) {
		inbox_in(i);
		claims(i);
	}
}

static void produces_fourth(void)
{
	inbox_in(3);
}

const struct model models[] = {
	{ "inbox-late",
	  "the owner of a claimed position comes late",
	  inbox_claimed,
	  { owner_comes, produces_and_claims, produces_fourth },
	  inbox_rest,
	  .bound = 3 },
	{ "inbox",
	  "two producers, two takers",
	  empty_inbox,
	  { produces_one, produces_another, takes, takes },
	  inbox_rest_shallow,
	  .bound = 4 },
	{ "inbox-claimed",
	  "claimed while it is pushed",
	  empty_inbox,
	  { produces_one, produces_another, claims_first },
	  inbox_rest_shallow,
	  .bound = 4 },
	{ "inbox-levels",
	  "from one level to the next, claimed",
	  inbox_full_but_one,
	  { produces_one, produces_another, takes_two, claims_first },
	  inbox_rest,
	  .bound = 3 },
	{ "inbox-list",
	  "behind full rings",
	  inbox_with_list,
	  { produces_two, takes_two, takes, claims_first },
	  inbox_rest,
	  .bound = 3 },
	{ "inbox-far-on",
	  "after many laps",
	  inbox_after_many,
	  { produces_two, produces_third, takes_two, claims_first },
	  inbox_rest,
	  .bound = 2 },
	{ "inbox-order",
	  "first in, first out",
	  inbox_with_deep,
	  { produces_two, takes_in_order },
	  inbox_rest,
	  .bound = 5 },
	{ "inbox-order-list",
	  "first in, first out, through the list",
	  inbox_with_list,
	  { produces_two, takes_in_order },
	  inbox_rest,
	  .bound = 5 },
	{ 0 },
};
