/* SPDX-License-Identifier: MIT */
/* Shutting down and destroying: nothing accepted is lost, nothing later is accepted. */
#include "support.h"

/* Shut down in a thread of its own, until the executor refuses. */
struct closing {
	tl_executor *executor;
	enum tl_shutdown_mode how;
	pthread_t thread;
	int result;
};

static void *shut_down(void *argument)
{
	struct closing *closing = argument;
	closing->result =
		tl_executor_shutdown(closing->executor, closing->how, TL_FOREVER);
	return NULL;
}

static bool refuses(tl_executor *executor)
{
	errno = 0;
	tl_future *future = tl_submit(executor, identity, NULL);
	tl_future_release(future);
	return !future && errno == ESHUTDOWN;
}

static void close_begin(struct closing *closing)
{
	pthread_create(&closing->thread, NULL, shut_down, closing);
	assert_soon(refuses(closing->executor));
}

Test(shutdown, drain_runs_what_was_accepted)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int n = 0; n <= 10000; n += 5000) {
			tl_executor *executor = executor_of(kind, 2, NULL);
			struct gate gate = GATE;
			atomic_long ran = 0;
			hold(executor, &gate, 1);
			for (int i = 0; i < n; i++)
				tl_future_release(tl_submit(executor, add_one, &ran));
			struct closing closing = { .executor = executor,
				                   .how = TL_DRAIN };
			close_begin(&closing);
			gate_open(&gate);
			pthread_join(closing.thread, NULL);
			cr_assert_eq(closing.result, 0);
			cr_assert_geq(atomic_load(&ran), n);
			END_CLEAN(); /* its threads have ended */
			cr_assert_eq(tl_executor_shutdown(executor, TL_DRAIN, 0), 0);
			cr_assert_eq(
				tl_executor_shutdown(executor, TL_CANCEL, TL_FOREVER), 0);
			cr_assert_eq(tl_executor_destroy(executor), 0);
		}
	END_CLEAN();
}

static void *wait_for(void *future)
{
	return VALUE(tl_future_result(future, NULL, TL_FOREVER));
}

Test(shutdown, cancel_ends_what_is_pending_and_wakes_its_waiters)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		struct gate gate = GATE;
		tl_future *futures[50];
		pthread_t waiters[50];
		atomic_long ran = 0;
		int running = kind == WORKER ? 1 : 2;
		tl_future *runs = tl_submit(executor, gate_pass, &gate);
		assert_soon(atomic_load(&gate.inside) == 1);
		hold(executor, &gate, running - 1);
		for (int i = 0; i < 50; i++) {
			futures[i] = tl_submit(executor, add_one, &ran);
			pthread_create(&waiters[i], NULL, wait_for, futures[i]);
		}
		struct closing closing = { .executor = executor, .how = TL_CANCEL };
		close_begin(&closing);
		gate_open(&gate);
		for (int i = 0; i < 50; i++) {
			void *result = NULL;
			pthread_join(waiters[i], &result);
			cr_assert_eq(result, VALUE(-ECANCELED));
			cr_assert(tl_future_cancelled(futures[i]));
			tl_future_release(futures[i]);
		}
		pthread_join(closing.thread, NULL);
		cr_assert_eq(closing.result, 0);
		cr_assert_eq(tl_await(runs), &gate); /* what ran, finished */
		cr_assert_eq(atomic_load(&ran), 0);
		cr_assert_geq(stats_of(executor).cancelled, 50);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(shutdown, cancel_ends_thousands)
{
	for (int kind = 0; kind < KINDS; kind++) {
		enum { TASKS = 8000 };
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct gate gate = GATE;
		atomic_long ran = 0;
		tl_task *tasks = calloc(TASKS, sizeof *tasks);
		hold(executor, &gate, 1);
		for (int i = 0; i < TASKS; i++) {
			tl_task_init(&tasks[i], add_one, &ran);
			cr_assert_eq(tl_submit_task(executor, &tasks[i]), 0);
		}
		struct closing closing = { .executor = executor, .how = TL_CANCEL };
		close_begin(&closing);
		gate_open(&gate);
		pthread_join(closing.thread, NULL);
		for (int i = 0; i < TASKS; i++)
			cr_assert(tl_future_cancelled(&tasks[i].future));
		cr_assert_eq(atomic_load(&ran), 0);
		tl_stats stats = stats_of(executor);
		cr_assert_eq(stats.submitted, stats.completed + stats.cancelled);
		tl_executor_destroy(executor);
		free(tasks);
	}
	END_CLEAN();
}

Test(shutdown, that_times_out_can_be_called_again)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int last = TL_DRAIN; last <= TL_CANCEL; last++) {
			tl_executor *executor = executor_of(kind, 1, NULL);
			struct gate gate = GATE;
			atomic_long ran = 0;
			hold(executor, &gate, 1);
			tl_future *pending = tl_submit(executor, add_one, &ran);
			cr_assert_eq(tl_executor_shutdown(executor, TL_DRAIN, 0),
			             -ETIMEDOUT);
			cr_assert(refuses(executor));
			int64_t start = now();
			cr_assert_eq(
				tl_executor_shutdown(executor, TL_DRAIN, 2 * MILLISECOND),
				-ETIMEDOUT);
			cr_assert_geq(now() - start, 2 * MILLISECOND);
			cr_assert_eq(tl_executor_shutdown(executor,
			                                  (enum tl_shutdown_mode)last,
			                                  MILLISECOND),
			             -ETIMEDOUT);
			gate_open(&gate);
			cr_assert_eq(tl_executor_shutdown(executor,
			                                  (enum tl_shutdown_mode)last,
			                                  TL_FOREVER),
			             0);
			cr_assert_eq(tl_future_result(pending, NULL, 0),
			             last == TL_CANCEL ? -ECANCELED : 0);
			cr_assert_eq(atomic_load(&ran), last == TL_DRAIN);
			tl_future_release(pending);
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

Test(shutdown, bad_arguments_are_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, -1), -EINVAL);
	cr_assert_eq(tl_executor_shutdown(NULL, TL_DRAIN, 0), -EINVAL);
	cr_assert_eq(tl_executor_destroy(NULL), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *destroy_own(void *executor)
{
	return VALUE(tl_executor_destroy(executor));
}

static void *shut_down_own(void *executor)
{
	return VALUE(tl_executor_shutdown(executor, TL_DRAIN, TL_FOREVER));
}

Test(shutdown, destroy_from_its_own_task_changes_nothing)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		cr_assert_eq(tl_await(tl_submit(executor, destroy_own, executor)),
		             VALUE(-EDEADLK));
		cr_assert_eq(tl_await(tl_submit(executor, identity, VALUE(4))), VALUE(4));
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(shutdown, from_its_own_task_begins_and_is_told)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		cr_assert_eq(tl_await(tl_submit(executor, shut_down_own, executor)),
		             VALUE(-EDEADLK));
		cr_assert(refuses(executor));
		cr_assert_eq(tl_executor_shutdown(executor, TL_DRAIN, TL_FOREVER), 0);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(shutdown, of_another_executor_from_a_task)
{
	tl_executor *outer = tl_fixed_pool_create(1, NULL);
	tl_executor *inner = tl_adaptive_pool_create(NULL);
	tl_future *future = tl_submit(inner, identity, VALUE(1));
	cr_assert_eq(tl_await(tl_submit(outer, shut_down_own, inner)), VALUE(0));
	cr_assert_eq(tl_await(tl_submit(outer, destroy_own, inner)), VALUE(0));
	cr_assert_eq(tl_await(future), VALUE(1));
	tl_executor_destroy(outer);
	END_CLEAN();
}

struct inside {
	tl_executor *executor;
	struct gate gate;
	bool refused;
};

static void *submit_inside(void *argument)
{
	struct inside *inside = argument;
	gate_pass(&inside->gate);
	inside->refused = refuses(inside->executor);
	return NULL;
}

Test(shutdown, refuses_what_its_tasks_submit)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct inside inside = { .executor = executor_of(kind, 1, NULL),
			                 .gate = GATE };
		struct closing closing = { .executor = inside.executor, .how = TL_DRAIN };
		tl_future_release(tl_submit(inside.executor, submit_inside, &inside));
		close_begin(&closing);
		gate_open(&inside.gate);
		pthread_join(closing.thread, NULL);
		cr_assert(inside.refused);
		tl_executor_destroy(inside.executor);
	}
	END_CLEAN();
}
