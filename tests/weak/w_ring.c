/* SPDX-License-Identifier: MIT */
/*
 * A worker's ring: its owner against thieves and a claimer.
 */
#include "ground.h"

#include "ring.h"

#define TASKS 3
#include "counted.h"

static tl_task *slots[RING_SLOTS];
static struct ring ring = { .slots = slots };

static void put(unsigned i)
{
	assert(ring_push(&ring, filled(i)));
}

static void *steals(void *unused)
{
	took(ring_steal(&ring));
	return unused;
}

static void *claims_second(void *unused)
{
	uintptr_t place = load_acquire(&tasks[1].place_);
	if (place_kind(place) == PLACE_RING &&
	    ring_claim(place_pointer(place), &tasks[1]))
		took(&tasks[1]);
	return unused;
}

static void all_taken(unsigned n)
{
	for (unsigned i = 0; i < TASKS; i++)
		took(ring_pop(&ring));
	for (unsigned i = 0; i < n; i++)
		assert(taken[i] == 1);
}

/* A slot that is used again at once: a thief with an old tail finds the new task. */
static void *pushes_and_pops(void *unused)
{
	put(0);
	took(ring_pop(&ring));
	put(1);
	took(ring_pop(&ring));
	put(2);
	return unused;
}

int ring_again(void)
{
	BESIDE(pushes_and_pops, steals, steals);
	all_taken(3);
	return 0;
}

/* The last task of a ring, between its owner, a thief and who wants it out. */
static void *pops_both(void *unused)
{
	took(ring_pop(&ring));
	took(ring_pop(&ring));
	return unused;
}

int ring_last(void)
{
	put(0);
	put(1);
	BESIDE(pops_both, steals, claims_second);
	all_taken(2);
	return 0;
}

/* A full ring, of which thieves have emptied the oldest slots. */
static void *pushes_when_full(void *unused)
{
	if (!ring_push(&ring, filled(2)))
		taken[2] = 1;
	took(ring_pop(&ring));
	return unused;
}

int ring_full(void)
{
	put(0);
	put(1);
	BESIDE(pushes_when_full, steals, steals);
	all_taken(3);
	return 0;
}

/* Who looks for work finds each push whose edge came before: the one half of a sleep. */
static uint32_t asleep;
static bool found, seen_asleep;

static void *pushes_then_looks(void *unused)
{
	put(0);
	seen_asleep = load_seq_cst(&asleep);
	return unused;
}

static void *sleeps_then_looks(void *unused)
{
	exchange_seq_cst(&asleep, 1u);
	found = ring_has_work(&ring);
	return unused;
}

int ring_edge(void)
{
	BESIDE(pushes_then_looks, sleeps_then_looks);
	assert(seen_asleep || found);
	all_taken(1);
	return 0;
}
