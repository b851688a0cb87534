/* SPDX-License-Identifier: MIT */
/*
 * The search of a waiting worker for its tasks among others (seek.c), while owner, thief,
 * canceller, another seeker and a serial queue's waiter come for the same ones.
 *
 * Asserted: each task runs once or is cancelled; nothing touches it, its group, or a serial
 * queue once its owner has been told of the end; what is put back is found.
 */
#include "groups.h"

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
		worker_execute_within(worker, task);
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

/* ---- In the seeker's own ring ------------------------------------------------------ */

static void in_own_ring(void)
{
	pool = still_pool(3);
	group_made();
	play(pool, 2);
	queue(model_choose(2));
	self.worker = NULL;
}

static void for_longer(void)
{
	group_join(group);
	group_begin(group);
}

static void in_own_ring_for_longer(void)
{
	in_own_ring();
	for_longer();
}

static void in_ring_for_longer(void)
{
	in_ring();
	for_longer();
}

/* The seeker waits for a member that ends only when another worker has run what lies
 * among its tasks. */
static void *ends_member(void *argument)
{
	count_run(argument);
	group_leave(group, 0);
	return NULL;
}

static void *seeks_inside(void *argument)
{
	for_longer();
	tl_task *task = join(count_run, 1);
	others = submit(ends_member, 2);
	model_assert(tl_group_wait(group, TL_FOREVER) == 0);
	model_assert(ran[1] == 1 && ran[2] == 1);
	model_free(group);
	model_free(task);
	return count_run(argument);
}

static void submits_seeker(void)
{
	finish_task(submit(seeks_inside, 0));
	finish_task(others);
}

static void two_from_tasks(void)
{
	two();
	comes_from_a_task(0);
	comes_from_a_task(1);
}

/* ---- Beside a serial queue --------------------------------------------------------- */

static tl_executor *serial;

static void with_runner(void)
{
	pool = still_pool(3);
	serial = tl_serial_create(pool, 1);
	group_made();
	others = new_task(count_run, &ran[1]);
	model_assert(tl_submit_task(serial, others) == 0);
	mine = join(count_run, 0);
}

static void waits_for_serial(void)
{
	play(pool, 1);
	finish_task(others);
	model_assert(tl_executor_destroy(serial) == 0);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .daemons = true, .bound = most \
	}

const struct model models[] = {
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
	MODEL("seek-ring-alone", "with nobody else", in_ring, 3, mine_ran, seeker_waits),
	MODEL("seek-ring-longer", "that it has to end", in_ring_for_longer, 3,
	      mine_ran_and_the_other_is_there, other_is_withdrawn_first, seeker_waits),
	MODEL("seek-own", "in its own ring", in_own_ring, 3,
	      mine_ran_and_the_other_is_there, thief_takes, other_is_withdrawn,
	      seeker_waits),
	MODEL("seek-own-longer", "that it has to end", in_own_ring_for_longer, 3,
	      mine_ran_and_the_other_is_there, thief_takes, other_is_withdrawn_first,
	      seeker_waits),
	MODEL("seek-hides", "from an idle worker", two_from_tasks, 1, NULL,
	      submits_seeker),
	MODEL("seek-runner", "among runners", with_runner, 3, mine_ran, waits_for_serial,
	      seeker_waits),
	{ 0 },
};
