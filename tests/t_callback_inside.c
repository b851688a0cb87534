/* SPDX-License-Identifier: MIT */
/* Callbacks that wait for the executor below them, or end it: -EDEADLK, not for ever. */
#include "support.h"

struct inside {
	tl_executor *executor;
	tl_future *future;
	tl_callback node;
	int result;
	tl_future over;
};

static void told(struct inside *inside, int result)
{
	inside->result = result;
	tl_future_set(&inside->over, NULL);
}

static void destroys(tl_future *future, void *context)
{
	struct inside *inside = context;
	(void)future;
	told(inside, tl_executor_destroy(inside->executor));
}

static void waits(tl_future *future, void *context)
{
	struct inside *inside = context;
	(void)future;
	told(inside, tl_future_wait(inside->future, TL_FOREVER));
}

/* What `function` returns in a callback of the task. */
static void when_done(struct inside *inside, tl_task *task,
                      void (*function)(tl_future *, void *))
{
	inside->node = (tl_callback){ .function = function, .context = inside };
	inside->result = 1;
	tl_future_init(&inside->over);
	tl_future_on_done(&task->future, &inside->node);
}

static int result_of(struct inside *inside)
{
	tl_future_wait(&inside->over, TL_FOREVER);
	return inside->result;
}

static void *waits_for(void *future)
{
	return VALUE(tl_future_wait(future, TL_FOREVER));
}

/* ---- Serial queues ---------------------------------------------------------------- */

Test(callback_inside, serial_queue_is_not_destroyed_in_its_own_turn)
{
	for (unsigned width = 1; width <= 2; width++)
		for (int waiting = 0; waiting < 2; waiting++) {
			tl_executor *pool = tl_fixed_pool_create(1, NULL);
			struct gate gate = GATE;
			struct inside inside = { .executor =
				                         tl_serial_create(pool, width) };
			tl_task task, waiter;
			hold(pool, &gate, 1);
			tl_task_init(&task, identity, NULL);
			tl_task_init(&waiter, waits_for, &task.future);
			when_done(&inside, &task, destroys);
			if (waiting) /* it has the turn, in place of the pool's loop */
				tl_submit_task(pool, &waiter);
			tl_submit_task(inside.executor, &task);
			gate_open(&gate);
			cr_assert_eq(result_of(&inside), -EDEADLK);
			if (waiting)
				tl_future_wait(&waiter.future, TL_FOREVER);
			cr_assert_eq(tl_executor_destroy(inside.executor), 0);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

Test(callback_inside, serial_queue_of_one_has_no_turn_for_what_is_behind)
{
	for (unsigned width = 1; width <= 2; width++) {
		tl_executor *pool = tl_fixed_pool_create(1, NULL);
		tl_executor *serial = tl_serial_create(pool, width);
		struct gate gate = GATE;
		tl_task first, behind;
		struct inside inside = { .future = &behind.future };
		tl_task_init(&first, gate_pass, &gate);
		tl_task_init(&behind, identity, NULL);
		when_done(&inside, &first, waits);
		tl_submit_task(serial, &first);
		assert_soon(atomic_load(&gate.inside) == 1);
		tl_submit_task(serial, &behind);
		gate_open(&gate);
		cr_assert_eq(result_of(&inside), width == 1 ? -EDEADLK : 0);
		cr_assert_eq(tl_executor_destroy(serial), 0);
		cr_assert(tl_future_done(&behind.future));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void sets(tl_future *future, void *promise)
{
	(void)future;
	tl_future_set(promise, NULL);
}

/* The first one's callback sets what the second one waits for. */
Test(callback_inside, tasks_of_a_serial_queue_that_is_drained_here_have_theirs_at_once)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct inside inside = { .executor = tl_serial_create(pool, 1) };
	struct gate gate = GATE;
	tl_task drains, first, second;
	tl_future promise;
	tl_callback node = { .function = sets, .context = &promise };
	tl_future_init(&promise);
	tl_task_init(&drains, gate_pass, &gate);
	tl_task_init(&first, identity, NULL);
	tl_task_init(&second, waits_for, &promise);
	when_done(&inside, &drains, destroys);
	tl_future_on_done(&first.future, &node);
	tl_submit_task(pool, &drains);
	assert_soon(atomic_load(&gate.inside) == 1);
	tl_submit_task(inside.executor, &first);
	tl_submit_task(inside.executor, &second);
	gate_open(&gate);
	cr_assert_eq(result_of(&inside), 0);
	cr_assert_eq(second.future.value_, VALUE(0));
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Threads outside ---------------------------------------------------------------- */

Test(callback_inside, helper_does_not_end_the_pool_that_it_helps)
{
	tl_options options = { .flags = TL_WAITERS_RUN };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	struct gate gate = GATE;
	struct inside inside = { .executor = pool };
	tl_task task;
	hold(pool, &gate, 1);
	tl_task_init(&task, identity, NULL);
	when_done(&inside, &task, destroys);
	tl_submit_task(pool, &task);
	cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
	cr_assert_eq(result_of(&inside), -EDEADLK);
	gate_open(&gate);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

Test(callback_inside, submitter_does_not_end_the_pool_for_which_it_runs_a_task)
{
	tl_options options = { .max_pending = 1, .when_full = TL_FULL_RUN };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	struct gate gate = GATE;
	struct inside inside = { .executor = pool };
	tl_task queued, task;
	hold(pool, &gate, 1);
	tl_task_init(&queued, identity, NULL);
	tl_submit_task(pool, &queued);
	tl_task_init(&task, identity, NULL);
	when_done(&inside, &task, destroys);
	cr_assert_eq(tl_submit_task(pool, &task), 0);
	cr_assert_eq(result_of(&inside), -EDEADLK);
	gate_open(&gate);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

/* ---- Workers ------------------------------------------------------------------------ */

Test(callback_inside, worker_does_not_wait_for_what_is_queued_behind)
{
	tl_executor *worker = tl_worker_create(NULL);
	struct gate gate = GATE;
	tl_task first, behind;
	struct inside inside = { .future = &behind.future };
	tl_task_init(&first, gate_pass, &gate);
	tl_task_init(&behind, identity, NULL);
	when_done(&inside, &first, waits);
	tl_submit_task(worker, &first);
	assert_soon(atomic_load(&gate.inside) == 1);
	tl_submit_task(worker, &behind);
	gate_open(&gate);
	cr_assert_eq(result_of(&inside), -EDEADLK);
	cr_assert_eq(tl_future_wait(&behind.future, TL_FOREVER), 0);

	gate_shut(&gate);
	tl_task_init(&first, gate_pass, &gate);
	inside.future = tl_after(worker, MICROSECOND, identity, NULL);
	when_done(&inside, &first, waits);
	tl_submit_task(worker, &first);
	gate_open(&gate);
	int result = result_of(&inside); /* 0: it was first */
	cr_assert(result == 0 || result == -EDEADLK);
	tl_await(inside.future);
	tl_executor_destroy(worker);
	END_CLEAN();
}

/* ---- What waits by callbacks of our own ----------------------------------------------- */

struct told {
	tl_future promise, ended, later, reply;
	tl_completions *queue;
	tl_executor *pool;
	int any, first, taken, last;
	uint64_t timers;
	atomic_bool waits;
};

static void wait_here(tl_future *future, void *context)
{
	struct told *told = context;
	tl_future *both[] = { &told->later, &told->ended };
	tl_completion one;
	(void)future;
	told->any = tl_wait(both, 2, TL_ANY, SECOND);
	tl_completions_add(told->queue, &told->ended, NULL);
	told->first = tl_completions_take(told->queue, &one, 1, SECOND);
	tl_completions_add(told->queue, &told->later, NULL);
	tl_future_set(&told->later, NULL);
	told->taken = tl_completions_take(told->queue, &one, 1, SECOND);
	tl_future *timer = tl_after(told->pool, 1000 * SECOND, identity, NULL);
	tl_future_cancel(timer);
	told->timers = stats_of(told->pool).timers;
	tl_future_release(timer);
}

static struct told *told_by(void (*function)(tl_future *, void *))
{
	struct told *told = calloc(1, sizeof *told);
	tl_callback node = { .function = function, .context = told };
	tl_future_init(&told->promise);
	tl_future_init(&told->ended);
	tl_future_init(&told->later);
	tl_future_init(&told->reply);
	tl_future_set(&told->ended, NULL);
	told->queue = tl_completions_create();
	told->pool = tl_fixed_pool_create(1, NULL);
	tl_future_on_done(&told->promise, &node);
	tl_future_set(&told->promise, NULL);
	tl_completions_destroy(told->queue);
	tl_executor_destroy(told->pool);
	return told;
}

Test(callback_inside, waits_are_told_of_what_has_ended_or_ends_there)
{
	struct told *told = told_by(wait_here);
	cr_assert_eq(told->any, 1);
	cr_assert_eq(told->first, 1);
	cr_assert_eq(told->taken, 1);
	cr_assert_eq(told->timers, 0);
	free(told);
	END_CLEAN();
}

static void *wait_for_any(void *argument)
{
	struct told *told = argument;
	tl_future *later = &told->later;
	atomic_store(&told->waits, true);
	told->any = tl_wait(&later, 1, TL_ANY, TL_FOREVER);
	tl_future_set(&told->reply, NULL);
	return NULL;
}

static void wait_for_reply(tl_future *future, void *context)
{
	struct told *told = context;
	(void)future;
	told->any = -1;
	tl_future *waiter = tl_submit(told->pool, wait_for_any, told);
	wait_until(atomic_load(&told->waits) && stats_of(told->pool).blocked == 1);
	tl_future_set(&told->later, NULL);
	told->last = tl_future_wait(&told->reply, patience());
	tl_future_release(waiter);
}

Test(callback_inside, who_waits_elsewhere_is_told_before_the_callback_returns)
{
	struct told *told = told_by(wait_for_reply);
	cr_assert_eq(told->last, 0);
	cr_assert_eq(told->any, 0);
	free(told);
	END_CLEAN();
}
