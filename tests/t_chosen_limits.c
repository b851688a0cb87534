/* SPDX-License-Identifier: MIT */
/* Submitting to a chosen worker: spares, full pools, bad use; and the worker's number. */
#include "chosen.h"

#include <stdio.h>

struct inside {
	tl_executor *pool;
	struct visit visits[2];
};

struct section {
	struct gate gate;
	tl_task task;
};

static void *in_section(void *argument)
{
	struct section *section = argument;
	tl_blocking_begin();
	gate_pass(&section->gate);
	tl_blocking_end();
	return NULL;
}

static void *gate_pass_numbered(void *gate)
{
	gate_pass(gate);
	return VALUE(tl_worker_number());
}

/* Who looks at the clock before a task, and fires timers, has put the task back meanwhile. */
Test(chosen_limits, timers_that_fire_in_between_change_neither_worker_nor_order)
{
	enum { WORKERS = 3, VISITS = 2000, TIMERS = 2000 };
	static struct visit visits[WORKERS][VISITS];
	tl_executor *pool = tl_fixed_pool_create(WORKERS, NULL);
	for (int i = 0; i < TIMERS; i++)
		tl_future_release(tl_after(pool, i * 5 * MICROSECOND, identity, NULL));
	for (int i = 0; i < VISITS; i++)
		for (int w = 0; w < WORKERS; w++)
			cr_assert_eq(submit_visit(pool, &visits[w][i], w), 0);
	for (int w = 0; w < WORKERS; w++)
		for (int i = 0; i < VISITS; i++) {
			struct visit *here = &visits[w][i];
			cr_assert_eq(tl_future_wait(&here->task.future, TL_FOREVER), 0);
			cr_assert_eq(here->ran_by, w);
			cr_assert(!i || here->turn > here[-1].turn);
		}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(chosen_limits, spares_do_not_run_them_and_the_pools_own_workers_stay)
{
	struct section section = { .gate = GATE };
	struct gate gate = GATE;
	struct visit here;
	tl_options options = { .spare_workers = 1, .idle_timeout = MILLISECOND };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	pthread_t thread = thread_of(pool, 0);
	tl_task_init(&section.task, in_section, &section);
	cr_assert_eq(tl_submit_to(pool, 0, &section.task), 0);
	assert_soon(atomic_load(&section.gate.inside) == 1);
	cr_assert_eq(submit_visit(pool, &here, 0), 0);
	cr_assert_eq(submit_visit(pool, &here, 1), -EINVAL);
	tl_future *stands_in = tl_submit(pool, gate_pass_numbered, &gate);
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(here.ran_by, -1);
	/* Now there is one too many, and it is the one that still has to do. */
	gate_open(&section.gate);
	cr_assert_eq(tl_future_wait(&here.task.future, TL_FOREVER), 0);
	cr_assert(pthread_equal(here.thread, thread));
	/* Nor does it end when it has been idle for longer than others may be. */
	for (int64_t end = now() + 20 * MILLISECOND; now() < end;)
		look_again(patience());
	cr_assert(pthread_equal(thread_of(pool, 0), thread));
	gate_open(&gate);
	cr_assert_eq(tl_await(stands_in), VALUE(1));
	assert_soon(stats_of(pool).workers == 1);
	cr_assert(pthread_equal(thread_of(pool, 0), thread));
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(chosen_limits, a_full_pool_refuses_them)
{
	for (unsigned how = TL_FULL_FAIL; how <= TL_FULL_RUN; how++) {
		struct gate gate = GATE;
		struct visit visits[3], late;
		tl_executor *pool =
			tl_fixed_pool_create(2, &(tl_options){ .max_pending = 3,
		                                               .when_full = how,
		                                               .full_timeout = 1 });
		hold(pool, &gate, 2);
		for (int round = 0; round < 2; round++) {
			for (int i = 0; i < 3; i++)
				cr_assert_eq(submit_visit(pool, &visits[i], i % 2), 0);
			cr_assert_eq(submit_visit(pool, &late, 0), -EAGAIN);
			cr_assert_eq(late.ran_by, -1);
			for (int i = 0; i < 3 && !round; i++)
				cr_assert_eq(tl_task_withdraw(&visits[i].task), 0);
		}
		gate_open(&gate);
		tl_future_wait(&visits[0].task.future, TL_FOREVER);
		tl_future_wait(&visits[1].task.future, TL_FOREVER);
		tl_future_wait(&visits[2].task.future, TL_FOREVER);
		assert_soon(tl_submit_to(pool, 0, &late.task) == 0);
		tl_executor_destroy(pool);
		cr_assert_eq(late.ran_by, 0);
	}
	END_CLEAN();
}

static void *submit_late(void *argument)
{
	struct inside *inside = argument;
	return VALUE(submit_visit(inside->pool, &inside->visits[1], 0));
}

Test(chosen_limits, who_may_wait_for_room_does_so)
{
	struct gate gate = GATE;
	struct inside inside = { 0 };
	tl_options options = { .max_pending = 1, .when_full = TL_FULL_WAIT };
	inside.pool = tl_fixed_pool_create(1, &options);
	hold(inside.pool, &gate, 1);
	cr_assert_eq(submit_visit(inside.pool, &inside.visits[0], 0), 0);
	tl_future *waits = tl_spawn(submit_late, &inside);
	cr_assert_eq(tl_future_wait(waits, MILLISECOND), -ETIMEDOUT);
	gate_open(&gate);
	cr_assert_eq(tl_await(waits), VALUE(0));
	tl_executor_destroy(inside.pool);
	cr_assert_lt(inside.visits[0].turn, inside.visits[1].turn);
	END_CLEAN();
}

Test(chosen_limits, bad_use_is_refused)
{
	tl_task task;
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_executor *adaptive = tl_adaptive_pool_create(NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	tl_executor *worker = tl_worker_create(NULL);
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_submit_to(NULL, 0, &task), -EINVAL);
	cr_assert_eq(tl_submit_to(pool, 0, NULL), -EINVAL);
	cr_assert_eq(tl_submit_to(pool, 2, &task), -EINVAL);
	cr_assert_eq(tl_submit_to(pool, UINT32_MAX, &task), -EINVAL);
	cr_assert_eq(tl_submit_to(adaptive, 0, &task), -EINVAL);
	cr_assert_eq(tl_submit_to(serial, 0, &task), -EINVAL);
	cr_assert_eq(tl_submit_to(worker, 1, &task), -EINVAL);
	cr_assert_eq(tl_submit_to(pool, 1, &task), 0);
	cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
	cr_assert_eq(tl_submit_to(pool, 1, &task), -EBUSY);
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_future_cancel(&task.future), 0);
	cr_assert_eq(tl_submit_to(pool, 1, &task), -ECANCELED);
	tl_executor_destroy(serial);
	tl_executor_destroy(worker);
	tl_executor_destroy(adaptive);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static int submit_in_child(void *pool)
{
	tl_task task;
	tl_task_init(&task, identity, NULL);
	return tl_submit_to(pool, 0, &task) == -EOWNERDEAD ? 0 : 1;
}

Test(chosen_limits, a_forked_child_has_no_such_worker)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	cr_assert_eq(in_child(submit_in_child, pool), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *is_in_the_name(void *unused)
{
	char name[32], number[16];
	(void)unused;
	if (!thread_name(gettid(), name))
		return VALUE(-1);
	snprintf(number, sizeof number, "/%d", tl_worker_number());
	size_t length = strlen(number), all = strlen(name);
	return VALUE(all > length && !strcmp(name + all - length, number));
}

Test(chosen_limits, the_number_is_that_of_the_threads_name)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 3, NULL);
		for (int i = 0; i < 50; i++)
			cr_assert_eq(tl_await(tl_submit(executor, is_in_the_name, NULL)),
			             VALUE(1));
		tl_executor_destroy(executor);
	}
	cr_assert_eq(tl_await(tl_go(is_in_the_name, NULL)), VALUE(1));
	tl_shutdown();
	END_CLEAN();
}

static void *own_number(void *unused)
{
	(void)unused;
	return VALUE(tl_worker_number());
}

Test(chosen_limits, outside_there_is_no_number_and_errno_stays)
{
	errno = 77;
	cr_assert_eq(tl_worker_number(), -1);
	cr_assert_eq(errno, 77);
	cr_assert_eq(tl_await(tl_spawn(own_number, NULL)), VALUE(-1));
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	cr_assert_eq(tl_await(tl_submit(serial, own_number, NULL)), VALUE(0));
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}
