/* SPDX-License-Identifier: MIT */
/* What a task submits beyond its worker's ring, which sets full rings aside. */
#include "groups.h"
#include "many.h"

Test(shelf, tasks_run_once_newest_first_but_now_and_then_the_oldest)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		struct many *many = many_new(executor_of(kind, 1, NULL));
		tl_future *stays = submitted(many);
		int newest = MANY - 1, oldest = 0;
		gate_open(&many->gate);
		tl_await(stays);
		tl_executor_destroy(many->pool);
		each_ran_once(many);
		for (int i = 0; i < MANY; i++) {
			int number = atomic_load(&many->order[i]);
			cr_assert(number == newest || number == oldest);
			if (number == newest)
				newest--;
			else
				oldest++;
		}
		cr_assert_gt(oldest, 0);
		cr_assert_leq(oldest, MANY / 500);
		free(many);
	}
	END_CLEAN();
}

Test(shelf, tasks_are_cancelled_one_by_one)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		struct many *many = many_new(executor_of(kind, 1, NULL));
		tl_future *stays = submitted(many);
		for (int i = 0; i < MANY; i++)
			if (i % 3 || (i > 1000 && i < 3000)) /* whole rings, too */
				cr_assert_eq(tl_future_cancel(&many->tasks[i].future), 0);
		gate_open(&many->gate);
		tl_await(stays);
		tl_executor_destroy(many->pool);
		for (int i = 0; i < MANY; i++) {
			bool cancelled = tl_future_cancelled(&many->tasks[i].future);
			cr_assert_eq(cancelled, i % 3 || (i > 1000 && i < 3000));
			cr_assert_eq(atomic_load(&many->ran[i]), !cancelled);
		}
		free(many);
	}
	END_CLEAN();
}

static void *submit_and_wait(void *argument)
{
	struct many *many = argument;
	submit_all(many);
	for (int i = 0; i < MANY; i++) {
		cr_assert_eq(tl_future_wait(&many->tasks[i].future, TL_FOREVER), 0);
		cr_assert_eq(atomic_load(&many->n), i + 1);
	}
	return NULL;
}

Test(shelf, tasks_are_run_by_who_waits_for_them_one_by_one)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		struct many *many = many_new(executor_of(kind, 1, NULL));
		tl_await(tl_submit(many->pool, submit_and_wait, many));
		each_ran_once(many);
		cr_assert_geq(stats_of(many->pool).claimed, (uint64_t)MANY);
		tl_executor_destroy(many->pool);
		free(many);
	}
	END_CLEAN();
}

Test(shelf, tasks_are_stolen_while_the_submitter_goes_on)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		struct many *many = many_new(executor_of(kind, 3, NULL));
		tl_future *stays = submitted(many);
		assert_soon(atomic_load(&many->n) == MANY);
		each_ran_once(many);
		cr_assert_geq(stats_of(many->pool).stolen, (uint64_t)MANY);
		gate_open(&many->gate);
		tl_await(stays);
		tl_executor_destroy(many->pool);
		free(many);
	}
	END_CLEAN();
}

/* ---- Groups ----------------------------------------------------------------------- */

/* Tasks of the group among as many others. */
static void *submit_mixed(void *argument)
{
	struct inside *inside = argument;
	for (int i = 0; i < MANY / 2; i++) {
		release(tl_submit(inside->pool, add_one, &inside->others));
		submit_many(inside->group, 1, add_one, &inside->mine);
	}
	return NULL;
}

static void *submit_mixed_and_wait(void *argument)
{
	submit_mixed(argument);
	return wait_inside(argument);
}

Test(shelf, wait_for_a_group_runs_its_tasks_and_no_others)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 1, NULL);
		tl_group group;
		struct inside inside = { pool, &group, GATE, .timeout = TL_FOREVER };
		tl_group_init(&group, pool, NULL);
		gate_open(&inside.gate);
		cr_assert_eq(tl_await(tl_submit(pool, submit_mixed_and_wait, &inside)),
		             VALUE(0));
		cr_assert_eq(atomic_load(&inside.mine), MANY / 2);
		cr_assert_eq(atomic_load(&inside.others_then), 0);
		tl_executor_destroy(pool);
		cr_assert_eq(atomic_load(&inside.others), MANY / 2);
	}
	END_CLEAN();
}

static struct gate stays;

static void *submit_mixed_and_stay(void *argument)
{
	submit_mixed(argument);
	return gate_pass(&stays);
}

Test(shelf, wait_for_a_group_finds_its_tasks_with_another_worker)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_group group;
	struct inside inside = { pool, &group, GATE, .timeout = TL_FOREVER };
	stays = (struct gate)GATE;
	tl_group_init(&group, pool, NULL);
	tl_future *waits = tl_submit(pool, wait_inside, &inside);
	assert_soon(atomic_load(&inside.gate.inside) == 1);
	tl_future *other = tl_submit(pool, submit_mixed_and_stay, &inside);
	assert_soon(atomic_load(&stays.inside) == 1);
	gate_open(&inside.gate);
	cr_assert_eq(tl_await(waits), VALUE(0));
	cr_assert_eq(atomic_load(&inside.mine), MANY / 2);
	cr_assert_eq(atomic_load(&inside.others_then), 0);
	gate_open(&stays);
	tl_await(other);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&inside.others), MANY / 2);
	END_CLEAN();
}

/* ---- The end ---------------------------------------------------------------------- */

Test(shelf, shutdown_drains_or_cancels_the_tasks)
{
	for (int kind = FIXED; kind < KINDS; kind++)
		for (int cancels = 0; cancels < 2; cancels++) {
			struct many *many = many_new(executor_of(kind, 1, NULL));
			tl_future *first = submitted(many);
			enum tl_shutdown_mode how = cancels ? TL_CANCEL : TL_DRAIN;
			cr_assert_eq(tl_executor_shutdown(many->pool, how, 0),
			             -ETIMEDOUT);
			for (int i = 0; i < MANY; i++) /* at once, if at all */
				cr_assert_eq(tl_future_cancelled(&many->tasks[i].future),
				             cancels);
			gate_open(&many->gate);
			tl_await(first);
			tl_executor_destroy(many->pool);
			cr_assert_eq(atomic_load(&many->n), cancels ? 0 : MANY);
			free(many);
		}
	END_CLEAN();
}

Test(shelf, worker_that_is_one_too_many_hands_its_tasks_over)
{
	struct many *many =
		many_new(tl_adaptive_pool_create(&(tl_options){ .max_workers = 2 }));
	struct gate other = GATE;
	tl_future *first = submitted(many);
	hold(many->pool, &other, 1); /* a stolen task may come first */
	cr_assert_eq(tl_executor_set_max_workers(many->pool, 1), 0);
	gate_open(&many->gate);
	gate_open(&other);
	tl_await(first);
	assert_soon(atomic_load(&many->n) == MANY);
	tl_executor_destroy(many->pool);
	each_ran_once(many);
	free(many);
	END_CLEAN();
}
