/* SPDX-License-Identifier: MIT */
/*
 * The slot is the claim. One task of the caller's own memory lies in a ring, in the
 * inbox, in a range or in the list. At the same moment its worker takes it, a thief
 * takes it, and its owner withdraws it or waits for it, then frees it.
 *
 * Asserted: it runs once and its owner is told so, or never and it was cancelled;
 * nobody touches it once its owner knows that it has ended.
 */
#include "still.h"

static tl_executor *pool;
static tl_task *task, *others[8];
static unsigned ran;
static int told; /* what the caller was told */

static void *count_run(void *argument)
{
	(void)argument;
	ran++;
	return NULL;
}

static void execute(struct worker *worker, tl_task *found)
{
	if (found)
		worker_execute_within(worker, found);
}

/* ---- Who is there ---------------------------------------------------------------- */

static void owner_takes(void)
{
	struct worker *worker = play(pool, 0);
	execute(worker, worker_next(worker));
}

static void thief_takes(void)
{
	struct worker *worker = play(pool, 1);
	execute(worker, worker_find(worker));
}

static void caller_withdraws(void)
{
	told = tl_task_withdraw(task);
	model_free(task);
}

static void caller_waits(void)
{
	told = tl_future_wait(&task->future, TL_FOREVER) ? 1 : -EALREADY;
	model_free(task);
}

/* A worker inside a task of its own waits for the other one. */
static void worker_waits(void)
{
	play(pool, 2);
	told = tl_future_wait(&task->future, TL_FOREVER) ? 1 : -EALREADY;
	model_free(task);
}

static void worker_withdraws(void)
{
	play(pool, 2);
	caller_withdraws();
}

/* What he asked for still holds when his handle, the only one, has been given back. */
static void caller_cancels_and_releases(void)
{
	told = tl_future_cancel(&task->future) ? -EALREADY : 0;
	tl_future_release(&task->future);
}

/* ---- Where it is ----------------------------------------------------------------- */

static void in_ring(void)
{
	pool = still_pool(3);
	task = new_task(count_run, NULL);
	play(pool, 0);
	tl_submit_task(pool, task);
}

static void in_inbox(void)
{
	pool = still_pool(3);
	task = new_task(count_run, NULL);
	tl_submit_task(pool, task);
}

static void in_inbox_with_handle(void)
{
	pool = still_pool(3);
	task = task_of(tl_submit(pool, count_run, NULL));
}

static void *nothing(void *argument)
{
	return argument;
}

/* Second of two that worker 0 holds. */
static void in_range(void)
{
	pool = still_pool(3);
	task = new_task(count_run, NULL);
	others[0] = new_task(nothing, NULL);
	tl_submit_task(pool, others[0]);
	tl_submit_task(pool, task);
	uint64_t spot;
	pool->threads = 1; /* no need to share */
	unsigned n = inbox_take(&pool->inbox, RANGE_MOST, 1, &spot);
	model_assert(n == 2);
	pool->workers[0]->range = range_make(spot, n);
}

/* In the list, first or second of two there, behind full rings that are then emptied. */
static void in_list_as(unsigned place)
{
	unsigned before = (1u << SHALLOW_BITS) + (1u << DEEP_BITS);
	uint64_t spot;
	pool = still_pool(3);
	task = new_task(count_run, NULL);
	for (unsigned i = 0; i < before + 2; i++) {
		others[i] = i == before + place ? task : new_task(nothing, NULL);
		tl_submit_task(pool, others[i]);
	}
	model_assert(place_kind(task->place_) == PLACE_OVERFLOW);
	while (inbox_take(&pool->inbox, 1, 1, &spot))
		inbox_get(&pool->inbox, spot);
}

static void in_list_first(void)
{
	in_list_as(0);
}

static void in_list_second(void)
{
	in_list_as(1);
}

static void once(void)
{
	if (told == 0)
		model_assert(ran == 0);
	else
		model_assert(told == -EALREADY && ran == 1);
}

#define MODEL(title, where, ...)                                                         \
	{                                                                                \
		.name = title, .setup = where, .threads = { __VA_ARGS__ },               \
		.check = once, .bound = 4, .property = "runs once or is cancelled"       \
	}

const struct model models[] = {
	MODEL("slot-ring-withdraw", in_ring, owner_takes, thief_takes, caller_withdraws),
	MODEL("slot-ring-wait", in_ring, owner_takes, thief_takes, caller_waits),
	MODEL("slot-ring-run", in_ring, owner_takes, thief_takes, worker_waits),
	MODEL("slot-inbox-withdraw", in_inbox, owner_takes, thief_takes,
	      caller_withdraws),
	MODEL("slot-inbox-run", in_inbox, owner_takes, thief_takes, worker_waits),
	MODEL("slot-inbox-release", in_inbox_with_handle, owner_takes, thief_takes,
	      caller_cancels_and_releases),
	MODEL("slot-range-withdraw", in_range, owner_takes, thief_takes,
	      caller_withdraws),
	MODEL("slot-range-run", in_range, owner_takes, thief_takes, worker_waits),
	MODEL("slot-list-withdraw", in_list_first, owner_takes, thief_takes,
	      caller_withdraws),
	MODEL("slot-list-second", in_list_second, owner_takes, thief_takes,
	      worker_withdraws),
	MODEL("slot-list-run", in_list_second, owner_takes, thief_takes, worker_waits),
	{ 0 },
};
