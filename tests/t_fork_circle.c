/* SPDX-License-Identifier: MIT */
/* Branches run for a task on other stacks: that is no circle of waits. */
#include "support.h"

#include <threadlet/fork.h>

struct waits {
	tl_task forks, first, second;
	tl_future taken, go;
	atomic_bool joined, end;
	tl_executor *pool;
};

static void *wait_in_branch(tl_forks *at, void *argument)
{
	struct waits *waits = argument;
	(void)at;
	tl_future_set(&waits->taken, NULL);
	tl_future_wait(&waits->go, TL_FOREVER);
	return argument;
}

/* Its branch has waited in the other thread, and is over. */
static void *fork_then_go_on(void *argument)
{
	struct waits *waits = argument;
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, wait_in_branch, waits);
	tl_future_wait(&waits->taken, TL_FOREVER);
	tl_join(&at, &branch);
	tl_run_end_(at);
	atomic_store(&waits->joined, true);
	return VALUE(wait_until(atomic_load(&waits->end)));
}

static void *wait_for(void *future)
{
	return VALUE(tl_future_wait(future, TL_FOREVER));
}

Test(fork_circle, a_thread_that_ran_a_branch_may_wait_for_who_waits_for_its_task)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	tl_executor *other = executor_of(FIXED, 1, NULL);
	for (long i = scaled(20); i > 0; i--) {
		struct waits *w = calloc(1, sizeof *w);
		tl_future_init(&w->taken);
		tl_future_init(&w->go);
		tl_task_init(&w->forks, fork_then_go_on, w);
		tl_task_init(&w->first, wait_for, &w->forks.future);
		tl_task_init(&w->second, wait_for, &w->first.future);
		tl_submit_task(pool, &w->forks);
		tl_future_wait(&w->taken, TL_FOREVER);
		cr_assert_eq(tl_future_wait(&w->forks.future, MILLISECOND), -ETIMEDOUT);
		tl_future_set(&w->go, NULL);
		assert_soon(atomic_load(&w->joined));
		tl_submit_task(other, &w->first);
		tl_submit_task(pool, &w->second); /* where the branch was */
		cr_assert_eq(tl_future_wait(&w->second.future, 3 * MILLISECOND),
		             -ETIMEDOUT);
		atomic_store(&w->end, true);
		tl_future_wait(&w->second.future, TL_FOREVER);
		cr_assert_eq(w->first.future.value_, VALUE(0));
		cr_assert_eq(w->second.future.value_, VALUE(0));
		cr_assert_eq(w->forks.future.value_, VALUE(1));
		free(w);
	}
	tl_executor_destroy(pool);
	tl_executor_destroy(other);
	END_CLEAN();
}

/* ---- A task waits for its branches ------------------------------------------------------- */

struct round {
	tl_executor *pool, *other;
	tl_task forks, elsewhere, on_top;
	tl_future taken, promise;
	bool helping;
	int told[3]; /* the branch, the task elsewhere, the one on top of the branch */
};

static void *wait_for_forker(void *argument)
{
	struct round *round = argument;
	round->told[1] = tl_future_wait(&round->forks.future, TL_FOREVER);
	return NULL;
}

static void *wait_elsewhere(void *argument)
{
	struct round *round = argument;
	round->told[2] = tl_future_wait(&round->elsewhere.future, TL_FOREVER);
	return NULL;
}

static void *branch_of_round(tl_forks *at, void *argument)
{
	struct round *round = argument;
	tl_future *awaited = round->helping ? &round->promise : &round->elsewhere.future;
	(void)at;
	tl_future_set(&round->taken, NULL);
	round->told[0] = tl_future_wait(awaited, TL_FOREVER);
	return NULL;
}

static void *fork_one(void *argument)
{
	struct round *round = argument;
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, branch_of_round, round);
	tl_blocking_begin(); /* so that it takes nothing itself */
	tl_future_wait(&round->taken, TL_FOREVER);
	tl_blocking_end();
	tl_join(&at, &branch);
	tl_run_end_(at);
	return NULL;
}

/* helping: the branch waits for a promise; what its thread runs meanwhile waits, by way of
 * another pool, for the task of the branch. */
static void go_round(bool helping)
{
	tl_options options = { .flags = helping ? TL_WAITERS_HELP : 0 };
	struct round round = { .helping = helping,
		               .pool = executor_of(FIXED, 2, &options),
		               .other = executor_of(FIXED, 1, NULL) };
	tl_future_init(&round.promise);
	tl_future_init(&round.taken);
	tl_task_init(&round.forks, fork_one, &round);
	tl_task_init(&round.elsewhere, wait_for_forker, &round);
	tl_task_init(&round.on_top, wait_elsewhere, &round);
	cr_assert_eq(tl_submit_task(round.pool, &round.forks), 0);
	cr_assert_eq(tl_future_wait(&round.taken, TL_FOREVER), 0);
	cr_assert_eq(tl_submit_task(round.other, &round.elsewhere), 0);
	if (helping)
		cr_assert_eq(tl_submit_task(round.pool, &round.on_top), 0);
	if (helping)
		cr_assert_eq(tl_future_wait(&round.on_top.future, TL_FOREVER), 0);
	tl_future_set(&round.promise, NULL);
	cr_assert_eq(tl_future_wait(&round.elsewhere.future, TL_FOREVER), 0);
	cr_assert_eq(tl_future_wait(&round.forks.future, TL_FOREVER), 0);
	cr_assert_eq(round.told[0] + round.told[1] + round.told[2], -EDEADLK);
	tl_executor_destroy(round.pool);
	tl_executor_destroy(round.other);
}

Test(fork_circle, through_a_branch_in_another_thread_is_told)
{
	for (long i = scaled(100); i > 0; i--)
		go_round(false);
	END_CLEAN();
}

Test(fork_circle, through_what_runs_on_top_of_a_branch_is_told)
{
	for (long i = scaled(100); i > 0; i--)
		go_round(true);
	END_CLEAN();
}
