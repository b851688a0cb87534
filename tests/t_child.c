/* SPDX-License-Identifier: MIT */
/* A child has none of its parent's threads: it is told so, hangs nowhere, runs nothing
 * twice, and may start afresh. */
#include "child.h"

/* Ended by exit, with all that atexit was given. (LeakSanitizer's own exit looks for the
 * threads of the parent, and for seconds.) */
static int starts_afresh_and_exits(void *unused)
{
	int status = starts_afresh(unused);
	if (!WITH_ASAN)
		exit(status);
	return status;
}

Test(fork, before_the_first_use_is_as_ever)
{
	cr_assert_eq(in_child(starts_afresh, NULL), 0);
	cr_assert_eq(tl_await(tl_go(identity, VALUE(1))), VALUE(1));
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}

Test(fork, after_shutdown_the_child_starts_afresh)
{
	cr_assert_eq(tl_await(tl_go(identity, VALUE(1))), VALUE(1));
	cr_assert_eq(tl_shutdown(), 0);
	cr_assert_eq(in_child(starts_afresh, NULL), 0);
	cr_assert_eq(tl_await(tl_go(identity, VALUE(2))), VALUE(2));
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}

static int forks_again(void *unused)
{
	MUST(starts_afresh(unused) == 0);
	MUST(in_child(starts_afresh, NULL) == 0);
	return starts_afresh(unused);
}

Test(fork, of_a_child_gives_a_child_that_starts_afresh)
{
	cr_assert_eq(tl_await(tl_go(identity, VALUE(1))), VALUE(1));
	cr_assert_eq(in_child(forks_again, NULL), 0);
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}

/* ---- What belongs to the parent ------------------------------------------------ */

struct family {
	tl_executor *executors[KINDS];
	tl_future *ended, *failed, *running, *queued, *spawned;
	tl_task own;
	tl_callback node;
	atomic_long *count; /* on a shared page */
};

static int executors_are_dead(struct family *family)
{
	tl_task task, *tasks[] = { &task };
	tl_stats stats;
	tl_task_init(&task, identity, NULL);
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = family->executors[kind];
		errno = 0;
		MUST(tl_submit(executor, identity, NULL) == NULL);
		MUST(errno == EOWNERDEAD);
		MUST(tl_submit_task(executor, &task) == -EOWNERDEAD);
		MUST(tl_submit_tasks(executor, tasks, 1) == -EOWNERDEAD);
		MUST(tl_executor_stats(executor, &stats, sizeof stats) == -EOWNERDEAD);
		MUST(tl_executor_shutdown(executor, TL_CANCEL, TL_FOREVER) ==
		     -EOWNERDEAD);
		MUST(tl_executor_destroy(executor) == -EOWNERDEAD);
	}
	tl_executor *adaptive = family->executors[ADAPTIVE];
	MUST(tl_executor_set_max_workers(adaptive, 3) == -EOWNERDEAD);
	MUST(tl_executor_set_idle_timeout(adaptive, 0) == -EOWNERDEAD);
	MUST(tl_task_run(&task) == 0);
	return 0;
}

static int task_is_lost(tl_future *future)
{
	tl_callback node = { .function = count_callback };
	void *value;
	MUST(!tl_future_done(future));
	MUST(tl_future_wait(future, TL_FOREVER) == -EOWNERDEAD);
	MUST(tl_future_result(future, &value, TL_FOREVER) == -EOWNERDEAD);
	MUST(tl_future_cancel(future) == -EOWNERDEAD);
	MUST(tl_future_on_done(future, &node) == -EOWNERDEAD);
	MUST(tl_wait(&future, 1, TL_ALL, TL_FOREVER) == -EOWNERDEAD);
	MUST(tl_wait(&future, 1, TL_ANY, TL_FOREVER) == -EOWNERDEAD);
	MUST(tl_wait(&future, 1, TL_FIRST_ERROR, TL_FOREVER) == -EOWNERDEAD);
	return 0;
}

static int child_of_a_busy_parent(void *argument)
{
	struct family *family = argument;
	void *value = NULL;
	MUST(executors_are_dead(family) == 0);
	MUST(task_is_lost(family->running) == 0);
	MUST(task_is_lost(family->queued) == 0);
	MUST(task_is_lost(family->spawned) == 0);
	MUST(task_is_lost(&family->own.future) == 0);
	MUST(tl_task_withdraw(&family->own) == -EOWNERDEAD);

	int removed = tl_future_remove(family->queued, &family->node);
	MUST(removed == 0 || removed == -EOWNERDEAD);

	MUST(tl_future_result(family->ended, &value, TL_FOREVER) == 0);
	MUST(value == VALUE(11));
	MUST(tl_future_result(family->failed, &value, TL_FOREVER) == -EIO);
	tl_future *some[] = { family->queued, family->ended };
	MUST(tl_wait(some, 2, TL_ANY, TL_FOREVER) == 1);

	errno = 0;
	MUST(tl_await(family->running) == NULL && errno == EOWNERDEAD);
	tl_future_release(family->queued);

	if (WITH_TSAN)
		return 0;
	/* What has ended or was given up may be used again. */
	tl_task_init(&family->own, identity, VALUE(3));
	tl_executor *executor = executor_of(FIXED, 1, NULL);
	MUST(tl_submit_task(executor, &family->own) == 0);
	MUST(tl_future_wait(&family->own.future, TL_FOREVER) == 0);
	MUST(tl_executor_destroy(executor) == 0);
	return starts_afresh(NULL);
}

static void family_begin(struct family *family, struct gate *gate)
{
	family->count = shared_page();
	for (int kind = 0; kind < KINDS; kind++)
		family->executors[kind] = executor_of(kind, 1, NULL);
	tl_executor *pool = family->executors[FIXED];
	family->ended = tl_submit(pool, identity, VALUE(11));
	family->failed = tl_submit(pool, fail_with, VALUE(-EIO));
	cr_assert_eq(tl_future_wait(family->ended, TL_FOREVER), 0);
	cr_assert_eq(tl_future_wait(family->failed, TL_FOREVER), 0);
	family->running = tl_submit(pool, gate_pass, gate);
	family->spawned = tl_spawn(gate_pass, gate);
	assert_soon(atomic_load(&gate->inside) == 2);
	family->queued = tl_submit(pool, add_one, family->count);
	family->node.function = count_callback;
	family->node.context = family->count;
	cr_assert_eq(tl_future_on_done(family->queued, &family->node), 0);
	tl_task_init(&family->own, add_one, family->count);
	cr_assert_eq(tl_submit_task(pool, &family->own), 0);
}

static void family_end(struct family *family, struct gate *gate)
{
	gate_open(gate);
	for (int kind = 0; kind < KINDS; kind++)
		tl_executor_destroy(family->executors[kind]);
	cr_assert_eq(tl_future_wait(family->spawned, TL_FOREVER), 0);
	cr_assert_eq(atomic_load(family->count), 3);
	tl_future_release(family->ended);
	tl_future_release(family->failed);
	tl_future_release(family->running);
	tl_future_release(family->queued);
	tl_future_release(family->spawned);
}

Test(fork, leaves_executors_and_unfinished_tasks_to_the_parent)
{
	struct gate gate = GATE;
	struct family family = { 0 };
	family_begin(&family, &gate);
	cr_assert_eq(in_child(child_of_a_busy_parent, &family), 0);
	family_end(&family, &gate);
	END_CLEAN();
}

Test(fork, then_exit_drains_nothing_of_the_parents)
{
	struct gate gate = GATE;
	atomic_long *ran = shared_page();
	tl_set_max_workers(1);
	tl_future *first = tl_go(gate_pass, &gate);
	tl_future *behind = tl_go(add_one, ran);
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(in_child(starts_afresh_and_exits, NULL), 0);
	cr_assert_eq(atomic_load(ran), 0);
	gate_open(&gate);
	tl_await(first);
	tl_await(behind);
	cr_assert_eq(atomic_load(ran), 1);
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}
