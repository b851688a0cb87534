/* SPDX-License-Identifier: MIT */
/*
 * Growth on evidence in a pool that may run one task, and have two threads: a task sleeps
 * where the library can't see it, until a second one runs, which is queued before it, or
 * comes while the watcher leaves. (Here whoever is in a task at two looks is taken to
 * sleep, see ground.h.)
 *
 * Asserted: the second one gets a thread; at rest nobody watches, nobody is counted, and
 * each living thread is idle or in the reserve.
 */
#include "tasks.h"

static uint32_t go;

static void on_evidence(void)
{
	tl_options options = { .max_workers = 2,
		               .spin = TL_NONE,
		               .flags = TL_GROW_ON_EVIDENCE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
	pool->cpus = 1;
	evidence_divide(pool, 2);
	model_assert(pool->max_workers == 1 && pool->spare_workers == 1);
}

static void *sleep_unseen(void *argument)
{
	while (!load_acquire(&go))
		futex_wait(&go, 0, TL_FOREVER);
	return count_run(argument);
}

static void *let_go(void *argument)
{
	store_release(&go, 1u);
	futex_wake(&go, INT_MAX);
	return count_run(argument);
}

/* Seen asleep, then it waits: it counts itself from there on. */
static void *sleep_then_wait(void *argument)
{
	while (!load_acquire(&go))
		futex_wait(&go, 0, TL_FOREVER);
	return meet_first(argument);
}

static void *let_go_then_meet(void *argument)
{
	store_release(&go, 1u);
	futex_wake(&go, INT_MAX);
	return meet_second(argument);
}

static void sleeps_then_waits(void)
{
	tl_task *a = submit(sleep_then_wait, 0), *b = submit(let_go_then_meet, 1);
	finish_task(a);
	finish_task(b);
}

static void sleeps_first(void)
{
	tl_task *a = submit(sleep_unseen, 0), *b = submit(let_go, 1);
	finish_task(a);
	finish_task(b);
}

static void sleeps(void)
{
	finish_task(submit(sleep_unseen, 0));
}

static void lets_go(void)
{
	finish_task(submit(let_go, 1));
}

/* The second one has the watch taken, and is run when the first has ended: it sleeps for the
 * third, which may come while the watcher finds nothing queued. */
static void submits_three(void)
{
	tl_task *a = submit(count_run, 0), *b = submit(sleep_unseen, 1),
		*c = submit(let_go, 2);
	finish_task(a);
	finish_task(b);
	finish_task(c);
}

static void drains_afterwards(void)
{
	sleeps_first();
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
}

static void at_rest(void)
{
	unsigned idle = (unsigned)__builtin_popcountll(pool->idle[0]), reserved = 0;
	for (struct worker *worker = pool->reserve; worker; worker = worker->below)
		reserved++;
	two_ran();
	model_assert(pool->blocked == UNWATCHED);
	model_assert(pool->coming == 0 && pool->role == 0);
	model_assert(pool->threads == idle && pool->live == idle + reserved);
}

static void all_over(void)
{
	two_ran();
	model_assert(pool->live == 0 && pool->threads == 0 && !pool->reserve);
	model_assert(pool->blocked == UNWATCHED);
}

static void sets_one(void)
{
	model_assert(tl_executor_set_max_workers(pool, 1) == 0);
}

static void sets_four(void)
{
	model_assert(tl_executor_set_max_workers(pool, 4) == 0);
}

static void on_two_cpus(void)
{
	on_evidence();
	pool->cpus = 2;
}

/* One of them, or two of four. */
static void set_by_one(void)
{
	model_assert(pool->spare_workers == (pool->max_workers == 1 ? 0 : 2));
}

#define MODEL(title, text, most, end, ...)                                               \
	{                                                                                \
		.name = title, .property = text, .setup = on_evidence,                   \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

const struct model models[] = {
	MODEL("evidence-pair", "a thread for what it sleeps for", 2, at_rest,
	      sleeps_first),
	MODEL("evidence-meet", "from two submitters", 1, at_rest, sleeps, lets_go),
	MODEL("evidence-wait", "one that was seen asleep waits", 2, at_rest,
	      sleeps_then_waits),
	MODEL("evidence-leave", "the watcher leaves beside a submit", 2, at_rest,
	      submits_three),
	MODEL("evidence-drain", "a shutdown ends the watch", 1, all_over,
	      drains_afterwards),
	{ .name = "evidence-set",
	  .property = "the maximum, by two at once",
	  .setup = on_two_cpus,
	  .threads = { sets_one, sets_four },
	  .check = set_by_one,
	  .daemons = true,
	  .bound = 4 },
	{ 0 },
};
