/* SPDX-License-Identifier: MIT */
/* A child that is forked in a callback ends when that returns: also where the thread would
 * have gone on with a queue's turn, or with a task that waits. */
#include "support.h"

#include <sys/wait.h>

static void fork_in_callback(tl_future *future, void *child)
{
	(void)future;
	pid_t pid = fork();
	if (pid)
		atomic_store((atomic_long *)child, pid);
}

static void assert_ended(atomic_long *child)
{
	int status = -1;
	assert_soon(atomic_load(child) > 0);
	pid_t pid = (pid_t)atomic_exchange(child, 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

Test(fork_callback, child_runs_nothing_more_of_a_serial_queue)
{
	atomic_long *ran = shared_page(), child = 0;
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	tl_future *first = tl_submit(serial, gate_pass, &gate);
	tl_future *second = tl_submit(serial, add_one, ran);
	tl_callback node = { .function = fork_in_callback, .context = &child };
	cr_assert_eq(tl_future_on_done(first, &node), 0);
	gate_open(&gate);
	tl_await(first);
	tl_await(second);
	assert_ended(&child);
	cr_assert_eq(atomic_load(ran), 1);
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct waiting {
	tl_executor *queue;
	tl_task awaited;
	atomic_long *went_on;
};

static void *waits(void *argument)
{
	struct waiting *waiting = argument;
	tl_submit_task(waiting->queue, &waiting->awaited);
	tl_future_wait(&waiting->awaited.future, TL_FOREVER);
	return add_one(waiting->went_on);
}

Test(fork_callback, child_does_not_go_on_with_a_task_that_waits)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = tl_serial_create(pool, 1);
	struct waiting waiting = { .went_on = shared_page() };
	for (int round = 0; round < 2; round++) {
		atomic_long child = 0;
		tl_callback node = { .function = fork_in_callback, .context = &child };
		waiting.queue = round ? serial : pool;
		tl_task_init(&waiting.awaited, identity, NULL);
		cr_assert_eq(tl_future_on_done(&waiting.awaited.future, &node), 0);
		tl_await(tl_submit(pool, waits, &waiting));
		assert_ended(&child);
		cr_assert_eq(atomic_load(waiting.went_on), 1 + round);
	}
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}
