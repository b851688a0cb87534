/* SPDX-License-Identifier: MIT */
/*
 * An inbox of 2 + 2 slots and the list, with producers, takers and a claimer of the first
 * task. In the end every slot has to be free for the position that comes next to it.
 */
#ifndef MODEL_COUNTED_INBOX_H
#define MODEL_COUNTED_INBOX_H

#include "counted.h"

static struct inbox *inbox;
static uint64_t begun; /* what it counted at the beginning */

static inline void empty_inbox(void)
{
	inbox = model_allocate(64, sizeof *inbox);
	memset(inbox, 0, sizeof *inbox);
	model_assert(inbox_init(inbox));
}

/* As if so many had passed through each of its rings before. */
static inline void inbox_after(uint64_t tasks)
{
	empty_inbox();
	for (unsigned i = 0; i < 2; i++) {
		struct injector *injector = &inbox->level[i];
		injector->head = injector->tail = tasks;
		for (uint64_t p = tasks; p < tasks + injector_size(injector); p++)
			*injector_slot(injector, p) = injector_free(injector, p);
	}
	begun = inbox_pushed(inbox);
}

/* Just below the place where a position outgrows 32 bits, or all that it may have. */
static inline void inbox_after_many(void)
{
	inbox_after(model_choose(2) ? UINT32_MAX : (UINT64_C(1) << 55) - 4);
}

static inline void inbox_in(unsigned i)
{
	in[i] = inbox_push(inbox, &task[i]) == 0;
}

/* Nearly full and in its second lap: the next two go to two levels. */
static inline void inbox_full_but_one(void)
{
	uint64_t spot;
	empty_inbox();
	inbox_in(5);
	inbox_take(inbox, 1, 1, &spot);
	took(inbox_get(inbox, spot));
	inbox_in(4);
}

/* The first level full: the next one goes to the second, and all behind it. */
static inline void inbox_with_deep(void)
{
	empty_inbox();
	inbox_in(4);
	inbox_in(5);
}

/* Both rings full: the next ones go to the list. */
static inline void inbox_with_list(void)
{
	empty_inbox();
	for (unsigned i = 2; i < 6; i++)
		inbox_in(i);
}

static inline void produces_one(void)
{
	inbox_in(0);
}

static inline void produces_another(void)
{
	inbox_in(1);
}

static inline void produces_two(void)
{
	inbox_in(0);
	inbox_in(1);
}

static inline tl_task *take_one(void)
{
	uint64_t spot;
	while (inbox_take(inbox, 1, 1, &spot)) {
		tl_task *found = inbox_get(inbox, spot);
		if (found)
			return found;
	}
	return overflow_take(&inbox->list);
}

static inline void takes(void)
{
	took(take_one());
}

static inline void takes_two(void)
{
	takes();
	takes();
}

static inline void claims(unsigned i)
{
	uintptr_t place = load_acquire(&task[i].place_);
	bool won = false;
	if (place_kind(place) == PLACE_INBOX)
		won = inbox_claim(inbox, place_spot(place), &task[i]);
	if (place_kind(place) == PLACE_OVERFLOW)
		won = overflow_claim(&inbox->list, &task[i]);
	if (won)
		took(&task[i]);
}

static inline void claims_first(void)
{
	claims(0);
}

/* Take what is left. Then each slot is free for the position that comes next to it. */
static inline void inbox_empties(void)
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

/* And each task that was accepted has been counted once. */
static inline void inbox_rest(void)
{
	unsigned accepted = 0;
	inbox_empties();
	for (unsigned i = 0; i < TASKS; i++)
		accepted += in[i];
	model_assert(inbox_pushed(inbox) - begun == accepted);
}

/* There was room in the first level all the time. */
static inline void inbox_rest_shallow(void)
{
	model_assert(inbox->level[1].tail == 0);
	inbox_rest();
}

#endif
