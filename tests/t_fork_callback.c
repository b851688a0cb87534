/* SPDX-License-Identifier: MIT */
/* Forks inside callbacks: whose callbacks are run there, and when. */
#include "support.h"

#include <threadlet/fork.h>

struct chain {
	tl_executor *pool;
	tl_future first, second, third, taken;
	tl_callback on_first, on_second;
	atomic_bool joining;
};

static void set_third(tl_future *future, void *argument)
{
	struct chain *chain = argument;
	(void)future;
	tl_future_set(&chain->third, NULL);
}

static struct chain *new_chain(tl_executor *pool, void (*function)(tl_future *, void *))
{
	struct chain *chain = calloc(1, sizeof *chain);
	chain->pool = pool;
	tl_future_init(&chain->first);
	tl_future_init(&chain->second);
	tl_future_init(&chain->third);
	tl_future_init(&chain->taken);
	chain->on_first = (tl_callback){ .function = function, .context = chain };
	chain->on_second = (tl_callback){ .function = set_third, .context = chain };
	tl_future_on_done(&chain->first, &chain->on_first);
	tl_future_on_done(&chain->second, &chain->on_second);
	return chain;
}

/* Waits for what a callback of its own does. */
static void *set_second(tl_forks *at, void *argument)
{
	struct chain *chain = argument;
	(void)at;
	tl_future_set(&chain->second, NULL);
	tl_future_wait(&chain->third, TL_FOREVER);
	return argument;
}

/* In the other thread, so that who joins has set_second to run. */
static void *fork_second(tl_forks *at, void *argument)
{
	struct chain *chain = argument;
	tl_branch branch;
	tl_future_set(&chain->taken, NULL);
	bool joining = wait_until(atomic_load(&chain->joining));
	tl_fork(&at, &branch, set_second, chain);
	tl_future_wait(&chain->third, TL_FOREVER);
	tl_join(&at, &branch);
	return joining ? argument : NULL;
}

static void join_in_callback(tl_future *future, void *argument)
{
	struct chain *chain = argument;
	(void)future;
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, fork_second, chain);
	tl_future_wait(&chain->taken, TL_FOREVER);
	atomic_store(&chain->joining, true);
	tl_join(&at, &branch);
	tl_run_end_(at);
}

static void *set_first(void *argument)
{
	struct chain *chain = argument;
	tl_future_set(&chain->first, NULL);
	return VALUE(tl_future_remove(&chain->first, &chain->on_first));
}

Test(fork_edges, what_a_join_runs_inside_a_callback_has_its_own_callbacks_run_at_once)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	for (long i = scaled(200); i > 0; i--) {
		struct chain *chain = new_chain(pool, join_in_callback);
		cr_assert_eq(tl_await(tl_submit(pool, set_first, chain)),
		             VALUE(-EALREADY));
		cr_assert(tl_future_done(&chain->third));
		free(chain);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *nothing(void *unused)
{
	return unused;
}

static void wait_in_callback(tl_future *future, void *argument)
{
	struct chain *chain = argument;
	tl_callback inner = { .function = set_third, .context = chain };
	tl_task task;
	(void)future;
	tl_task_init(&task, nothing, NULL);
	tl_future_on_done(&task.future, &inner);
	tl_submit_task(chain->pool, &task);
	tl_future_wait(&task.future, TL_FOREVER);
	tl_future_remove(&task.future, &inner);
}

Test(fork_edges, a_callback_that_waits_gives_its_node_back)
{
	tl_executor *pool = executor_of(FIXED, 1, NULL);
	struct chain *chain = new_chain(pool, wait_in_callback);
	cr_assert_eq(tl_await(tl_submit(pool, set_first, chain)), VALUE(-EALREADY));
	cr_assert(tl_future_done(&chain->third));
	tl_executor_destroy(pool);
	free(chain);
	END_CLEAN();
}
