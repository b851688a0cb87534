/* SPDX-License-Identifier: MIT */
/*
 * Completion queues: futures that end, are added and are taken at the same time, by one
 * or two consumers; the descriptor; a destroy with futures outstanding.
 *
 * Asserted: each future comes once; no consumer sleeps for ever; the descriptor is written
 * when the queue is no longer empty and read when it is again, each once; the queue is
 * freed, and not touched after that.
 */
#include "completion_queue.h"

static void one_added(void)
{
	queue_made();
	adds(0);
}

static void two_added(void)
{
	one_added();
	adds(1);
}

static void two_added_and_event(void)
{
	two_added();
	tl_completions_descriptor(queue);
}

static void sets_first(void)
{
	tl_future_set(&promises[0], NULL);
}

static void sets_second(void)
{
	tl_future_set(&promises[1], NULL);
}

static void sets_both(void)
{
	sets_first();
	sets_second();
}

static void takes_one(void)
{
	model_assert(take(1, TL_FOREVER) == 1);
}

static void takes_for_a_while(void)
{
	int got = take(1, 1000);
	model_assert(got == 1 || got == -ETIMEDOUT);
	if (got < 0)
		takes_one();
	tl_completions_destroy(queue);
}

static void may_give_up(void)
{
	int got = take(1, 1000);
	model_assert(got == 1 || got == -ETIMEDOUT);
}

static void takes_what_there_is(void)
{
	take(2, 0);
}

static void destroys(void)
{
	tl_completions_destroy(queue);
}

static void asks_for_descriptor(void)
{
	model_assert(tl_completions_descriptor(queue) == 0);
}

static void adds_first(void)
{
	adds(0);
}

static void adds_second(void)
{
	adds(1);
}

static void one_came_and_it_is_gone(void)
{
	model_assert(came[0] == 1 && model_is_freed(queue));
}

static void it_is_gone(void)
{
	model_assert(model_is_freed(queue) && event_value == -1);
}

static void event_tells(void)
{
	model_assert(event_value == (queue->arrivals.ready > 0));
	model_assert(queue->arrivals.ready + came[0] + came[1] == 2);
}

static void event_tells_of_first(void)
{
	model_assert(event_value == 1);
}

/* A callback is taken back while the future is added, and ends. */
static tl_callback *node;
static unsigned fires;
static int removed;

static void count_fire(tl_future *future, void *context)
{
	(void)future;
	(void)context;
	fires++;
}

static void node_hung(void)
{
	queue_made();
	node = model_allocate(64, sizeof *node);
	*node = (tl_callback){ .function = count_fire };
	tl_future_on_done(&promises[0], node);
}

static void removes_node(void)
{
	removed = tl_future_remove(&promises[0], node);
	model_free(node);
}

static void came_and_fired_or_removed(void)
{
	model_assert(queue->arrivals.ready == 1);
	model_assert(fires == (removed ? 1 : 0));
}

const struct model models[] = {
	MODEL("completions", "two that end at once", two_added, 3,
	      two_came_and_it_is_gone, sets_first, sets_second, takes_two_and_destroys),
	MODEL("completions-event", "and somebody polls", two_added_and_event, 3,
	      two_came_and_it_is_gone, sets_first, sets_second, takes_two_and_destroys),
	MODEL("completions-share", "two consumers", two_added, 3, two_came, sets_both,
	      takes_one, takes_one),
	{ .name = "completions-timeout",
	  .property = "a wait times out",
	  .setup = one_added,
	  .threads = { sets_first, takes_for_a_while },
	  .check = one_came_and_it_is_gone,
	  .bound = 4,
	  .timeouts = 1,
	  .spurious = 1 },
	{ .name = "completions-gives-up",
	  .property = "one of two consumers does",
	  .setup = two_added,
	  .threads = { sets_both, takes_one, may_give_up },
	  .bound = 3,
	  .timeouts = 1 },
	MODEL("completions-poll", "the descriptor tells", two_added_and_event, 4,
	      event_tells, sets_first, sets_second, takes_what_there_is),
	MODEL("completions-ask", "asked for beside an end", one_added, 6,
	      event_tells_of_first, sets_first, asks_for_descriptor),
	MODEL("completions-destroy", "with futures outstanding", two_added_and_event, 3,
	      it_is_gone, sets_first, sets_second, destroys),
	MODEL("completions-add", "added beside the end", queue_made, 3,
	      two_came_and_it_is_gone, sets_both, adds_first, adds_second,
	      takes_two_and_destroys),
	MODEL("completions-remove", "beside a callback's removal", node_hung, 4,
	      came_and_fired_or_removed, sets_first, removes_node, adds_first),
	{ 0 },
};
