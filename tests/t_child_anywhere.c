/* SPDX-License-Identifier: MIT */
/* A child that was forked at any moment: beside submits, inside tasks, hooks and callbacks,
 * by vfork, posix_spawn and daemon. */
#include "child.h"

#include <spawn.h>
#include <sys/wait.h>

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
