/* SPDX-License-Identifier: MIT */
/*
 * One future: completed, waited for with and without limit, cancelled, with callbacks
 * that come and go, released by the last reference, freed by who has seen its end.
 *
 * Asserted: one completer wins; each waiter gets up; a callback runs once, or was taken
 * back and never runs; after that its node is free, as is a promise after its end.
 */
#include "library.h"

static tl_future *promise;
static tl_callback *node;
static tl_task *cell;
static unsigned fires, ran, wins;
static int removed, told[2];

static void promise_made(void)
{
	promise = model_allocate(64, sizeof *promise);
	tl_future_init(promise);
	told[0] = told[1] = 1;
}

static void completes(void)
{
	if (tl_future_set(promise, &ran) == 0)
		wins++;
}

static void fails(void)
{
	if (tl_future_fail(promise, -EIO) == 0)
		wins++;
}

static void cancels(void)
{
	if (tl_future_cancel(promise) == 0)
		wins++;
}

static void waits(void)
{
	model_assert(tl_future_wait(promise, TL_FOREVER) == 0);
	model_assert(tl_future_done(promise));
}

static void waits_for_value(void)
{
	void *value = NULL;
	int error = tl_future_result(promise, &value, TL_FOREVER);
	model_assert(error ? error == -EIO || error == -ECANCELED : value == &ran);
}

static void waits_and_frees(void)
{
	waits();
	model_free(promise);
}

static void waits_a_while(void)
{
	told[0] = tl_future_wait(promise, 1000);
	model_assert(told[0] == 0 || told[0] == -ETIMEDOUT);
	if (told[0] == -ETIMEDOUT)
		waits();
	model_free(promise);
}

static void looks(void)
{
	if (tl_future_done(promise))
		model_assert(promise->value_ == &ran);
}

static void one_won(void)
{
	model_assert(wins == 1);
}

/* ---- Callbacks ------------------------------------------------------------------- */

static void count(tl_future *future, void *context)
{
	(void)future;
	++*(unsigned *)context;
}

static void node_made(void)
{
	promise_made();
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
	*second = (tl_callback){ .function = count, .context = &ran };
}

static void hangs_second(void)
{
	tl_future_on_done(promise, second);
}

static void both_fired(void)
{
	model_assert(fires == 1 && ran == 1 && wins == 1);
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

static void fired_or_removed(void)
{
	model_assert(fires == (removed == 0 ? 0 : 1));
}

/* tl_wait for any of two: its nodes and its latch lie on its stack. */
static tl_future pair[2];

static void waits_for_any(void)
{
	tl_future *futures[2] = { &pair[0], &pair[1] };
	int first = tl_wait(futures, 2, TL_ANY, TL_FOREVER);
	model_assert(first >= 0 && tl_future_done(&pair[first]));
}

static void completes_first(void)
{
	tl_future_set(&pair[0], NULL);
}

static void completes_second(void)
{
	tl_future_set(&pair[1], NULL);
}

/* ---- Cells: references ------------------------------------------------------------ */

static void *run(void *argument)
{
	ran++;
	return argument;
}

/* The callback may look at a future of ours. */
static void count_done(tl_future *future, void *context)
{
	model_assert(tl_future_done(future));
	count(future, context);
}

static void cell_made(void)
{
	cell = task_new(NULL, run, NULL);
	node = model_allocate(64, sizeof *node);
	*node = (tl_callback){ .function = count_done, .context = &fires };
}

static void runs_cell(void)
{
	if (task_begin(cell))
		future_finish(&cell->future, task_call(cell));
}

static void awaits_cell(void)
{
	tl_await(&cell->future);
}

static void drops_cell(void)
{
	tl_future_release(&cell->future);
}

static void hangs_and_drops_cell(void)
{
	tl_future_on_done(&cell->future, node);
	tl_future_release(&cell->future);
}

static void removes_and_drops_cell(void)
{
	tl_future_on_done(&cell->future, node);
	removed = tl_future_remove(&cell->future, node);
	tl_future_release(&cell->future);
	model_free(node);
}

static void retained(void)
{
	cell_made();
	tl_future_retain(&cell->future);
}

static void cancels_and_drops_cell(void)
{
	tl_future_cancel(&cell->future);
	tl_future_release(&cell->future);
}

static void cell_is_gone(void)
{
	model_assert(ran <= 1);
	model_assert(model_is_freed(cell));
}

static void cell_is_gone_and_fired(void)
{
	model_assert(ran == 1 && fires == 1);
	model_assert(model_is_freed(cell));
}

const struct model models[] = {
	{ "future-complete",
	  "one completer wins",
	  promise_made,
	  { completes, fails, cancels, waits_for_value },
	  one_won,
	  .bound = 3 },
	{ "future-done",
	  "who sees the end sees the value",
	  promise_made,
	  { completes, looks },
	  one_won,
	  .bound = 6 },
	{ "future-waiters",
	  "all waiters get up",
	  promise_made,
	  { completes, waits, waits },
	  one_won,
	  .bound = 4,
	  .spurious = 1 },
	{ "future-free",
	  "gone at its end",
	  promise_made,
	  { completes, waits_and_frees },
	  one_won,
	  .bound = 6,
	  .spurious = 2 },
	{ "future-timeout",
	  "a wait times out",
	  promise_made,
	  { completes, waits_a_while },
	  one_won,
	  .bound = 6,
	  .timeouts = 1,
	  .spurious = 1 },
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
	{ "wait-any",
	  "nodes on the waiter's stack",
	  NULL,
	  { waits_for_any, completes_first, completes_second },
	  NULL,
	  .bound = 2 },
	{ "cell-await",
	  "the last reference frees",
	  cell_made,
	  { runs_cell, awaits_cell },
	  cell_is_gone,
	  .bound = 6 },
	{ "cell-drop",
	  "dropped while it runs",
	  retained,
	  { runs_cell, drops_cell, awaits_cell },
	  cell_is_gone,
	  .bound = 4 },
	{ "cell-callback",
	  "a node holds a reference",
	  cell_made,
	  { runs_cell, hangs_and_drops_cell },
	  cell_is_gone_and_fired,
	  .bound = 6 },
	{ "cell-callback-remove",
	  "gives it back",
	  cell_made,
	  { runs_cell, removes_and_drops_cell },
	  cell_is_gone,
	  .bound = 6 },
	{ "cell-cancel",
	  "cancelled beside its end",
	  cell_made,
	  { runs_cell, cancels_and_drops_cell },
	  cell_is_gone,
	  .bound = 6 },
	{ 0 },
};
