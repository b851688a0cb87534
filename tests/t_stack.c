/* SPDX-License-Identifier: MIT */
/* Waits for which no stack is left are told so, and joins take nothing more. */
#include "support.h"

#include <sched.h>
#include <threadlet/fork.h>

struct level {
	tl_executor *pool;
	atomic_long *deepest, *refused;
	long depth;
};

static void *deeper(void *argument)
{
	struct level *level = argument;
	struct level next = *level;
	next.depth++;
	if (next.depth > atomic_load(level->deepest))
		atomic_store(level->deepest, next.depth);
	if (atomic_load(level->refused))
		return NULL;
	tl_task child;
	tl_task_init(&child, deeper, &next);
	if (tl_submit_task(level->pool, &child))
		abort();
	int error = tl_future_wait(&child.future, TL_FOREVER);
	if (!error)
		return NULL;
	/* No stack is left to run it on: it is ours to take back, or to leave alone. */
	if (error != -EAGAIN || tl_future_cancel(&child.future) ||
	    atomic_fetch_add(level->refused, 1))
		abort();
	return NULL;
}

Test(stack, no_wait_overflows_the_stack)
{
	size_t sizes[] = { 128 << 10, 1 << 20, 8 << 20 };
	/* ThreadSanitizer ends itself at a stack of 65,536 calls, which 8 MiB can hold. */
	size_t end = LENGTH(sizes) - WITH_TSAN;
	for (size_t i = 0; i < end; i++) {
		tl_options options = { .stack_size = sizes[i] };
		tl_executor *pool = tl_fixed_pool_create(1, &options);
		atomic_long deepest = 0, refused = 0;
		struct level top = { pool, &deepest, &refused, 0 };
		tl_await(tl_submit(pool, deeper, &top));
		cr_assert_eq(atomic_load(&refused), 1);
		/* Some 500 bytes to a level, with this task's own. */
		cr_assert_gt(atomic_load(&deepest),
		             instrumented() ? 20 : (long)(sizes[i] / 839));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* ---- Joins ---------------------------------------------------------------------- */

/* Two workers that take each other's branches, each in the join of what the other one has
 * taken: both stacks grow, as long as both take. */
struct nest {
	atomic_long depth;
	atomic_bool over; /* somebody's branch was not taken */
};

struct branch_of {
	struct nest *nest;
	atomic_bool begun;
};

static void *identity_of(tl_forks *at, void *argument)
{
	(void)at;
	return argument;
}

static void *fork_for_the_other(tl_forks *at, void *argument)
{
	struct branch_of *mine = argument;
	struct nest *nest = mine->nest;
	tl_branch branch;
	atomic_store(&mine->begun, true);
	if (atomic_load(&nest->over))
		return NULL;
	atomic_fetch_add(&nest->depth, 1);
	struct branch_of next = { .nest = nest };
	tl_fork(&at, &branch, fork_for_the_other, &next);
	for (int i = 0; i < 10000 && !atomic_load(&next.begun); i++) {
		tl_branch later; /* at which it is offered */
		tl_fork(&at, &later, identity_of, NULL);
		sched_yield();
		tl_join(&at, &later);
	}
	if (!atomic_load(&next.begun))
		atomic_store(&nest->over, true);
	tl_join(&at, &branch);
	return NULL;
}

static void *begin_nest(void *argument)
{
	struct branch_of first = { .nest = argument };
	return tl_run(fork_for_the_other, &first);
}

Test(stack, no_join_overflows_the_stack)
{
	tl_options options = { .stack_size = 256 << 10 };
	tl_executor *pool = tl_fixed_pool_create(2, &options);
	struct nest nest;
	do { /* else the other worker came too late once */
		atomic_init(&nest.depth, 0);
		atomic_init(&nest.over, false);
		tl_await(tl_submit(pool, begin_nest, &nest));
	} while (atomic_load(&nest.depth) < (instrumented() ? 20 : 200));
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Callbacks ------------------------------------------------------------------ */

enum { CHAIN = 20000 };

struct chain {
	tl_task tasks[CHAIN];
	tl_callback nodes[CHAIN];
	int well, refused, other;
};

struct link {
	struct chain *chain;
	int i;
};

static void wait_for_next(tl_future *future, void *context)
{
	struct link *link = context;
	struct chain *chain = link->chain;
	(void)future;
	int error =
		link->i + 1 == CHAIN
			? 0
			: tl_future_wait(&chain->tasks[link->i + 1].future, TL_FOREVER);
	*(error == 0         ? &chain->well
	  : error == -EAGAIN ? &chain->refused
	                     : &chain->other) += 1;
}

/* Each waits for a task that has such a callback: they lie upon each other on the stack,
 * with no task below them. */
Test(stack, waits_in_callbacks_do_not_overflow_it)
{
	struct chain *chain = calloc(1, sizeof *chain);
	struct link *links = calloc(CHAIN, sizeof *links);
	struct gate gate = GATE;
	tl_options options = { .stack_size = 256 << 10 };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	hold(pool, &gate, 1);
	for (int i = 0; i < CHAIN; i++) {
		links[i] = (struct link){ chain, i };
		chain->nodes[i] =
			(tl_callback){ .function = wait_for_next, .context = &links[i] };
		tl_task_init(&chain->tasks[i], identity, NULL);
		tl_future_on_done(&chain->tasks[i].future, &chain->nodes[i]);
		cr_assert_eq(tl_submit_task(pool, &chain->tasks[i]), 0);
	}
	gate_open(&gate);
	tl_executor_destroy(pool);
	cr_assert_geq(chain->refused, 1);
	cr_assert_eq(chain->other, 0);
	cr_assert_eq(chain->well + chain->refused, CHAIN);
	free(chain);
	free(links);
	END_CLEAN();
}
