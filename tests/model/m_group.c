/* SPDX-License-Identifier: MIT */
/*
 * Groups. Their words: members that end beside waiters that go to sleep, rounds, helpers,
 * errors, cancelling. And the search of a waiting worker among other tasks, while owner,
 * thief and canceller empty the same slots.
 *
 * Asserted: nothing touches a group, or a task, once its owner has been told of the end;
 * no waiter sleeps for ever; each task runs once or has been cancelled; the first error
 * is told.
 */
#include "still.h"
#include "tasks.h"

static tl_group *group;
static tl_task *mine, *others;
static int told;

static void *fails(void *argument)
{
	count_run(argument);
	return tl_fail(-EIO);
}

static tl_task *join(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_group_submit_task(group, task) == 0);
	return task;
}

static void group_made(void)
{
	group = model_allocate(16, sizeof *group);
	model_assert(tl_group_init(group, pool, NULL) == 0);
}

static void one(void)
{
	pool = tl_fixed_pool_create(1, &(tl_options){ .spin = TL_NONE });
	group_made();
}

static void two(void)
{
	pool = tl_fixed_pool_create(2, &(tl_options){ .spin = TL_NONE });
	group_made();
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
		worker_execute(worker, task);
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

/* ---- The search ------------------------------------------------------------------ */

/* The wanted one and another, in this order or the other one. */
static void queue(bool wanted_first)
{
	if (wanted_first)
		mine = join(count_run, 0);
	others = submit(count_run, 1);
	if (!wanted_first)
		mine = join(count_run, 0);
}

static void in_ring(void)
{
	pool = still_pool(3);
	group_made();
	play(pool, 0);
	queue(model_choose(2));
}

static void in_inbox(void)
{
	pool = still_pool(3);
	group_made();
	queue(model_choose(2));
}

static void in_range(void)
{
	in_inbox();
	uint64_t spot;
	model_assert(inbox_take(&pool->inbox, RANGE_MOST, 1, &spot) == 2);
	pool->workers[0]->range = range_make(spot, 2);
}

static void in_list(void)
{
	uint64_t spot;
	pool = still_pool(3);
	group_made();
	for (unsigned i = 0; i < (1u << SHALLOW_BITS) + (1u << DEEP_BITS); i++)
		submit(count_run, 3);
	queue(model_choose(2));
	while (inbox_take(&pool->inbox, 1, 1, &spot))
		inbox_get(&pool->inbox, spot);
}

static void run_found(struct worker *worker, tl_task *task)
{
	if (task)
		worker_execute(worker, task);
}

static void owner_takes(void)
{
	struct worker *worker = play(pool, 0);
	run_found(worker, worker_next(worker));
}

static void thief_takes(void)
{
	struct worker *worker = play(pool, 1);
	run_found(worker, worker_find(worker));
}

static void seeker_waits(void)
{
	play(pool, 2);
	told = tl_group_wait(group, TL_FOREVER);
	model_free(group);
	model_free(mine);
}

static void other_is_withdrawn(void)
{
	if (tl_task_withdraw(others) == 0)
		ran[1]++;
	model_free(others);
}

/* And the group goes on until then. */
static void in_inbox_for_longer(void)
{
	in_inbox();
	group_join(group);
	group_begin(group);
}

static void other_is_withdrawn_first(void)
{
	other_is_withdrawn();
	group_leave(group, 0);
}

/* It may be left: nobody has come to it. */
static void mine_ran_and_the_other_is_there(void)
{
	model_assert(told == 0 && ran[0] == 1);
	model_assert(ran[1] == 1 || (ran[1] == 0 && pool_has_work(pool)));
}

/* Two that seek different groups among the same tasks. */
static tl_group *second;

static void two_groups_in_inbox(void)
{
	pool = still_pool(3);
	group_made();
	second = model_allocate(16, sizeof *second);
	tl_group_init(second, pool, NULL);
	mine = join(count_run, 0);
	others = new_task(count_run, &ran[1]);
	tl_group_submit_task(second, others);
}

static void second_seeker_waits(void)
{
	play(pool, 1);
	model_assert(tl_group_wait(second, TL_FOREVER) == 0);
	model_assert(ran[1] == 1);
	model_free(second);
	model_free(others);
}

static void mine_ran(void)
{
	model_assert(told == 0 && ran[0] == 1);
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
	MODEL("seek-ring", "in another ring", in_ring, 3, mine_ran_and_the_other_is_there,
	      owner_takes, thief_takes, seeker_waits),
	MODEL("seek-ring-withdraw", "beside a canceller", in_ring, 3,
	      mine_ran_and_the_other_is_there, owner_takes, other_is_withdrawn,
	      seeker_waits),
	MODEL("seek-inbox", "in the inbox", in_inbox, 3, mine_ran_and_the_other_is_there,
	      owner_takes, thief_takes, seeker_waits),
	MODEL("seek-inbox-withdraw", "beside a canceller", in_inbox, 3,
	      mine_ran_and_the_other_is_there, owner_takes, other_is_withdrawn,
	      seeker_waits),
	MODEL("seek-inbox-longer", "that it has to end", in_inbox_for_longer, 3,
	      mine_ran_and_the_other_is_there, owner_takes, other_is_withdrawn_first,
	      seeker_waits),
	MODEL("seek-range", "in a range", in_range, 3, mine_ran_and_the_other_is_there,
	      owner_takes, thief_takes, seeker_waits),
	MODEL("seek-list", "in the list", in_list, 3, mine_ran_and_the_other_is_there,
	      owner_takes, other_is_withdrawn, seeker_waits),
	MODEL("seek-two", "two seekers", two_groups_in_inbox, 3, mine_ran,
	      second_seeker_waits, seeker_waits),
	{ 0 },
};
