/* SPDX-License-Identifier: MIT */
/* Circles of waits: what a thread's note of its wait says, and for how long. */
#include "chosen.h"

/* ---- In a child of a fork, whose threads may lie where the parent's lay ---------------- */

static atomic_int waiting;

static void *wait_for(void *future)
{
	atomic_fetch_add(&waiting, 1);
	return VALUE(tl_future_wait(future, TL_FOREVER));
}

/* Two tasks that sleep in a wait; how often one of them was told something else than 0. */
static int two_waits(tl_executor *pool, tl_future *promise, int (*meanwhile)(void))
{
	tl_future *tasks[2];
	tl_future_init(promise);
	atomic_store(&waiting, 0);
	for (int i = 0; i < 2; i++)
		tasks[i] = tl_submit(pool, wait_for, promise);
	wait_until(atomic_load(&waiting) == 2 && stats_of(pool).blocked == 2);
	int wrong = meanwhile ? meanwhile() : 0;
	tl_future_set(promise, NULL);
	for (int i = 0; i < 2; i++)
		wrong += tl_await(tasks[i]) != NULL;
	return wrong;
}

static int waits_in_child(void *unused)
{
	tl_future promise;
	(void)unused;
	if (WITH_TSAN) /* which can't start threads here */
		return 0;
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	int wrong = two_waits(pool, &promise, NULL);
	tl_executor_destroy(pool);
	return wrong;
}

static int fork_now(void)
{
	return in_child(waits_in_child, NULL);
}

Test(circle_notes, of_a_parent_process_lead_nowhere)
{
	tl_future promise;
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	cr_assert_eq(two_waits(pool, &promise, fork_now), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Of a worker that runs nothing meanwhile ------------------------------------------- */

struct both {
	tl_executor *pool;
	bool sections;
	struct visit behind[2];
	tl_task first[2];
	atomic_int begun, pushed, told, well;
};

/* Each worker waits for what is queued behind the other one's wait. */
static void *wait_behind_the_other(void *argument)
{
	struct both *both = argument;
	int mine = tl_worker_number();
	if (both->sections)
		tl_blocking_begin();
	atomic_fetch_add(&both->begun, 1);
	wait_until(atomic_load(&both->begun) == 2);
	if (submit_visit(both->pool, &both->behind[mine], mine))
		abort();
	atomic_fetch_add(&both->pushed, 1);
	wait_until(atomic_load(&both->pushed) == 2);
	int error = tl_future_wait(&both->behind[!mine].task.future, TL_FOREVER);
	atomic_fetch_add(error == -EDEADLK ? &both->told : &both->well, 1);
	if (both->sections)
		tl_blocking_end();
	return NULL;
}

static void wait_behind_each_other(bool sections, int told)
{
	tl_options options = { .flags = TL_WAITERS_HELP };
	struct both both = { .sections = sections };
	both.pool = tl_fixed_pool_create(2, &options);
	for (unsigned i = 0; i < 2; i++) {
		tl_task_init(&both.first[i], wait_behind_the_other, &both);
		cr_assert_eq(tl_submit_to(both.pool, i, &both.first[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		cr_assert_eq(tl_future_wait(&both.first[i].future, TL_FOREVER), 0);
	tl_executor_destroy(both.pool);
	cr_assert_eq(atomic_load(&both.told), told);
	cr_assert_eq(atomic_load(&both.well), 2 - told);
}

Test(circle_notes, who_helps_runs_what_was_chosen_for_it)
{
	for (long i = scaled(100); i > 0; i--)
		wait_behind_each_other(false, 0);
	END_CLEAN();
}

Test(circle_notes, in_a_section_nobody_helps_and_the_circle_is_told)
{
	for (long i = scaled(100); i > 0; i--)
		wait_behind_each_other(true, 1);
	END_CLEAN();
}

/* ---- Through the task below a turn of a serial queue ------------------------------------ */

struct turn_over {
	tl_executor *pool, *other, *queue;
	tl_future promise, last;
	tl_task below, in_turn, elsewhere;
	atomic_bool queued, waits;
};

/* The turn is run within this wait, which takes no note. */
static void *wait_below(void *argument)
{
	struct turn_over *over = argument;
	tl_future *last = &over->last;
	if (tl_submit_task(over->queue, &over->in_turn))
		abort();
	atomic_store(&over->queued, true);
	return VALUE(tl_wait(&last, 1, TL_ANY, TL_FOREVER));
}

static void *wait_in_turn(void *argument)
{
	struct turn_over *over = argument;
	wait_until(atomic_load(&over->waits) && stats_of(over->other).blocked == 1);
	int error = tl_future_wait(&over->elsewhere.future, TL_FOREVER);
	tl_future_set(&over->last, NULL);
	return VALUE(error);
}

static void *wait_elsewhere(void *argument)
{
	struct turn_over *over = argument;
	wait_until(atomic_load(&over->queued));
	atomic_store(&over->waits, true);
	return VALUE(tl_future_wait(&over->below.future, TL_FOREVER));
}

Test(circle_notes, of_a_turn_that_is_over_do_not_hide_what_lies_below_the_next)
{
	tl_options options = { .flags = TL_WAITERS_HELP };
	struct turn_over over = { .pool = tl_fixed_pool_create(1, &options),
		                  .other = tl_fixed_pool_create(1, NULL) };
	over.queue = tl_serial_create(over.pool, 1);
	tl_future_init(&over.promise);
	tl_future_init(&over.last);
	tl_task_init(&over.below, wait_below, &over);
	tl_task_init(&over.in_turn, wait_in_turn, &over);
	tl_task_init(&over.elsewhere, wait_elsewhere, &over);

	tl_future *first = tl_submit(over.queue, wait_for, &over.promise);
	assert_soon(tl_future_running(first));
	assert_soon(stats_of(over.pool).idle);
	tl_future_set(&over.promise, NULL);
	cr_assert_null(tl_await(first));

	cr_assert_eq(tl_submit_task(over.other, &over.elsewhere), 0);
	cr_assert_eq(tl_submit_task(over.pool, &over.below), 0);
	void *told;
	cr_assert_eq(tl_future_result(&over.in_turn.future, &told, TL_FOREVER), 0);
	cr_assert_eq(told, VALUE(-EDEADLK));
	tl_executor_destroy(over.queue);
	tl_executor_destroy(over.other);
	tl_executor_destroy(over.pool);
	END_CLEAN();
}

/* ---- A withdrawal is a wait, too --------------------------------------------------------- */

struct withdrawn {
	tl_task mine, theirs;
	atomic_bool runs;
	int told;
	bool ended;
};

static void *wait_for_withdrawer(void *argument)
{
	struct withdrawn *withdrawn = argument;
	atomic_store(&withdrawn->runs, true);
	return VALUE(tl_future_wait(&withdrawn->theirs.future, TL_FOREVER));
}

static void *withdraw(void *argument)
{
	struct withdrawn *withdrawn = argument;
	wait_until(atomic_load(&withdrawn->runs));
	withdrawn->told = tl_task_withdraw(&withdrawn->mine);
	withdrawn->ended = tl_future_done(&withdrawn->mine.future);
	return NULL;
}

/* One of the two is told; it may be the other one. */
Test(circle_notes, a_task_that_waits_for_who_withdraws_it_is_not_said_to_be_over)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (long i = scaled(300); i > 0; i--) {
		struct withdrawn both = { 0 };
		void *waited;
		tl_task_init(&both.mine, wait_for_withdrawer, &both);
		tl_task_init(&both.theirs, withdraw, &both);
		cr_assert_eq(tl_submit_task(pool, &both.mine), 0);
		cr_assert_eq(tl_submit_task(pool, &both.theirs), 0);
		cr_assert_eq(tl_future_result(&both.mine.future, &waited, TL_FOREVER), 0);
		cr_assert_eq(tl_future_wait(&both.theirs.future, TL_FOREVER), 0);
		cr_assert_eq(both.ended, both.told == -EALREADY);
		cr_assert_eq(waited, VALUE(both.ended ? -EDEADLK : 0));
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}
