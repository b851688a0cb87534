/* SPDX-License-Identifier: MIT */
/* threadlet/fork.h: which thread runs a branch, and what it learns there. */
#include "support.h"

#include <threadlet/fork.h>

/* Two threads that meet: the first waits until the second is there. */
struct meeting {
	tl_executor *pool;
	tl_future here;  /* set by the branch */
	tl_future taken; /* set by the one that is joined */
	tl_future leave; /* for which that one waits */
	atomic_bool joining;
	pthread_t owner;
	atomic_long tasks;
};

static struct meeting *new_meeting(tl_executor *pool)
{
	struct meeting *meeting = calloc(1, sizeof *meeting);
	meeting->pool = pool;
	tl_future_init(&meeting->here);
	tl_future_init(&meeting->taken);
	tl_future_init(&meeting->leave);
	return meeting;
}

static void *arrive(tl_forks *at, void *argument)
{
	struct meeting *meeting = argument;
	(void)at;
	tl_future_set(&meeting->here, (void *)(uintptr_t)pthread_self());
	return argument;
}

/* In a task: the branch has to run in another thread, or this one waits for ever. */
static void *meet(void *argument)
{
	struct meeting *meeting = argument;
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	void *thread;
	tl_fork(&at, &branch, arrive, meeting);
	tl_future_result(&meeting->here, &thread, TL_FOREVER);
	bool right = tl_join(&at, &branch) == meeting;
	tl_run_end_(at);
	return VALUE(right && thread != (void *)(uintptr_t)pthread_self());
}

Test(fork_join, a_worker_without_work_runs_what_is_forked)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	for (long i = scaled(2000); i > 0; i--) {
		struct meeting *meeting = new_meeting(pool);
		if (i % 3 == 0)
			assert_soon(stats_of(pool).idle == 2);
		cr_assert_eq(tl_await(tl_submit(pool, meet, meeting)), VALUE(1));
		free(meeting);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(fork_join, a_wait_offers_what_was_forked_while_all_were_busy)
{
	for (long i = scaled(100); i > 0; i--) {
		struct gate gate = GATE;
		tl_executor *pool = executor_of(FIXED, 2, NULL);
		struct meeting *meeting = new_meeting(pool);
		hold(pool, &gate, 1);
		tl_future *future = tl_submit(pool, meet, meeting);
		assert_soon(tl_future_running(future));
		gate_open(&gate);
		cr_assert_eq(tl_await(future), VALUE(1));
		tl_executor_destroy(pool);
		free(meeting);
	}
	END_CLEAN();
}

Test(fork_join, an_adaptive_pool_grows_for_forks)
{
	for (long i = scaled(200); i > 0; i--) {
		tl_options options = { .idle_timeout = i % 2 ? 0 : 10 * MICROSECOND };
		tl_executor *pool = executor_of(ADAPTIVE, 2, &options);
		for (int k = 0; k < 4; k++) {
			struct meeting *meeting = new_meeting(pool);
			cr_assert_eq(tl_await(tl_submit(pool, meet, meeting)), VALUE(1));
			free(meeting);
		}
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(fork_join, a_spare_runs_what_is_forked_by_one_that_waits)
{
	tl_options options = { .spare_workers = 1 };
	tl_executor *pool = executor_of(FIXED, 1, &options);
	for (long i = scaled(200); i > 0; i--) {
		struct meeting *meeting = new_meeting(pool);
		cr_assert_eq(tl_await(tl_submit(pool, meet, meeting)), VALUE(1));
		free(meeting);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* The branch, in the other thread, forks one more: only who joins can run that. */
static void *meet_in_branch(tl_forks *at, void *argument)
{
	struct meeting *meeting = argument;
	tl_branch branch;
	tl_future_set(&meeting->taken, NULL);
	bool joining = wait_until(atomic_load(&meeting->joining));
	tl_fork(&at, &branch, arrive, meeting);
	tl_future_wait(&meeting->here, TL_FOREVER);
	void *value = tl_join(&at, &branch);
	return joining ? value : NULL;
}

static void *joins(void *argument)
{
	struct meeting *meeting = argument;
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, meet_in_branch, meeting);
	tl_future_wait(&meeting->taken, TL_FOREVER);
	atomic_store(&meeting->joining, true);
	bool right = tl_join(&at, &branch) == meeting;
	tl_run_end_(at);
	return VALUE(right);
}

Test(fork_join, who_waits_in_a_join_runs_other_forks)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	for (long i = scaled(500); i > 0; i--) {
		struct meeting *meeting = new_meeting(pool);
		cr_assert_eq(tl_await(tl_submit(pool, joins, meeting)), VALUE(1));
		free(meeting);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *stay(tl_forks *at, void *argument)
{
	struct meeting *meeting = argument;
	(void)at;
	tl_future_set(&meeting->taken, NULL);
	tl_future_wait(&meeting->leave, TL_FOREVER);
	return argument;
}

static void *is_it_inside(void *argument)
{
	struct meeting *meeting = argument;
	atomic_fetch_add(&meeting->tasks, 1);
	return VALUE(atomic_load(&meeting->joining) &&
	             pthread_equal(pthread_self(), meeting->owner));
}

static void *joins_beside_tasks(void *argument)
{
	struct meeting *meeting = argument;
	meeting->owner = pthread_self();
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, stay, meeting);
	tl_future_wait(&meeting->taken, TL_FOREVER);
	tl_future *own = tl_submit(meeting->pool, is_it_inside, meeting);
	atomic_store(&meeting->joining, true);
	tl_join(&at, &branch);
	atomic_store(&meeting->joining, false);
	tl_run_end_(at);
	return own;
}

Test(fork_join, who_waits_in_a_join_runs_no_tasks)
{
	for (long i = scaled(50); i > 0; i--) {
		tl_executor *pool = executor_of(FIXED, 2, NULL);
		struct meeting *meeting = new_meeting(pool);
		tl_future *future = tl_submit(pool, joins_beside_tasks, meeting);
		assert_soon(atomic_load(&meeting->joining));
		tl_future *more = tl_submit(pool, is_it_inside, meeting);
		cr_assert_eq(tl_future_wait(future, MILLISECOND), -ETIMEDOUT);
		tl_future_set(&meeting->leave, NULL);
		cr_assert_null(tl_await(tl_await(future)));
		cr_assert_null(tl_await(more));
		cr_assert_eq(atomic_load(&meeting->tasks), 2);
		tl_executor_destroy(pool);
		free(meeting);
	}
	END_CLEAN();
}

static void *until_cancelled(tl_forks *at, void *argument)
{
	struct meeting *meeting = argument;
	(void)at;
	tl_future_set(&meeting->here, (void *)(uintptr_t)pthread_self());
	return VALUE(wait_until(tl_cancel_requested()));
}

static void *cancelled_in_branch(void *argument)
{
	struct meeting *meeting = argument;
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, until_cancelled, meeting);
	tl_future_wait(&meeting->here, TL_FOREVER);
	void *told = tl_join(&at, &branch);
	tl_run_end_(at);
	return told;
}

Test(fork_join, a_branch_in_another_thread_learns_that_its_task_is_cancelled)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	struct meeting *meeting = new_meeting(pool);
	tl_future *future = tl_submit(pool, cancelled_in_branch, meeting);
	cr_assert_eq(tl_future_wait(&meeting->here, TL_FOREVER), 0);
	cr_assert_eq(tl_future_cancel(future), -EINPROGRESS);
	cr_assert_eq(tl_await(future), VALUE(1));
	tl_executor_destroy(pool);
	free(meeting);
	END_CLEAN();
}
