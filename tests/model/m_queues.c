/* SPDX-License-Identifier: MIT */
/*
 * The structures alone, smallest sizes: ring of 2, inbox of 2 + 2 and the list, ranges
 * of 2. Tasks are never run here: a taker counts them.
 *
 * Asserted: each task that went in comes out exactly once, in order where order is
 * promised; a refused one never; one that was pushed before a look is seen by it.
 */
#include "still.h"

#define TASKS 6

static struct ring *ring;
static struct inbox *inbox;
static uint64_t *range;
static tl_task task[TASKS];
static unsigned in[TASKS], out[TASKS];
static unsigned pushed;

static void took(tl_task *found)
{
	if (found)
		out[found - task]++;
}

static void conserved(void)
{
	for (unsigned i = 0; i < TASKS; i++)
		model_assert(out[i] == in[i]);
}

/* ---- Ring: the owner against thieves --------------------------------------------- */

static void empty_ring(void)
{
	ring = model_allocate(64, sizeof *ring);
	memset(ring, 0, sizeof *ring);
}

static void ring_in(unsigned i)
{
	in[i] = ring_push(ring, &task[i]);
}

static void ring_of_two(void)
{
	empty_ring();
	ring_in(0);
	ring_in(1);
}

static void owner_pushes_and_pops(void)
{
	ring_in(2);
	took(ring_pop(ring));
	ring_in(3);
	ring_in(4);
	took(ring_pop(ring));
}

static void owner_pops_last(void)
{
	took(ring_pop(ring));
	took(ring_pop(ring));
	ring_in(2);
	took(ring_pop(ring));
}

static void thief(void)
{
	took(ring_steal(ring));
}

static void thief_of_two(void)
{
	thief();
	thief();
}

static void claimer(void)
{
	uintptr_t place = load_acquire(&task[1].place_);
	if (place_kind(place) == PLACE_RING && ring_claim(place_pointer(place), &task[1]))
		took(&task[1]);
}

static void ring_rest(void)
{
	tl_task *found;
	while ((found = ring_pop(ring)))
		took(found);
	conserved();
}

/* ---- Inbox ------------------------------------------------------------------------ */

static void empty_inbox(void)
{
	inbox = model_allocate(64, sizeof *inbox);
	memset(inbox, 0, sizeof *inbox);
	model_assert(inbox_init(inbox));
}

static void inbox_in(unsigned i)
{
	in[i] = inbox_push(inbox, &task[i]) == 0;
}

/* Nearly full and in its second lap: the next two go to two levels. */
static void inbox_full_but_one(void)
{
	uint64_t spot;
	empty_inbox();
	inbox_in(5);
	inbox_take(inbox, 1, 1, &spot);
	took(inbox_get(inbox, spot));
	inbox_in(4);
}

/* The first level full: the next one goes to the second, and all behind it. */
static void inbox_with_deep(void)
{
	empty_inbox();
	inbox_in(4);
	inbox_in(5);
}

/* Both rings full: the next ones go to the list. */
static void inbox_with_list(void)
{
	empty_inbox();
	for (unsigned i = 2; i < 6; i++)
		inbox_in(i);
}

static void produces_one(void)
{
	inbox_in(0);
}

static void produces_another(void)
{
	inbox_in(1);
}

static void produces_two(void)
{
	inbox_in(0);
	inbox_in(1);
}

static tl_task *take_one(void)
{
	uint64_t spot;
	while (inbox_take(inbox, 1, 1, &spot)) {
		tl_task *found = inbox_get(inbox, spot);
		if (found)
			return found;
	}
	return overflow_take(&inbox->list);
}

static void takes(void)
{
	took(take_one());
}

static void takes_two(void)
{
	takes();
	takes();
}

static void claims_first(void)
{
	uintptr_t place = load_acquire(&task[0].place_);
	bool won = false;
	if (place_kind(place) == PLACE_INBOX)
		won = inbox_claim(inbox, place_spot(place), &task[0]);
	if (place_kind(place) == PLACE_OVERFLOW)
		won = overflow_claim(&inbox->list, &task[0]);
	if (won)
		took(&task[0]);
}

/* Then each slot is free for the position that comes next to it. */
static void inbox_rest(void)
{
	tl_task *found;
	while ((found = take_one()))
		took(found);
	conserved();
	for (unsigned i = 0; i < 2; i++) {
		struct injector *injector = &inbox->level[i];
		uint64_t tail = injector->tail & ~CLOSED;
		for (uint64_t p = tail; p < tail + injector_size(injector); p++)
			model_assert(*injector_slot(injector, p) ==
			             injector_free(injector, p));
	}
}

/* There was room in the first level all the time. */
static void inbox_rest_shallow(void)
{
	model_assert(inbox->level[1].tail == 0);
	inbox_rest();
}

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

static void all_were_there(void)
{
	unsigned accepted = 0;
	for (unsigned i = 0; i < TASKS; i++)
		accepted += in[i] - out[i];
	model_assert(accepted == pushed);
	inbox_rest();
}

/* ---- Range: its holder, a thief and a claimer ------------------------------------- */

static void range_of_two(void)
{
	uint64_t spot;
	empty_inbox();
	range = model_allocate(64, sizeof *range);
	inbox_in(0);
	inbox_in(1);
	unsigned n = inbox_take(inbox, 2, 1, &spot);
	model_assert(n == 2);
	*range = range_make(spot, n);
}

static void holds(void)
{
	took(range_next(range, inbox));
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
}

static void range_rest(void)
{
	tl_task *found;
	while ((found = range_next(range, inbox)))
		took(found);
	inbox_rest();
}

const struct model models[] = {
	{ "ring",
	  "owner and two thieves, full, wrapping",
	  ring_of_two,
	  { owner_pushes_and_pops, thief, thief_of_two },
	  ring_rest,
	  .bound = 4 },
	{ "ring-last",
	  "the last task",
	  ring_of_two,
	  { owner_pops_last, thief_of_two, claimer },
	  ring_rest,
	  .bound = 4 },
	{ "inbox",
	  "two producers, two takers",
	  empty_inbox,
	  { produces_one, produces_another, takes, takes },
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
	{ "range",
	  "holder, thief, claimer",
	  range_of_two,
	  { holds, steals_range, claims_first },
	  range_rest,
	  .bound = 5 },
	{ "range-refill",
	  "its slots are used again",
	  range_of_two,
	  { holds, steals_range, refills },
	  range_rest,
	  .bound = 4 },
	{ 0 },
};
