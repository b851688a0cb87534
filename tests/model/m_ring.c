/* SPDX-License-Identifier: MIT */
/*
 * A worker's ring of two slots: its owner against thieves and a claimer.
 *
 * Asserted: each task that went in comes out exactly once.
 */
#include "counted.h"

static struct ring *ring;
static tl_task *slots[RING_SLOTS];

static void empty_ring(void)
{
	ring = model_allocate(64, sizeof *ring);
	memset(ring, 0, sizeof *ring);
	ring->slots = slots;
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

/* Just below the place where a position outgrows 32 bits, or nearly 64. */
static void ring_far_on(void)
{
	empty_ring();
	ring->head = ring->tail = model_choose(2) ? UINT32_MAX : UINT64_MAX - 6;
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
	{ "ring-far-on",
	  "after many laps",
	  ring_far_on,
	  { owner_pushes_and_pops, thief, thief_of_two },
	  ring_rest,
	  .bound = 2 },
	{ 0 },
};
