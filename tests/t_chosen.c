/* SPDX-License-Identifier: MIT */
/* Submitting to a chosen worker: which one runs it, when, and in which order. */
#include "chosen.h"

enum { MOST = 8, EACH = 200 };

Test(chosen, only_that_worker_runs_them_and_in_the_order_of_submission)
{
	for (int workers = 1; workers <= MOST; workers *= 2) {
		static struct visit visits[MOST][EACH];
		tl_executor *pool = tl_fixed_pool_create((unsigned)workers, NULL);
		pthread_t thread[MOST];
		for (int w = 0; w < workers; w++)
			thread[w] = thread_of(pool, w);
		for (int i = 0; i < EACH; i++)
			for (int w = 0; w < workers; w++) {
				cr_assert_eq(submit_visit(pool, &visits[w][i], w), 0);
				tl_future_release(tl_submit(pool, identity, NULL));
			}
		tl_executor_destroy(pool);
		for (int w = 0; w < workers; w++)
			for (int i = 0; i < EACH; i++) {
				struct visit *here = &visits[w][i];
				cr_assert_eq(here->ran_by, w);
				cr_assert(pthread_equal(here->thread, thread[w]));
				cr_assert(!i || here->turn > here[-1].turn);
			}
	}
	END_CLEAN();
}

struct inside {
	tl_executor *pool;
	int workers;
	struct visit visits[MOST];
};

static void *submit_from_inside(void *argument)
{
	struct inside *inside = argument;
	for (int w = 0; w < inside->workers; w++)
		if (submit_visit(inside->pool, &inside->visits[w], w))
			return NULL;
	return inside;
}

Test(chosen, also_from_inside_of_the_pool)
{
	for (int workers = 1; workers <= MOST; workers *= 2)
		for (int round = 0; round < EACH; round++) {
			struct inside inside = {
				.pool = tl_fixed_pool_create((unsigned)workers, NULL),
				.workers = workers,
			};
			cr_assert_eq(tl_await(tl_submit(inside.pool, submit_from_inside,
			                                &inside)),
			             &inside);
			tl_executor_destroy(inside.pool);
			for (int w = 0; w < workers; w++)
				cr_assert_eq(inside.visits[w].ran_by, w);
		}
	END_CLEAN();
}

Test(chosen, a_worker_has_one_worker_and_one_order)
{
	struct gate gate = GATE;
	struct visit visits[100];
	tl_executor *worker = tl_worker_create(NULL);
	hold(worker, &gate, 1);
	atomic_store(&turns, 0);
	for (int i = 0; i < 100; i++)
		if (i % 2) {
			cr_assert_eq(submit_visit(worker, &visits[i], 0), 0);
		} else {
			tl_task_init(&visits[i].task, visit, &visits[i]);
			cr_assert_eq(tl_submit_task(worker, &visits[i].task), 0);
		}
	gate_open(&gate);
	tl_executor_destroy(worker);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(visits[i].turn, i);
	END_CLEAN();
}

Test(chosen, a_sleeping_worker_is_woken_by_one_wake_and_nobody_else_is)
{
	tl_executor *pool = tl_fixed_pool_create(3, &(tl_options){ .spin = TL_NONE });
	assert_soon(stats_of(pool).parks == 3);
	for (unsigned i = 0; i < 300; i++) {
		thread_of(pool, (int)(i % 3));
		assert_soon(stats_of(pool).parks == 4 + i);
		cr_assert_eq(stats_of(pool).wakes, i + 1);
	}
	cr_assert_eq(stats_of(pool).vain_wakes, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Whoever spins, or has just found nothing, is not missed either. */
Test(chosen, a_worker_on_its_way_to_sleep_comes_back)
{
	for (int spins = 0; spins < 2; spins++) {
		tl_options options = { .spin = spins ? 50 * MICROSECOND : TL_NONE };
		tl_executor *pool = tl_fixed_pool_create(2, &options);
		for (int i = 0; i < scaled(20000); i++)
			thread_of(pool, i % 2);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

struct endless {
	tl_executor *pool;
	tl_task tasks[2];
	bool urgently;
	int turn;
	atomic_bool over;
};

/* Two that take turns in submitting each other: the list is never empty for long. */
static void *again(void *argument)
{
	struct endless *endless = argument;
	if (atomic_load(&endless->over))
		return NULL;
	tl_task *task = &endless->tasks[endless->turn = !endless->turn];
	tl_task_init(task, again, endless);
	int error = endless->urgently ? tl_submit_urgently(endless->pool, task)
	                              : tl_submit_to(endless->pool, 0, task);
	if (error && !(error == -ESHUTDOWN && atomic_load(&endless->over)))
		abort();
	return NULL;
}

Test(chosen, the_others_do_not_starve)
{
	struct endless endless = { .pool = tl_fixed_pool_create(1, NULL) };
	tl_await(tl_submit(endless.pool, again, &endless));
	for (int i = 0; i < 100; i++)
		cr_assert_eq(tl_await(tl_submit(endless.pool, identity, VALUE(i))),
		             VALUE(i));
	atomic_store(&endless.over, true);
	tl_executor_destroy(endless.pool);
	END_CLEAN();
}

Test(chosen, they_do_not_starve_behind_urgent_ones)
{
	struct endless endless = { .pool = tl_fixed_pool_create(1, NULL),
		                   .urgently = true };
	tl_await(tl_submit(endless.pool, again, &endless));
	for (int i = 0; i < 100; i++) {
		thread_of(endless.pool, 0);
		tl_await(tl_submit(endless.pool, identity, NULL));
	}
	atomic_store(&endless.over, true);
	tl_executor_destroy(endless.pool);
	END_CLEAN();
}

Test(chosen, urgent_ones_go_first_and_all_others_later)
{
	struct gate gate = GATE;
	struct visit plain, chosen, urgent;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	hold(pool, &gate, 1);
	tl_task_init(&plain.task, visit, &plain);
	tl_task_init(&urgent.task, visit, &urgent);
	cr_assert_eq(tl_submit_task(pool, &plain.task), 0);
	cr_assert_eq(submit_visit(pool, &chosen, 0), 0);
	cr_assert_eq(tl_submit_urgently(pool, &urgent.task), 0);
	gate_open(&gate);
	tl_executor_destroy(pool);
	cr_assert_lt(urgent.turn, chosen.turn);
	cr_assert_lt(chosen.turn, plain.turn);
	END_CLEAN();
}

Test(chosen, a_shutdown_drains_them_where_they_belong)
{
	for (int workers = 1; workers <= MOST; workers *= 2) {
		struct gate gate = GATE;
		static struct visit visits[MOST][10];
		tl_executor *pool = tl_fixed_pool_create((unsigned)workers, NULL);
		hold(pool, &gate, workers);
		for (int i = 0; i < 10; i++)
			for (int w = 0; w < workers; w++)
				cr_assert_eq(submit_visit(pool, &visits[w][i], w), 0);
		cr_assert_eq(stats_of(pool).queued, (uint64_t)workers * 10);
		cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, 0), -ETIMEDOUT);
		struct visit late;
		cr_assert_eq(submit_visit(pool, &late, 0), -ESHUTDOWN);
		gate_open(&gate);
		cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
		cr_assert_eq(stats_of(pool).queued, 0);
		cr_assert_eq(stats_of(pool).completed, (uint64_t)workers * 11);
		tl_executor_destroy(pool);
		for (int i = 0; i < 10; i++)
			for (int w = 0; w < workers; w++)
				cr_assert_eq(visits[w][i].ran_by, w);
	}
	END_CLEAN();
}

Test(chosen, a_shutdown_that_cancels_ends_them)
{
	struct gate gate = GATE;
	struct visit visits[20];
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	hold(pool, &gate, 2);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(submit_visit(pool, &visits[i], i % 2), 0);
	cr_assert_eq(tl_executor_shutdown(pool, TL_CANCEL, 0), -ETIMEDOUT);
	for (int i = 0; i < 20; i++)
		cr_assert(tl_future_cancelled(&visits[i].task.future));
	gate_open(&gate);
	cr_assert_eq(tl_executor_shutdown(pool, TL_CANCEL, TL_FOREVER), 0);
	cr_assert_eq(stats_of(pool).cancelled, 20);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(chosen, one_is_cancelled_out_of_the_middle)
{
	struct gate gate = GATE;
	struct visit visits[9];
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	hold(pool, &gate, 2);
	atomic_store(&turns, 0);
	for (int i = 0; i < 9; i++)
		cr_assert_eq(submit_visit(pool, &visits[i], 1), 0);
	for (int i = 0; i < 9; i += 4)
		cr_assert_eq(tl_task_withdraw(&visits[i].task), 0);
	/* its memory is ours again */
	cr_assert_eq(submit_visit(pool, &visits[4], 0), 0);
	gate_open(&gate);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&turns), 7);
	for (int i = 0; i < 9; i++)
		cr_assert_eq(visits[i].ran_by, i == 4 ? 0 : i % 4 ? 1 : -1);
	END_CLEAN();
}
