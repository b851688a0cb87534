/* SPDX-License-Identifier: MIT */
/*
 * A worker that goes on with an empty ring, beside a thief who takes the full one and one who
 * looks before it sleeps: that finds the push into the new ring, or the pusher sees it asleep.
 */
#include "ground.h"

#include "small_inbox.h"

#include "pool.h"
#include "queues.c"

#define TASKS 3
#include "counted.h"

static struct worker owner, thief;
static struct ring fresh;
static tl_task *slots[RING_SLOTS];
static uint32_t asleep;
static bool found, seen_asleep;

static void put(struct ring *ring, unsigned i)
{
	assert(ring_push(ring, filled(i)));
}

static void two_queued(void)
{
	worker_init(&owner, NULL, 0);
	worker_init(&thief, NULL, 1);
	fresh.slots = slots;
	sleep_words[0].word = &owner.shelf.lock.word;
	put(owner.ring, 0);
	put(owner.ring, 1);
}

static void *pushes_beyond(void *unused)
{
	shelf_put(&owner.shelf, &owner.ring, &fresh);
	put(&fresh, 2);
	seen_asleep = load_seq_cst(&asleep);
	return unused;
}

static void *takes_the_ring(void *unused)
{
	struct ring *ring = shelf_take(&owner.shelf, &owner.shelf.oldest, &thief.ring);
	if (ring) {
		took(ring_pop(ring));
		took(ring_pop(ring));
	}
	return unused;
}

static void *sleeps_then_looks(void *unused)
{
	exchange_seq_cst(&asleep, 1u);
	found = worker_has_own(&owner);
	return unused;
}

static void the_rest(void)
{
	took(ring_pop(&owner.first));
	took(ring_pop(&owner.first));
	took(ring_pop(&fresh));
	for (unsigned i = 0; i < TASKS; i++)
		assert(taken[i] == 1);
}

/* Setting aside hides nothing. */
int shelf_edge(void)
{
	two_queued();
	BESIDE(pushes_beyond, sleeps_then_looks);
	assert(found);
	the_rest();
	return 0;
}

int shelf_taken(void)
{
	two_queued();
	BESIDE(pushes_beyond, takes_the_ring, sleeps_then_looks);
	assert(seen_asleep || found);
	the_rest();
	return 0;
}

/* A thief with an old look at the ring, and one who wants a task out of it. */
static void *steals(void *unused)
{
	took(ring_steal(&owner.first));
	return unused;
}

static void *claims_first(void *unused)
{
	uintptr_t place = load_acquire(&tasks[0].place_);
	if (ring_claim(place_pointer(place), &tasks[0]))
		took(&tasks[0]);
	return unused;
}

int shelf_robbed(void)
{
	two_queued();
	shelf_put(&owner.shelf, &owner.ring, &fresh);
	put(&fresh, 2);
	BESIDE(takes_the_ring, steals, claims_first);
	the_rest();
	return 0;
}
