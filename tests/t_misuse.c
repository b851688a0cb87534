/* SPDX-License-Identifier: MIT */
/* A debug build says what the caller did wrong, in one line, and aborts. Any other build
 * has a documented answer, or none: then there is nothing to test here. */
#include "support.h"

#include <signal.h>
#include <stdio.h>

static tl_executor *pool;
static struct gate gate = GATE;

static int release_twice(void *unused)
{
	(void)unused;
	tl_future *future = tl_submit(pool, identity, NULL);
	tl_future_wait(future, TL_FOREVER);
	tl_future_release(future);
	tl_future_release(future);
	return 0;
}

static int await_after_release(void *unused)
{
	(void)unused;
	tl_future *future = tl_submit(pool, identity, NULL);
	tl_future_wait(future, TL_FOREVER);
	tl_future_release(future);
	tl_await(future);
	return 0;
}

static int release_own(void *unused)
{
	tl_future promise;
	(void)unused;
	tl_future_init(&promise);
	tl_future_release(&promise);
	return 0;
}

/* One for each of 24 bits' worth: the count must not come round to nothing. */
static int retain_too_often(void *unused)
{
	(void)unused;
	tl_future *future = tl_submit(pool, identity, NULL);
	for (long i = 0; i < 1L << 24; i++)
		tl_future_retain(future);
	return 0;
}

static int wait_on_garbage(void *unused)
{
	tl_task task;
	(void)unused;
	memset(&task, 0xff, sizeof task);
	tl_future_wait(&task.future, 0);
	return 0;
}

static int wait_beside_a_future(void *unused)
{
	tl_task tasks[2] = { 0 };
	(void)unused;
	tl_future_wait((void *)((char *)&tasks[0].future + 2), 0);
	return 0;
}

static int submit_while_queued(void *unused)
{
	static tl_task task;
	(void)unused;
	hold(pool, &gate, 1);
	tl_task_init(&task, identity, NULL);
	tl_submit_task(pool, &task);
	tl_submit_task(pool, &task);
	return 0;
}

static int submit_after_destroy(void *unused)
{
	(void)unused;
	tl_executor_destroy(pool);
	tl_submit(pool, identity, NULL);
	return 0;
}

static int destroy_twice(void *unused)
{
	(void)unused;
	tl_executor_destroy(pool);
	tl_executor_destroy(pool);
	return 0;
}

static void *shut_down(void *executor)
{
	tl_executor_shutdown(executor, TL_DRAIN, TL_FOREVER);
	return NULL;
}

/* One thread waits in shutdown until another frees the executor under it. */
static int destroy_under_a_shutdown(void *unused)
{
	pthread_t thread;
	(void)unused;
	hold(pool, &gate, 1);
	pthread_create(&thread, NULL, shut_down, pool);
	/* until it is inside */
	for (tl_future *future; (future = tl_submit(pool, identity, NULL));)
		tl_future_release(future);
	tl_executor_destroy(pool);
	return 0;
}

static const struct {
	const char *says;
	int (*does)(void *);
} cases[] = {
	{ "was given back before", release_twice },
	{ "was given back before", await_after_release },
	{ "in your own memory has no references", release_own },
	{ "4 million references", retain_too_often },
	{ "not a future", wait_on_garbage },
	{ "not the address of a future", wait_beside_a_future },
	{ "queued or runs already", submit_while_queued },
	{ "has been destroyed", submit_after_destroy },
	{ "has been destroyed", destroy_twice },
	{ "waits inside a shutdown", destroy_under_a_shutdown },
};

struct attempt {
	int (*does)(void *);
	int output;
};

static int try_it(void *argument)
{
	struct attempt *attempt = argument;
	dup2(attempt->output, STDERR_FILENO);
	pool = tl_fixed_pool_create(1, NULL);
	return attempt->does(NULL);
}

Test(misuse, is_told_in_one_line_by_a_debug_build)
{
	for (size_t i = 0; WITH_DEBUG && i < LENGTH(cases); i++) {
		FILE *file = tmpfile();
		char line[256] = "", more[256] = "";
		struct attempt attempt = { cases[i].does, fileno(file) };
		int status = in_child(try_it, &attempt);
		rewind(file);
		char *first = fgets(line, sizeof line, file);
		bool alone = !fgets(more, sizeof more, file);
		fclose(file);
		cr_assert_eq(status, 128 + SIGABRT, "case %zu: status %d", i, status);
		cr_assert(first && strstr(line, cases[i].says), "case %zu: %s", i, line);
		cr_assert(alone, "case %zu: %s", i, more);
	}
	END_CLEAN();
}
