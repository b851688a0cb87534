/* SPDX-License-Identifier: MIT */
/*
 * The inbox is closed beside producers and a claimer.
 *
 * Asserted: when the close has returned, what is accepted is in there; what was refused
 * never comes out; what was accepted does, once, and is counted once.
 */
#include "counted_inbox.h"

static unsigned pushed;

/* After the close has returned, what will ever be in there is in there. */
static void closes_and_counts(void)
{
	inbox_close(inbox);
	uint64_t there = inbox_count(inbox);
	model_assert(inbox_push(inbox, &task[2]) == -ESHUTDOWN);
	pushed = (unsigned)there;
}

static void closes(void)
{
	inbox_close(inbox);
}

/* Beside a push from before, as the default executor is opened again. (One that is
 * refused may be counted then; nobody can ask for the statistics of that executor.) */
static void closes_and_reopens(void)
{
	inbox_close(inbox);
	inbox_reopen(inbox);
	inbox_in(2);
}

static void all_were_there(void)
{
	unsigned accepted = 0;
	for (unsigned i = 0; i < TASKS; i++)
		accepted += in[i] - out[i];
	model_assert(accepted == pushed);
	inbox_rest();
}

const struct model models[] = {
	{ "inbox-close",
	  "closed beside a push",
	  empty_inbox,
	  { produces_one, produces_another, closes_and_counts },
	  all_were_there,
	  .bound = 5 },
	{ "inbox-close-claim",
	  "claimed beside the close",
	  empty_inbox,
	  { produces_one, claims_first, closes },
	  inbox_rest,
	  .bound = 5 },
	{ "inbox-reopen",
	  "and opened again",
	  empty_inbox,
	  { produces_one, produces_another, claims_first, closes_and_reopens },
	  inbox_empties,
	  .bound = 4 },
	{ "inbox-close-levels",
	  "the same between levels",
	  inbox_full_but_one,
	  { produces_one, produces_another, closes_and_counts },
	  all_were_there,
	  .bound = 4 },
	{ "inbox-close-list",
	  "the same before the list",
	  inbox_with_list,
	  { produces_one, produces_another, closes_and_counts },
	  all_were_there,
	  .bound = 4 },
	{ 0 },
};
