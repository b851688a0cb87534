/* SPDX-License-Identifier: MIT */
/*
 * Waits for tasks of a chosen worker: in that worker and in others, in circles, and
 * beside a spare.
 *
 * Asserted: each task runs once, in its worker; nobody waits for ever; just one wait of a
 * circle is told, and none where there is no circle.
 */
#include "chosen.h"

static tl_task *waits[2], *crossed[2], *third;
static unsigned told;

static void *wait_behind(void *argument)
{
	size_t i = (size_t)(uintptr_t)argument;
	int error = tl_future_wait(&crossed[1 - i]->future, TL_FOREVER);
	model_assert(error == 0 || error == -EDEADLK);
	told += error != 0;
	return NULL;
}

static void with_waits(void)
{
	two();
	for (unsigned i = 0; i < 2; i++) {
		waits[i] = new_task(wait_behind, (void *)(uintptr_t)i);
		crossed[i] = new_task(count_there, &ran[i]);
		model_assert(tl_submit_to(pool, i, waits[i]) == 0);
		comes_from_a_task(i);
	}
}

static void waits_behind_each_other(void)
{
	with_waits();
	for (unsigned i = 0; i < 2; i++)
		model_assert(tl_submit_to(pool, i, crossed[i]) == 0);
}

static void *wait_for_first(void *unused)
{
	model_assert(tl_future_wait(&crossed[0]->future, TL_FOREVER) == 0);
	return unused;
}

static void finishes_crossed(void)
{
	finish_task(waits[0]);
	finish_task(waits[1]);
	finish_task(crossed[0]);
	finish_task(crossed[1]);
}

static void one_was_told(void)
{
	two_ran();
	model_assert(told == 1);
}

/* A task waits for one that is only then submitted to its own worker: it runs it. */
static void waits_for_later(void)
{
	one();
	waits[1] = new_task(wait_behind, (void *)(uintptr_t)1);
	crossed[0] = new_task(count_there, &ran[0]);
	model_assert(tl_submit_to(pool, 0, waits[1]) == 0);
	comes_from_a_task(0);
}

static void submits_later(void)
{
	model_assert(tl_submit_to(pool, 0, crossed[0]) == 0);
	finish_task(waits[1]);
	finish_task(crossed[0]);
}

static void none_was_told(void)
{
	one_ran();
	model_assert(told == 0);
}

/* The circle is closed by a submit; a third wait leads into it. */
static void waits_before_the_submit(void)
{
	with_waits();
	model_assert(tl_submit_to(pool, 0, crossed[0]) == 0);
	third = new_task(wait_for_first, NULL);
}

static void submits_the_last(void)
{
	model_assert(tl_submit_to(pool, 1, crossed[1]) == 0);
	finish_task(waits[0]);
	finish_task(waits[1]);
}

static void waits_for_first(void)
{
	model_assert(tl_task_run(third) == 0);
}

static void with_spare(void)
{
	spares = 1;
	one();
}

/* The second one needs the spare; what comes then is for the one that waited. */
static void meets_with_spare(void)
{
	tl_task *a = submit(meet_first, 0), *b = submit(meet_second, 1);
	tl_task *c = submit_there(count_there, 2);
	finish_task(b);
	finish_task(a);
	finish_task(c);
}

static void three_ran(void)
{
	two_ran();
	model_assert(ran[2] == 1);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

const struct model models[] = {
	MODEL("chosen-crossed", "two waits for what is behind the other's",
	      waits_behind_each_other, 2, one_was_told, finishes_crossed),
	MODEL("chosen-later", "waited for before its submit", waits_for_later, 3,
	      none_was_told, submits_later),
	MODEL("chosen-third", "a circle closed by a submit beside another wait",
	      waits_before_the_submit, 1, one_was_told, submits_the_last,
	      waits_for_first),
	MODEL("chosen-spare", "a spare doesn't take its place", with_spare, 2, three_ran,
	      meets_with_spare),
	{ 0 },
};
