/* SPDX-License-Identifier: MIT */
/*
 * Groups. Their words: members that end beside waiters that go to sleep, rounds, helpers,
 * errors, cancelling; and those who find a member's pool through its group.
 *
 * Asserted: nothing touches a group, or a task, once its owner has been told of the end;
 * no waiter sleeps for ever; each task runs once or has been cancelled; the first error
 * is told.
 */
#include "groups.h"

static void *fails(void *argument)
{
	count_run(argument);
	return tl_fail(-EIO);
}

/* ---- The words ------------------------------------------------------------------- */

/* Group and tasks are gone as soon as the wait returns. */
static void submits_waits_frees(void)
{
	tl_task *a = join(count_run, 0), *b = join(count_run, 1);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_free(group);
	model_free(a);
	model_free(b);
}

static void submits_and_tries(void)
{
	tl_task *task = join(count_run, 0);
	told = tl_group_wait(group, 1000);
	model_assert(told == 0 || told == -ETIMEDOUT);
	if (told)
		model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_free(group);
	model_free(task);
}

static void one_submitted(void)
{
	one();
	mine = join(count_run, 0);
}

static void waits(void)
{
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_assert(ran[0] == 1);
}

static void submits_again(void)
{
	waits();
	tl_task *task = join(count_run, 1);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_free(task);
}

static void submits_into_ended_pool(void)
{
	tl_task *task = new_task(count_run, &ran[0]);
	told = tl_group_submit_task(group, task);
	model_assert(told == 0 || told == -ESHUTDOWN);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_free(group);
	model_free(task);
}

static void drains(void)
{
	model_assert(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER) == 0);
}

static void ran_if_accepted(void)
{
	model_assert(ran[0] == (told == 0));
}

/* ---- Errors, cancelling ---------------------------------------------------------- */

static void submits_good_and_bad(void)
{
	tl_task *a = join(fails, 0), *b = join(count_run, 1);
	tl_future_cancel(&b->future);
	model_assert(tl_group_wait(group, TL_FOREVER) == -EIO);
	model_free(group);
	model_free(a);
	model_free(b);
}

static void submits_cancels_waits(void)
{
	tl_task *task = join(count_run, 0);
	model_assert(tl_group_cancel(group) == 0);
	told = tl_group_wait(group, TL_FOREVER);
	model_assert(told == (tl_future_cancelled(&task->future) ? -ECANCELED : 0));
	model_assert(ran[0] == (told == 0));
	model_free(group);
	model_free(task);
}

static void held_and_cancelled(void)
{
	pool = still_pool(1);
	group_made();
	mine = join(count_run, 0);
	tl_group_cancel(group);
}

static void takes_mine(void)
{
	struct worker *worker = play(pool, 0);
	tl_task *task = worker_next(worker);
	if (task)
		worker_execute_within(worker, task);
}

static void withdraws_mine(void)
{
	told = tl_task_withdraw(mine);
	model_assert(told == 0 || told == -EALREADY);
	model_free(mine);
}

static void waits_for_cancelled(void)
{
	model_assert(tl_group_wait(group, TL_FOREVER) == -ECANCELED);
	model_free(group);
}

static void none_ran(void)
{
	model_assert(ran[0] == 0);
}

/* ---- Helpers --------------------------------------------------------------------- */

/* A member that runs somewhere, for as long as the model wants. */
static void member_elsewhere(void)
{
	pool = still_pool(1);
	group_made();
	group_join(group);
	group_begin(group);
}

/* Worker 0, the only one, in a wait for the group. */
static void helps(void)
{
	play(pool, 0);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_assert(ran[0] == 1);
	model_free(group);
}

static void submits_then_ends_member(void)
{
	finish_task(join(count_run, 0));
	group_leave(group, 0);
}

static void two_elsewhere(void)
{
	member_elsewhere();
	group_join(group);
	group_begin(group);
}

static void ends_member(void)
{
	group_leave(group, 0);
}

static void helps_only(void)
{
	play(pool, 0);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
}

/* In a pool of one: a ring's worth and one in the inbox, and one of somebody else's. */
static void *waits_inside(void *argument)
{
	tl_task *tasks[3];
	others = submit(count_run, 3);
	for (unsigned i = 0; i < 2; i++)
		tasks[i] = join(count_run, i + 1);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_assert(ran[1] == 1 && ran[2] == 1);
	model_free(group);
	for (unsigned i = 0; i < 2; i++)
		model_free(tasks[i]);
	return count_run(argument);
}

static void submits_inside(void)
{
	finish_task(submit(waits_inside, 0));
	finish_task(others);
}

static void all_ran(void)
{
	for (unsigned i = 0; i < 4; i++)
		model_assert(ran[i] == 1);
}

/* ---- Through the group ------------------------------------------------------------- */

static void held(void)
{
	pool = still_pool(2);
	group_made();
	mine = join(count_run, 0);
}

static void held_and_helped(void)
{
	pool = still_pool(2);
	pool->hints = hints_make(true, 0);
	group_made();
	mine = join(count_run, 0);
}

static int outcome;

/* The group is gone when the wait returns; the task when the last of two wants it no more. */
static void waits_for_any_end(void)
{
	outcome = tl_group_wait(group, TL_FOREVER);
	model_assert(outcome == 0 || outcome == -ECANCELED);
	model_assert(!group_has_queued(group->joined_, group->begun_));
	model_free(group);
}

static void waits_for_mine(void)
{
	model_assert(tl_future_wait(&mine->future, TL_FOREVER) == 0);
}

static void waits_for_mine_inside(void)
{
	play(pool, 1);
	waits_for_mine();
}

static void ran_or_was_withdrawn(void)
{
	model_assert(ran[0] == (outcome == 0));
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

const struct model models[] = {
	MODEL("group-1", "gone when the wait returns", one, 3, two_ran,
	      submits_waits_frees),
	MODEL("group-2", "two that end at once", two, 2, two_ran, submits_waits_frees),
	{ .name = "group-timeout",
	  .property = "a wait times out",
	  .setup = one,
	  .threads = { submits_and_tries },
	  .check = one_ran,
	  .daemons = true,
	  .bound = 3,
	  .timeouts = 1,
	  .spurious = 1 },
	MODEL("group-waiters", "all waiters get up", one_submitted, 2, one_ran, waits,
	      waits),
	MODEL("group-rounds", "a round more beside a waiter", one_submitted, 2, two_ran,
	      submits_again, waits),
	MODEL("group-refused", "a submit that is refused", one, 3, ran_if_accepted,
	      submits_into_ended_pool, drains),
	MODEL("group-error", "the first error", one, 3, NULL, submits_good_and_bad),
	MODEL("group-cancel", "cancelled beside its begin", one, 3, NULL,
	      submits_cancels_waits),
	MODEL("group-withdraw", "and withdrawn as well", held_and_cancelled, 4, none_ran,
	      takes_mine, withdraws_mine, waits_for_cancelled),
	MODEL("group-helper", "sleeps, then helps", member_elsewhere, 4, one_ran, helps,
	      submits_then_ends_member),
	MODEL("group-helper-end", "beside the last end", two_elsewhere, 4, NULL,
	      helps_only, ends_member, ends_member),
	MODEL("group-helper-two", "beside another end", two_elsewhere, 3, one_ran, helps,
	      submits_then_ends_member, ends_member),
	MODEL("group-inside", "a pool of one", one, 3, all_ran, submits_inside),
	MODEL("group-inside-2", "a pool of two", two, 1, all_ran, submits_inside),
	MODEL("group-withdraw-one", "a member beside its end", held, 4,
	      ran_or_was_withdrawn, takes_mine, withdraws_mine, waits_for_any_end),
	MODEL("group-wait-one", "a worker waits for a member", held, 4, one_ran,
	      takes_mine, waits_for_mine_inside, waits_for_any_end),
	MODEL("group-help-one", "a waiter outside", held_and_helped, 4, one_ran,
	      takes_mine, waits_for_mine, waits_for_any_end),
	{ 0 },
};
