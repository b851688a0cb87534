/* SPDX-License-Identifier: MIT */
/* The urgent lane: tasks that go in front of the others, which don't starve. */
#include "support.h"

enum { OTHERS = 100 };

static struct {
	atomic_int next;
	int urgent; /* when the urgent one ran */
} order;

static void *note(void *urgent)
{
	int mine = atomic_fetch_add(&order.next, 1);
	if (urgent)
		order.urgent = mine;
	return urgent;
}

Test(urgent, an_urgent_task_goes_in_front_of_the_others)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_executor *executor = executor_of(kind, 1, NULL);
		tl_task task;
		hold(executor, &gate, 1);
		atomic_store(&order.next, 0);
		for (int i = 0; i < OTHERS; i++)
			tl_future_release(tl_submit(executor, note, NULL));
		tl_task_init(&task, note, VALUE(1));
		cr_assert_eq(tl_submit_urgently(executor, &task), 0);
		cr_assert_eq(stats_of(executor).queued, OTHERS + 1);
		gate_open(&gate);
		tl_executor_destroy(executor);
		cr_assert_eq(order.urgent, 0);
		cr_assert_eq(atomic_load(&order.next), OTHERS + 1);
	}
	END_CLEAN();
}

struct inside {
	tl_executor *executor;
	tl_task task;
};

static void *submit_inside(void *argument)
{
	struct inside *inside = argument;
	for (int i = 0; i < OTHERS; i++)
		tl_future_release(tl_submit(inside->executor, note, NULL));
	tl_task_init(&inside->task, note, VALUE(1));
	return VALUE(tl_submit_urgently(inside->executor, &inside->task));
}

Test(urgent, also_in_front_of_what_the_same_task_submits)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct inside inside = { .executor = executor_of(
						 kind, 1,
						 &(tl_options){ .max_workers = 1 }) };
		atomic_store(&order.next, 0);
		if (kind == ADAPTIVE)
			cr_assert_eq(tl_executor_set_max_workers(inside.executor, 1), 0);
		cr_assert_eq(tl_await(tl_submit(inside.executor, submit_inside, &inside)),
		             VALUE(0));
		tl_executor_destroy(inside.executor);
		cr_assert_eq(order.urgent, 0);
	}
	END_CLEAN();
}

struct endless {
	tl_executor *executor;
	tl_task tasks[2];
	atomic_bool over;
};

static void *again(void *argument);

static void submit_again(struct endless *endless, int which)
{
	tl_task_init(&endless->tasks[which], again, endless);
	int error = tl_submit_urgently(endless->executor, &endless->tasks[which]);
	/* It may have looked at `over' just before that was set. */
	if (error && !(error == -ESHUTDOWN && atomic_load(&endless->over)))
		abort();
}

/* Two that take turns in submitting each other: the lane is never empty for long. */
static void *again(void *argument)
{
	struct endless *endless = argument;
	static int turn;
	if (!atomic_load(&endless->over))
		submit_again(endless, turn = !turn);
	return NULL;
}

Test(urgent, the_others_do_not_starve)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct endless endless = { .executor = executor_of(kind, 1, NULL) };
		submit_again(&endless, 0);
		for (int i = 0; i < 100; i++)
			cr_assert_eq(
				tl_await(tl_submit(endless.executor, identity, VALUE(i))),
				VALUE(i));
		atomic_store(&endless.over, true);
		tl_executor_destroy(endless.executor);
	}
	END_CLEAN();
}

Test(urgent, they_are_cancelled_and_refused_as_others_are)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		tl_options options = { .max_pending = 3 };
		tl_executor *executor = executor_of(kind, 1, &options);
		tl_task tasks[4];
		atomic_long ran = 0;
		hold(executor, &gate, 1);
		for (int round = 0; round < 3; round++)
			for (int i = 0; i < 3; i++) {
				tl_task_init(&tasks[i], add_one, &ran);
				cr_assert_eq(tl_submit_urgently(executor, &tasks[i]), 0);
				if (round < 2 && i == 2)
					for (int k = 0; k < 3; k++)
						cr_assert_eq(tl_task_withdraw(&tasks[k]),
						             0);
			}
		tl_task_init(&tasks[3], add_one, &ran);
		cr_assert_eq(tl_submit_urgently(executor, &tasks[3]), -EAGAIN);
		cr_assert_eq(tl_executor_shutdown(executor, TL_CANCEL, 0), -ETIMEDOUT);
		cr_assert_eq(tl_submit_urgently(executor, &tasks[3]), -ESHUTDOWN);
		for (int i = 0; i < 3; i++)
			cr_assert(tl_future_cancelled(&tasks[i].future));
		gate_open(&gate);
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&ran), 0);
	}
	END_CLEAN();
}

static void *wait_inside(void *argument)
{
	struct inside *inside = argument;
	tl_task_init(&inside->task, identity, VALUE(7));
	if (tl_submit_urgently(inside->executor, &inside->task))
		return NULL;
	void *value = NULL;
	tl_future_result(&inside->task.future, &value, TL_FOREVER);
	return value;
}

Test(urgent, a_task_may_wait_for_one_and_a_serial_queue_has_none)
{
	struct inside inside = { .executor = tl_fixed_pool_create(1, NULL) };
	cr_assert_eq(tl_await(tl_submit(inside.executor, wait_inside, &inside)),
	             VALUE(7));
	tl_executor *serial = tl_serial_create(inside.executor, 1);
	tl_task_init(&inside.task, identity, NULL);
	cr_assert_eq(tl_submit_urgently(serial, &inside.task), -EINVAL);
	cr_assert_eq(tl_submit_urgently(NULL, &inside.task), -EINVAL);
	cr_assert_eq(tl_submit_task(serial, &inside.task), 0);
	tl_executor_destroy(serial);
	tl_executor_destroy(inside.executor);
	END_CLEAN();
}
