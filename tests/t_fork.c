/* SPDX-License-Identifier: MIT */
/* A child has none of its parent's threads: it is told so, hangs nowhere, runs nothing
 * twice, and may start afresh. */
#include "support.h"

#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

/* In a child there is nobody to report to but its exit status. */
#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: in the child: %s\n", __FILE__, __LINE__, \
			        #condition);                                             \
			return 1;                                                        \
		}                                                                        \
	} while (0)

/* ThreadSanitizer can't start threads in a child of a process that has had some. */
static int starts_afresh(void *unused)
{
	(void)unused;
	if (WITH_TSAN)
		return 0;
	for (long i = 1; i <= 100; i++)
		MUST(tl_await(tl_go(identity, VALUE(i))) == VALUE(i));
	MUST(tl_await(tl_spawn(identity, VALUE(5))) == VALUE(5));
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		MUST(executor);
		MUST(tl_await(tl_submit(executor, identity, VALUE(6))) == VALUE(6));
		MUST(tl_executor_destroy(executor) == 0);
	}
	MUST(tl_shutdown() == 0);
	MUST(tl_await(tl_go(identity, VALUE(7))) == VALUE(7));
	return 0;
}

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

static void count_callback(tl_future *future, void *count)
{
	(void)future;
	atomic_fetch_add((atomic_long *)count, 1);
}

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

/* ---- At any moment ------------------------------------------------------------- */

struct storm {
	tl_executor *pool;
	atomic_bool stop;
};

static void *submit_and_wait(void *argument)
{
	struct storm *storm = argument;
	while (!atomic_load(&storm->stop)) {
		tl_future *futures[32];
		tl_future *mine = tl_go(identity, VALUE(1));
		for (size_t i = 0; i < LENGTH(futures); i++)
			futures[i] = tl_submit(storm->pool, identity, VALUE(i));
		tl_wait(futures, LENGTH(futures), TL_FIRST_ERROR, TL_FOREVER);
		tl_await(tl_spawn(identity, NULL));
		for (size_t i = 0; i < LENGTH(futures); i++)
			tl_future_release(futures[i]);
		tl_await(mine);
	}
	return NULL;
}

/* The sanitizers' own malloc may be locked for ever in a child of many threads. */
static int is_told_so(void *argument)
{
	struct storm *storm = argument;
	errno = 0;
	MUST(!tl_submit(storm->pool, identity, NULL) && errno == EOWNERDEAD);
	return WITH_ASAN ? 0 : starts_afresh(NULL);
}

static int is_told_so_and_exits(void *argument)
{
	int status = is_told_so(argument);
	if (!WITH_ASAN)
		exit(status);
	return status;
}

Test(fork, in_the_middle_of_submits_from_other_threads)
{
	if (emulated())
		return; /* its own locks are held for ever in a child of busy threads */
	struct storm storm = { .pool = tl_adaptive_pool_create(NULL) };
	pthread_t threads[3];
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, submit_and_wait, &storm);
	for (long i = scaled(100); i > 0; i--) {
		int status = in_child(i % 2 ? is_told_so : is_told_so_and_exits, &storm);
		cr_assert_eq(status, 0, "status %d", status);
	}
	atomic_store(&storm.stop, true);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	tl_executor_destroy(storm.pool);
	tl_shutdown();
	END_CLEAN();
}

/* ---- From inside --------------------------------------------------------------- */

/* The child uses the library at once, then returns into a pool that isn't there. */
static void *fork_inside(void *argument)
{
	atomic_long *shared = argument;
	pid_t child = fork();
	if (child)
		return VALUE(child);
	if (starts_afresh(NULL) == 0)
		atomic_fetch_add(&shared[0], 1);
	return NULL;
}

static int exit_status(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		cr_assert_eq(errno, EINTR);
	return status;
}

static void check_forked_inside(tl_future *future, atomic_long *shared, long callbacks)
{
	tl_callback node = { .function = count_callback, .context = &shared[1] };
	cr_assert_eq(tl_future_on_done(future, &node), 0);
	cr_assert_eq(tl_future_wait(future, TL_FOREVER), 0);
	tl_future_remove(future, &node); /* it has run, and the node is ours */
	pid_t child = (pid_t)(intptr_t)tl_await(future);
	cr_assert_gt(child, 0);
	cr_assert_eq(exit_status(child), 0);
	cr_assert_eq(atomic_load(&shared[1]), callbacks);
	cr_assert_eq(atomic_load(&shared[0]), callbacks);
}

Test(fork, inside_a_task_ends_the_child_when_the_task_returns)
{
	atomic_long *shared = shared_page();
	long callbacks = 0;
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		check_forked_inside(tl_submit(executor, fork_inside, shared), shared,
		                    ++callbacks);
		cr_assert_eq(tl_await(tl_submit(executor, identity, VALUE(1))), VALUE(1));
		tl_executor_destroy(executor);
	}
	check_forked_inside(tl_go(fork_inside, shared), shared, ++callbacks);
	check_forked_inside(tl_spawn(fork_inside, shared), shared, ++callbacks);
	tl_shutdown();
	END_CLEAN();
}

static void fork_in_hook(void *shared)
{
	void *child = fork_inside(shared);
	if (child)
		atomic_store((atomic_long *)shared + 2, (long)(intptr_t)child);
}

static void fork_in_callback(tl_future *future, void *shared)
{
	(void)future;
	fork_in_hook(shared);
}

Test(fork, inside_hooks_and_callbacks_ends_the_child_on_return)
{
	atomic_long *shared = shared_page();
	tl_options options = { .on_start = fork_in_hook, .hook_context = shared };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	assert_soon(atomic_load(&shared[2]) > 0);
	cr_assert_eq(exit_status((pid_t)atomic_exchange(&shared[2], 0)), 0);

	struct gate gate = GATE;
	tl_future *future = tl_submit(pool, gate_pass, &gate);
	tl_callback node = { .function = fork_in_callback, .context = shared };
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert_eq(tl_future_on_done(future, &node), 0);
	gate_open(&gate);
	tl_await(future);
	assert_soon(atomic_load(&shared[2]) > 0);
	cr_assert_eq(exit_status((pid_t)atomic_load(&shared[2])), 0);
	cr_assert_eq(atomic_load(&shared[0]), 2);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Other ways to a new process ----------------------------------------------- */

Test(fork, vfork_and_posix_spawn_change_nothing)
{
	static char path[] = "/bin/true", *arguments[] = { path, NULL },
		    *none[] = { NULL };
	struct storm storm = { .pool = tl_fixed_pool_create(2, NULL) };
	pthread_t thread;
	pthread_create(&thread, NULL, submit_and_wait, &storm);
	for (int i = 0; i < 20; i++) {
		pid_t child;
		if (i % 2) {
			cr_assert_eq(
				posix_spawn(&child, path, NULL, NULL, arguments, none),
				0);
		} else {
			child = vfork();
			if (!child) {
				execve(path, arguments, none);
				_exit(127);
			}
		}
		cr_assert_eq(exit_status(child), 0);
		cr_assert_eq(tl_await(tl_submit(storm.pool, identity, VALUE(i))),
		             VALUE(i));
	}
	atomic_store(&storm.stop, true);
	pthread_join(thread, NULL);
	tl_executor_destroy(storm.pool);
	tl_shutdown();
	END_CLEAN();
}

/* The service goes on in a child of this one. */
static int become_daemon(void *argument)
{
	atomic_long *shared = argument;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	MUST(tl_await(tl_submit(pool, identity, VALUE(1))) == VALUE(1));
	if (daemon(1, 1))
		return 1;
	errno = 0;
	bool told = !tl_submit(pool, identity, NULL) && errno == EOWNERDEAD;
	atomic_store(shared, told && starts_afresh(NULL) == 0 ? 1 : 2);
	return 0;
}

Test(fork, daemon_after_the_start_is_a_fork)
{
	atomic_long *shared = shared_page();
	cr_assert_eq(in_child(become_daemon, shared), 0);
	assert_soon(atomic_load(shared) != 0);
	cr_assert_eq(atomic_load(shared), 1);
	END_CLEAN();
}
