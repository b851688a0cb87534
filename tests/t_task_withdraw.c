/* SPDX-License-Identifier: MIT */
/* Tasks that are withdrawn: from the queue, while they run, by themselves. */
#include "support.h"

struct withdrawal {
	tl_task *task;
	pid_t thread;
	atomic_int begun;
	int result;
};

static void *withdraw(void *argument)
{
	struct withdrawal *withdrawal = argument;
	withdrawal->thread = gettid();
	atomic_store(&withdrawal->begun, 1);
	withdrawal->result = tl_task_withdraw(withdrawal->task);
	memset(withdrawal->task, 0xa5, sizeof *withdrawal->task);
	atomic_store(&withdrawal->begun, 2);
	return NULL;
}

/* In a thread of its own; opens the gate as soon as that has to wait. */
static int withdraw_and_open(tl_task *task, struct gate *gate)
{
	struct withdrawal withdrawal = { .task = task };
	pthread_t thread;
	pthread_create(&thread, NULL, withdraw, &withdrawal);
	assert_soon(atomic_load(&withdrawal.begun));
	assert_soon(atomic_load(&withdrawal.begun) == 2 ||
	            thread_state(withdrawal.thread) == 'S');
	gate_open(gate);
	pthread_join(thread, NULL);
	return withdrawal.result;
}

Test(task, withdrawn_from_a_queue_never_runs)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int ahead = 0; ahead <= 6000; ahead += 6000) {
			tl_executor *executor = executor_of(kind, 1, NULL);
			struct gate gate = GATE;
			atomic_long ran = 0;
			tl_task task;
			tl_task *fill = calloc(6000, sizeof *fill);
			hold(executor, &gate, 1);
			for (int i = 0; i < ahead; i++) {
				tl_task_init(&fill[i], identity, NULL);
				cr_assert_eq(tl_submit_task(executor, &fill[i]), 0);
			}
			tl_task_init(&task, add_one, &ran);
			cr_assert_eq(tl_submit_task(executor, &task), 0);
			cr_assert_eq(withdraw_and_open(&task, &gate), 0);
			tl_executor_destroy(executor);
			cr_assert_eq(atomic_load(&ran), 0);
			free(fill);
		}
	END_CLEAN();
}

Test(task, withdraw_waits_for_a_running_one)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	tl_task task;
	tl_task_init(&task, gate_pass, &gate);
	cr_assert_eq(tl_submit_task(pool, &task), 0);
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(withdraw_and_open(&task, &gate), -EALREADY);
	cr_assert_eq(atomic_load(&gate.passed), 1);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *withdraw_itself(void *task)
{
	return VALUE(tl_task_withdraw(task));
}

Test(task, withdraw_tells_what_had_become_of_it)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_task task;
	void *value = NULL;
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_task_withdraw(&task), 0); /* never submitted */
	cr_assert_eq(tl_task_withdraw(&task), -EALREADY);
	tl_task_init(&task, identity, NULL);
	tl_submit_task(pool, &task);
	cr_assert_eq(tl_future_wait(&task.future, TL_FOREVER), 0);
	cr_assert_eq(tl_task_withdraw(&task), -EALREADY);
	tl_task_init(&task, withdraw_itself, &task);
	tl_submit_task(pool, &task);
	cr_assert_eq(tl_future_result(&task.future, &value, TL_FOREVER), 0);
	cr_assert_eq(value, VALUE(-EDEADLK));
	tl_executor_destroy(pool);
	END_CLEAN();
}
