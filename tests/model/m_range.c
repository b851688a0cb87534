/* SPDX-License-Identifier: MIT */
/*
 * A range of two spots: its holder, who relieves it, a thief, a claimer, and producers who
 * fill its slots again.
 *
 * Asserted: each task that went in comes out exactly once, and leaves its slot free for
 * the position that comes next to it.
 */
#include "counted_inbox.h"

static uint64_t *range;

static void hold_two(void)
{
	uint64_t spot;
	range = model_allocate(64, sizeof *range);
	inbox_in(0);
	inbox_in(1);
	unsigned n = inbox_take(inbox, 2, 1, &spot);
	model_assert(n == 2);
	*range = range_make(spot, n);
}

static void range_of_two(void)
{
	empty_inbox();
	hold_two();
}

static void range_far_on(void)
{
	inbox_after_many();
	hold_two();
}

static void holds(void)
{
	took(range_next(range, inbox));
	took(range_next(range, inbox));
}

static void relieves(void)
{
	took(range_next(range, inbox));
}

static void steals_range(void)
{
	uint64_t spot;
	unsigned n = range_steal(range, &spot);
	for (; n > 0; n--, spot += 2)
		took(inbox_get(inbox, spot));
}

static void refills(void)
{
	inbox_in(2);
	inbox_in(3);
	takes();
	takes();
}

static void range_rest(void)
{
	tl_task *found;
	while ((found = range_next(range, inbox)))
		took(found);
	inbox_rest();
}

const struct model models[] = {
	{ "range",
	  "holder, thief, claimer",
	  range_of_two,
	  { holds, steals_range, claims_first },
	  range_rest,
	  .bound = 5 },
	{ "range-relieved",
	  "holder, who relieves it, thief",
	  range_of_two,
	  { holds, relieves, steals_range },
	  range_rest,
	  .bound = 5 },
	{ "range-refill",
	  "its slots are used again",
	  range_of_two,
	  { holds, steals_range, refills },
	  range_rest,
	  .bound = 4 },
	{ "range-far-on",
	  "after many laps",
	  range_far_on,
	  { holds, steals_range, refills },
	  range_rest,
	  .bound = 2 },
	{ 0 },
};
