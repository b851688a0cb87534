/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target over sequences of calls. Each byte, or two, is a call on one of a few
 * executors, futures, own tasks, promises and callbacks; what a caller must not do is
 * left out, everything else may come in any order. Besides the sanitizers it asserts
 * that what was accepted ran once or was cancelled, and that errors are documented ones.
 */
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <threadlet.h>

enum { EXECUTORS = 3, FUTURES = 8, TASKS = 4, PROMISES = 3 };

static struct {
	const uint8_t *bytes;
	size_t left;
	tl_executor *executors[EXECUTORS];
	bool closed[EXECUTORS];
	tl_future *futures[FUTURES];
	tl_task tasks[TASKS];
	bool submitted[TASKS];
	tl_future promises[PROMISES];
	tl_callback callbacks[PROMISES];
	bool hung[PROMISES];
} state;

static atomic_long accepted, ran;
static atomic_long inner_accepted, inner_ran; /* some of them may be cancelled */
static atomic_long fired;

static unsigned next(unsigned below)
{
	if (!state.left)
		return 0;
	state.left--;
	return *state.bytes++ % below;
}

static void *count_inner(void *unused)
{
	atomic_fetch_add(&inner_ran, 1);
	return unused;
}

static void *count_run(void *nested)
{
	atomic_fetch_add(&ran, 1);
	if (nested) { /* from inside, to its own pool */
		atomic_fetch_add(&inner_accepted, 1);
		tl_future *future = tl_submit(nested, count_inner, NULL);
		if (future) {
			assert(tl_future_wait(future, 1000) != -EINVAL);
			tl_future_release(future);
		}
	}
	return atomic_load(&ran) % 3 ? &state : tl_fail(-EIO);
}

static void count_fired(tl_future *future, void *context)
{
	(void)future;
	(void)context;
	atomic_fetch_add(&fired, 1);
}

/* Waits for it to its end: cancelled tasks don't run. */
static void settle(tl_future *future)
{
	void *value;
	int result = tl_future_result(future, &value, TL_FOREVER);
	assert(result == 0 || result == -EIO || result == -ECANCELED);
	if (result == -ECANCELED)
		atomic_fetch_sub(&accepted, 1);
}

static void drop(unsigned i)
{
	if (!state.futures[i])
		return;
	settle(state.futures[i]);
	tl_future_release(state.futures[i]);
	state.futures[i] = NULL;
}

static void make(unsigned i)
{
	tl_options options = { .max_workers = 1 + next(3),
		               .idle_timeout = 1 + next(200),
		               .spare_workers = next(2),
		               .spin = next(2) ? TL_NONE : 0,
		               .flags = next(2) };
	if (state.executors[i])
		return;
	switch (next(3)) {
	case 0: state.executors[i] = tl_worker_create(&options); break;
	case 1: state.executors[i] = tl_fixed_pool_create(1 + next(3), &options); break;
	default: state.executors[i] = tl_adaptive_pool_create(&options);
	}
	state.closed[i] = false;
	assert(state.executors[i]);
}

static void submit(unsigned i)
{
	unsigned where = next(EXECUTORS + 2);
	tl_executor *executor = where < EXECUTORS ? state.executors[where] : NULL;
	tl_executor *nested = next(4) ? NULL : state.executors[next(EXECUTORS)];
	if (executor != nested)
		nested = NULL; /* another one might not outlive the task */
	drop(i);
	errno = 0;
	if (where == EXECUTORS)
		state.futures[i] = tl_spawn(count_run, NULL);
	else if (where > EXECUTORS)
		state.futures[i] = tl_go(count_run, NULL);
	else if (next(8) == 0)
		state.futures[i] = tl_after(executor, next(200), count_run, nested);
	else if (next(8) == 0)
		state.futures[i] =
			tl_submit_within(executor, next(200), count_run, nested);
	else
		state.futures[i] = tl_submit(executor, count_run, nested);
	if (state.futures[i])
		atomic_fetch_add(&accepted, 1);
	else
		assert(errno == (executor ? ESHUTDOWN : EINVAL));
}

static void submit_own(unsigned i)
{
	tl_executor *executor = state.executors[next(EXECUTORS)];
	tl_task *task = &state.tasks[i];
	/* -EINVAL: it has no such worker */
	int result = next(4) ? -EINVAL : tl_submit_to(executor, next(4), task);
	if (result == -EINVAL)
		result = tl_submit_task(executor, task);
	assert(result == 0 || result == -EBUSY || result == -ECANCELED ||
	       result == (executor ? -ESHUTDOWN : -EINVAL));
	if (result == 0) {
		state.submitted[i] = true;
		atomic_fetch_add(&accepted, 1);
	}
}

/* Only what isn't queued may be set up again. */
static void renew_own(unsigned i)
{
	tl_task *task = &state.tasks[i];
	int result = tl_task_withdraw(task);
	assert(result == 0 || result == -EALREADY);
	if (state.submitted[i] && tl_future_cancelled(&task->future))
		atomic_fetch_sub(&accepted, 1);
	state.submitted[i] = false;
	tl_task_init(task, count_run, NULL);
}

static void shut_down(unsigned i)
{
	if (!state.executors[i])
		return;
	int result =
		tl_executor_shutdown(state.executors[i], next(2) ? TL_CANCEL : TL_DRAIN,
	                             next(2) ? TL_FOREVER : (int64_t)next(100));
	assert(result == 0 || result == -ETIMEDOUT);
	state.closed[i] = true;
}

static void destroy(unsigned i)
{
	assert(tl_executor_destroy(state.executors[i]) == 0);
	state.executors[i] = NULL;
}

static void complete(unsigned i)
{
	int result = next(2) ? tl_future_set(&state.promises[i], &state)
	                     : tl_future_fail(&state.promises[i], -(int)next(40));
	assert(result == 0 || result == -EALREADY);
}

static void hang(unsigned i)
{
	if (state.hung[i])
		return;
	state.callbacks[i] = (tl_callback){ .function = count_fired };
	assert(tl_future_on_done(&state.promises[i], &state.callbacks[i]) == 0);
	state.hung[i] = true;
}

static void unhang(unsigned i)
{
	if (state.hung[i])
		tl_future_remove(&state.promises[i], &state.callbacks[i]);
	state.hung[i] = false;
}

static void wait_for_some(void)
{
	tl_future *some[FUTURES + PROMISES];
	size_t n = 0;
	for (unsigned i = 0; i < FUTURES; i++)
		if (state.futures[i] && next(2))
			some[n++] = state.futures[i];
	if (next(4) == 0)
		some[n++] = &state.promises[next(PROMISES)];
	enum tl_wait_mode mode = (enum tl_wait_mode)next(3);
	int result = tl_wait(some, n, mode, 1 + next(50));
	assert(result >= 0 ? (size_t)result <= n
	                   : result == -ETIMEDOUT || (result == -EINVAL && n == 0));
}

static void step(void)
{
	switch (next(16)) {
	case 0: make(next(EXECUTORS)); break;
	case 1:
	case 2:
	case 3: submit(next(FUTURES)); break;
	case 4: submit_own(next(TASKS)); break;
	case 5: renew_own(next(TASKS)); break;
	case 6: drop(next(FUTURES)); break;
	case 7: tl_future_cancel(state.futures[next(FUTURES)]); break;
	case 8: tl_future_wait(state.futures[next(FUTURES)], next(100)); break;
	case 9: wait_for_some(); break;
	case 10: complete(next(PROMISES)); break;
	case 11: hang(next(PROMISES)); break;
	case 12: unhang(next(PROMISES)); break;
	case 13: shut_down(next(EXECUTORS)); break;
	case 14: destroy(next(EXECUTORS)); break;
	default:
		tl_executor_set_max_workers(state.executors[next(EXECUTORS)], next(4));
		tl_executor_set_idle_timeout(state.executors[next(EXECUTORS)], next(99));
		if (next(8) == 0)
			assert(tl_shutdown() == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	memset(&state, 0, sizeof state);
	state.bytes = bytes;
	state.left = size < 256 ? size : 256;
	atomic_store(&accepted, 0);
	atomic_store(&ran, 0);
	for (unsigned i = 0; i < TASKS; i++)
		tl_task_init(&state.tasks[i], count_run, NULL);
	for (unsigned i = 0; i < PROMISES; i++)
		tl_future_init(&state.promises[i]);

	while (state.left)
		step();

	for (unsigned i = 0; i < FUTURES; i++)
		drop(i);
	for (unsigned i = 0; i < TASKS; i++)
		renew_own(i);
	for (unsigned i = 0; i < PROMISES; i++)
		unhang(i);
	for (unsigned i = 0; i < EXECUTORS; i++)
		destroy(i);
	assert(tl_shutdown() == 0);
	assert(atomic_load(&accepted) == atomic_load(&ran));
	assert(atomic_load(&inner_accepted) >= atomic_load(&inner_ran));
	return 0;
}
