/* SPDX-License-Identifier: MIT */
/*
 * Callbacks that come and go beside the end of their future.
 *
 * Asserted: a callback runs once, or was taken back and never runs; after that its node
 * is free.
 */
#include "library.h"

static tl_future *promise;
static tl_callback *node;
static unsigned fires, others, wins;
static int removed;

static void completes(void)
{
	if (tl_future_set(promise, NULL) == 0)
		wins++;
}

static void fails(void)
{
	if (tl_future_fail(promise, -EIO) == 0)
		wins++;
}

static void waits(void)
{
	model_assert(tl_future_wait(promise, TL_FOREVER) == 0);
}

static void count(tl_future *future, void *context)
{
	(void)future;
	++*(unsigned *)context;
}

static void node_made(void)
{
	promise = model_allocate(64, sizeof *promise);
	tl_future_init(promise);
	node = model_allocate(64, sizeof *node);
	*node = (tl_callback){ .function = count, .context = &fires };
}

static void node_hung(void)
{
	node_made();
	tl_future_on_done(promise, node);
}

static void hangs(void)
{
	tl_future_on_done(promise, node);
}

static void hangs_and_takes_back(void)
{
	tl_future_on_done(promise, node);
	removed = tl_future_remove(promise, node);
	model_assert(removed == 0 ? fires == 0 : fires == 1);
	model_free(node);
}

static void removes(void)
{
	removed = tl_future_remove(promise, node);
	model_assert(removed == 0 ? fires == 0 : fires == 1);
	model_free(node);
}

static tl_callback *second;

static void node_hung_and_another(void)
{
	node_hung();
	second = model_allocate(64, sizeof *second);
	*second = (tl_callback){ .function = count, .context = &others };
}

static void hangs_second(void)
{
	tl_future_on_done(promise, second);
}

static void both_fired(void)
{
	model_assert(fires == 1 && others == 1 && wins == 1);
}

static void fired_or_removed(void)
{
	model_assert(fires == (removed == 0 ? 0 : 1));
}

static void two_hung(void)
{
	node_hung_and_another();
	hangs_second();
}

static tl_callback *third;

static void two_hung_and_another(void)
{
	two_hung();
	third = model_allocate(64, sizeof *third);
	*third = (tl_callback){ .function = count, .context = &others };
}

static void hangs_third(void)
{
	tl_future_on_done(promise, third);
}

static void two_fire(void)
{
	model_assert(removed == 0);
	completes();
	model_assert(fires == 0 && others == 2);
}

static int second_removed;

static void removes_second(void)
{
	second_removed = tl_future_remove(promise, second);
	model_assert(second_removed == 0 ? others == 0 : others == 1);
	model_free(second);
}

static void second_fired(void)
{
	fired_or_removed();
	model_assert(others == 1);
}

static void each_fired_or_removed(void)
{
	fired_or_removed();
	model_assert(others == (second_removed == 0 ? 0 : 1));
}

/* The node stays where it is. */
static void removes_too(void)
{
	second_removed = tl_future_remove(promise, node);
	model_assert(second_removed == 0 || second_removed == -EALREADY);
}

static void also_removes(void)
{
	removed = tl_future_remove(promise, node);
	model_assert(removed == 0 || removed == -EALREADY);
}

static void removed_once(void)
{
	model_assert(fires == 0 && (removed == 0) + (second_removed == 0) == 1);
}

/* Gives its own node back. */
static void free_node(tl_future *future, void *context)
{
	(void)context;
	model_assert(tl_future_remove(future, node) == 0);
	model_free(node);
	fires++;
}

static void node_frees_itself(void)
{
	node_made();
	node->function = free_node;
}

static void fired_once(void)
{
	model_assert(fires == 1 && wins == 1);
}

const struct model models[] = {
	{ "callback-hang",
	  "fires once",
	  node_made,
	  { completes, hangs, fails },
	  fired_once,
	  .bound = 4 },
	{ "callback-second",
	  "hung beside the end",
	  node_hung_and_another,
	  { completes, hangs_second },
	  both_fired,
	  .bound = 6 },
	{ "callback-remove",
	  "fires or is taken back",
	  node_hung,
	  { completes, removes },
	  fired_or_removed,
	  .bound = 6,
	  .spurious = 1 },
	{ "callback-remove-behind",
	  "the same where another one hangs before it",
	  two_hung,
	  { completes, removes },
	  second_fired,
	  .bound = 6 },
	{ "callback-remove-both",
	  "two, in any order",
	  two_hung,
	  { removes_second, removes, completes },
	  each_fired_or_removed,
	  .bound = 3 },
	{ "callback-remove-beside",
	  "another one comes",
	  two_hung_and_another,
	  { removes, hangs_third },
	  two_fire,
	  .bound = 6 },
	{ "callback-removed-twice",
	  "by two at once",
	  node_hung,
	  { also_removes, removes_too },
	  removed_once,
	  .bound = 6,
	  .spurious = 1 },
	{ "callback-hang-remove",
	  "the same from one thread",
	  node_made,
	  { completes, hangs_and_takes_back, waits },
	  fired_or_removed,
	  .bound = 3 },
	{ "callback-frees-itself",
	  "a node of its own",
	  node_frees_itself,
	  { completes, hangs },
	  fired_once,
	  .bound = 6 },
	{ 0 },
};
