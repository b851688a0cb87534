/* SPDX-License-Identifier: MIT */
/*
 * The injector: producers, takers, a claimer and a close.
 */
#include "ground.h"

#include "injector.h"

#define TASKS 4
#include "counted.h"

static uint64_t slots[2];
static struct injector injector = { .slots = slots, .bits = 1 };
static unsigned pushed[TASKS];

static void put(unsigned i)
{
	pushed[i] = injector_push(&injector, filled(i)) == 0;
}

static bool take(void)
{
	uint64_t position;
	if (!injector_take(&injector, 1, 1, &position))
		return false;
	took(injector_get(&injector, position));
	return true;
}

static void *puts_first(void *unused)
{
	put(0);
	return unused;
}

static void *puts_second(void *unused)
{
	put(1);
	return unused;
}

static void *takes(void *unused)
{
	take();
	return unused;
}

static void *takes_two(void *unused)
{
	take();
	take();
	return unused;
}

static void *claims_first(void *unused)
{
	uintptr_t place = load_acquire(&tasks[0].place_);
	if (place_kind(place) == PLACE_INBOX &&
	    injector_claim(&injector, spot_position(place_spot(place)), &tasks[0]))
		took(&tasks[0]);
	return unused;
}

static void all_taken(void)
{
	for (unsigned i = 0; i < TASKS; i++)
		take();
	for (unsigned i = 0; i < TASKS; i++)
		assert(taken[i] == pushed[i]);
	uint64_t tail = injector.tail & ~CLOSED;
	for (uint64_t p = tail; p < tail + 2; p++)
		assert(*injector_slot(&injector, p) == injector_free(&injector, p));
}

/* Each helps the other one's push to its end. */
int injector_producers(void)
{
	BESIDE(puts_first, puts_second, takes);
	assert(pushed[0] && pushed[1]);
	all_taken();
	return 0;
}

/* Of two takers, one sees what the other has taken, and no more than was put there. */
int injector_takers(void)
{
	BESIDE(puts_first, takes, takes);
	assert(pushed[0]);
	all_taken();
	return 0;
}

int injector_claims(void)
{
	BESIDE(puts_first, takes, claims_first);
	all_taken();
	return 0;
}

/* Full, and in the next lap: a slot is free for one position only. */
int injector_laps(void)
{
	put(2);
	put(3);
	BESIDE(puts_first, puts_second, takes_two);
	all_taken();
	return 0;
}

/* What was accepted was there when the close returned; the rest never was. */
static uint64_t there;

static void *closes(void *unused)
{
	fetch_or_seq_cst(&injector.tail, CLOSED);
	there = injector_count(&injector);
	return unused;
}

int injector_close(void)
{
	BESIDE(puts_first, puts_second, closes);
	assert(there == pushed[0] + pushed[1]);
	all_taken();
	return 0;
}

/* Who looks for work finds each push whose edge came before, also a push that another
 * producer has brought to its end. */
static uint32_t asleep;
static bool found, seen_asleep;

static void *puts_then_looks(void *unused)
{
	put(0);
	seen_asleep = load_seq_cst(&asleep);
	return unused;
}

static void *sleeps_then_looks(void *unused)
{
	exchange_seq_cst(&asleep, 1u);
	found = injector_count(&injector);
	return unused;
}

int injector_edge(void)
{
	BESIDE(puts_then_looks, puts_second, sleeps_then_looks);
	assert(seen_asleep || found);
	all_taken();
	return 0;
}
