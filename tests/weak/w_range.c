/* SPDX-License-Identifier: MIT */
/*
 * A range: a worker takes over two spots of an inbox and makes them stealable, while a
 * thief takes its share, another worker the first, and a claimer takes one task out of its
 * slot.
 */
#include "ground.h"

#include "range.h"
#include "small_inbox.h"

#define TASKS 2
#include "counted.h"

static struct inbox inbox;
static uint64_t range;

static void *puts_two(void *unused)
{
	for (unsigned i = 0; i < TASKS; i++)
		assert(injector_push(&inbox.level[0], filled(i)) == 0);
	return unused;
}

static void *holds(void *unused)
{
	uint64_t spot;
	unsigned n = inbox_take(&inbox, 2, 1, &spot);
	if (n == 1) {
		took(inbox_get(&inbox, spot));
	} else if (n == 2) {
		exchange_seq_cst(&range, range_make(spot, n));
		took(range_next(&range, &inbox));
		took(range_next(&range, &inbox));
	}
	return unused;
}

static void *steals(void *unused)
{
	uint64_t spot;
	unsigned n = range_steal(&range, &spot);
	for (; n > 0; n--, spot += 2)
		took(inbox_get(&inbox, spot));
	return unused;
}

static void *relieves(void *unused)
{
	took(range_next(&range, &inbox));
	return unused;
}

static void *claims_second(void *unused)
{
	uintptr_t place = load_acquire(&tasks[1].place_);
	if (place_kind(place) == PLACE_INBOX &&
	    inbox_claim(&inbox, place_spot(place), &tasks[1]))
		took(&tasks[1]);
	return unused;
}

static void all_taken(void)
{
	uint64_t spot;
	tl_task *task;
	while ((task = range_next(&range, &inbox)))
		took(task);
	while (inbox_take(&inbox, 1, 1, &spot))
		took(inbox_get(&inbox, spot));
	for (unsigned i = 0; i < TASKS; i++)
		assert(taken[i] == 1);
}

int range_stolen(void)
{
	small_inbox(&inbox);
	BESIDE(puts_two, holds, steals);
	all_taken();
	return 0;
}

int range_claimed(void)
{
	small_inbox(&inbox);
	puts_two(NULL);
	BESIDE(holds, steals, claims_second);
	all_taken();
	return 0;
}

int range_relieved(void)
{
	small_inbox(&inbox);
	BESIDE(puts_two, holds, relieves);
	all_taken();
	return 0;
}
