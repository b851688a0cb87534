/* SPDX-License-Identifier: MIT */
/* Groups that end early: cancelled, with the executor, in a forked child. */
#include "groups.h"

struct stop {
	atomic_int running, stopped;
};

static void *run_until_asked_to_stop(void *argument)
{
	struct stop *stop = argument;
	atomic_fetch_add(&stop->running, 1);
	if (!wait_until(tl_cancel_requested()))
		return tl_fail(-ETIME);
	atomic_fetch_add(&stop->stopped, 1);
	return NULL;
}

Test(group, cancel_stops_what_runs_and_what_has_not_begun_never_does)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct stop stop = { 0 };
		atomic_long ran = 0;
		tl_group group;
		tl_group_init(&group, executor, NULL);
		submit_many(&group, 1, run_until_asked_to_stop, &stop);
		assert_soon(atomic_load(&stop.running) == 1);
		submit_many(&group, 1000, add_one, &ran);
		tl_future *other = tl_submit(executor, add_one, &ran);
		cr_assert_eq(tl_group_cancel(&group), 0);
		cr_assert_null(tl_group_submit(&group, add_one, &ran));
		cr_assert_eq(errno, ECANCELED);
		tl_task task;
		tl_task_init(&task, add_one, &ran);
		cr_assert_eq(tl_group_submit_task(&group, &task), -ECANCELED);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -ECANCELED);
		tl_await(other);
		cr_assert_eq(atomic_load(&stop.stopped), 1);
		cr_assert_eq(atomic_load(&ran), 1);
		cr_assert_eq(tl_submit_task(executor, &task), 0);
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&ran), 2);
	}
	END_CLEAN();
}

Test(group, cancel_after_the_end_is_no_error)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_group group;
	tl_group_init(&group, pool, NULL);
	cr_assert_eq(tl_group_cancel(&group), 0);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	tl_group_init(&group, pool, NULL);
	submit_many(&group, 10, identity, NULL);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(tl_group_cancel(&group), 0);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, nested_ones_follow_their_parent_and_not_the_other_way)
{
	tl_executor *pool = tl_fixed_pool_create(4, NULL);
	tl_group groups[4]; /* 0 holds 1, which holds 2; 3 is a sister of 1 */
	struct stop stops[4] = { 0 };
	tl_group_init(&groups[0], pool, NULL);
	tl_group_init(&groups[1], pool, &groups[0]);
	tl_group_init(&groups[2], pool, &groups[1]);
	tl_group_init(&groups[3], pool, &groups[0]);
	for (int i = 0; i < 4; i++) {
		submit_many(&groups[i], 1, run_until_asked_to_stop, &stops[i]);
		assert_soon(atomic_load(&stops[i].running) == 1);
	}
	tl_group_cancel(&groups[1]);
	cr_assert_eq(tl_group_wait(&groups[2], TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&groups[1], TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&groups[0], 0), -ETIMEDOUT);
	cr_assert_eq(tl_group_wait(&groups[3], 0), -ETIMEDOUT);
	cr_assert_null(tl_group_submit(&groups[2], identity, NULL));
	cr_assert_eq(tl_await(tl_group_submit(&groups[0], identity, VALUE(1))), VALUE(1));
	tl_group_cancel(&groups[0]);
	cr_assert_eq(tl_group_wait(&groups[3], TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&groups[0], TL_FOREVER), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Ends ---------------------------------------------------------------------- */

Test(group, shutdown_ends_its_tasks_one_way_or_the_other)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
			tl_executor *executor = executor_of(kind, 1, NULL);
			struct gate gate = GATE;
			atomic_long ran = 0;
			tl_group group;
			tl_group_init(&group, executor, NULL);
			submit_many(&group, 1, gate_pass, &gate);
			assert_soon(atomic_load(&gate.inside) == 1);
			submit_many(&group, 100, add_one, &ran);
			cr_assert_eq(tl_executor_shutdown(executor,
			                                  (enum tl_shutdown_mode)how, 0),
			             -ETIMEDOUT);
			errno = 0;
			cr_assert_null(tl_group_submit(&group, add_one, &ran));
			cr_assert_eq(errno, ESHUTDOWN);
			tl_task task;
			tl_task_init(&task, add_one, &ran);
			cr_assert_eq(tl_group_submit_task(&group, &task), -ESHUTDOWN);
			cr_assert_eq(tl_group_wait(&group, 0), -ETIMEDOUT);
			gate_open(&gate);
			cr_assert_eq(tl_group_wait(&group, TL_FOREVER),
			             how == TL_CANCEL ? -ECANCELED : 0);
			cr_assert_eq(atomic_load(&ran), how == TL_CANCEL ? 0 : 100);
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

struct lost {
	tl_group *busy, *ended;
};

static int child_of_a_group(void *argument)
{
	struct lost *lost = argument;
	if (tl_group_wait(lost->busy, TL_FOREVER) != -EOWNERDEAD)
		return 1;
	if (tl_group_wait(lost->busy, 0) != -ETIMEDOUT)
		return 2;
	if (tl_group_cancel(lost->busy) != -EOWNERDEAD)
		return 3;
	errno = 0;
	if (tl_group_submit(lost->busy, identity, NULL) || errno != EOWNERDEAD)
		return 4;
	tl_task task;
	tl_task_init(&task, identity, NULL);
	if (tl_group_submit_task(lost->busy, &task) != -EOWNERDEAD)
		return 5;
	if (tl_group_wait(lost->ended, TL_FOREVER) != -EIO)
		return 6;
	return 0;
}

Test(group, child_of_a_fork_is_told)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	tl_group busy, ended;
	struct lost lost = { &busy, &ended };
	tl_group_init(&busy, pool, NULL);
	tl_group_init(&ended, pool, NULL);
	submit_many(&ended, 1, fail_as_told, VALUE(-EIO));
	cr_assert_eq(tl_group_wait(&ended, TL_FOREVER), -EIO);
	submit_many(&busy, 1, gate_pass, &gate);
	cr_assert_eq(in_child(child_of_a_group, &lost), 0);
	gate_open(&gate);
	cr_assert_eq(tl_group_wait(&busy, TL_FOREVER), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
