/* SPDX-License-Identifier: MIT */
/*
 * The references of a future that is ours: its executor's, its user's, a callback's.
 *
 * Asserted: the last one frees it, none before.
 */
#include "library.h"

static tl_task *cell;
static tl_callback *node;
static unsigned fires, ran;

static void *run(void *argument)
{
	ran++;
	return argument;
}

/* The callback may look at a future of ours. */
static void count_done(tl_future *future, void *context)
{
	model_assert(tl_future_done(future));
	++*(unsigned *)context;
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
	tl_future_remove(&cell->future, node);
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
	{ "reference-await",
	  "the last reference frees",
	  cell_made,
	  { runs_cell, awaits_cell },
	  cell_is_gone,
	  .bound = 6 },
	{ "reference-drop",
	  "dropped while it runs",
	  retained,
	  { runs_cell, drops_cell, awaits_cell },
	  cell_is_gone,
	  .bound = 4 },
	{ "reference-callback",
	  "a node holds a reference",
	  cell_made,
	  { runs_cell, hangs_and_drops_cell },
	  cell_is_gone_and_fired,
	  .bound = 6 },
	{ "reference-callback-remove",
	  "gives it back",
	  cell_made,
	  { runs_cell, removes_and_drops_cell },
	  cell_is_gone,
	  .bound = 6 },
	{ "reference-cancel",
	  "cancelled beside its end",
	  cell_made,
	  { runs_cell, cancels_and_drops_cell },
	  cell_is_gone,
	  .bound = 6 },
	{ 0 },
};
