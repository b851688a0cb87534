/* SPDX-License-Identifier: MIT */
/*
 * gate-paths: what the gate counts the instructions of. Each row is one path of the
 * library that a single thread walks, MANY times. A row ends where its last task runs,
 * in that task, and who waits for a row doesn't sleep on a word of the library's: so no
 * count depends on how far another thread has come.
 *
 * PLANT in the environment makes each operation longer: perf/gate has to notice.
 */
#include "gate_region.h"
#include "handover.h"

#include <threadlet/fork.h>
#include <valgrind/callgrind.h>

static int planted;
static const char *row;
static int operations, left;
static tl_task task;
static tl_task tasks[FEW];
static tl_future *futures[MANY];
static tl_branch branches[MANY];

void begin(const char *name, int count)
{
	row = name;
	operations = left = count;
	CALLGRIND_ZERO_STATS;
	CALLGRIND_TOGGLE_COLLECT;
}

void end(void)
{
	char name[80];

	CALLGRIND_TOGGLE_COLLECT;
	snprintf(name, sizeof(name), "%d %s", operations, row);
	CALLGRIND_DUMP_STATS_AT(name);
}

void plant(void)
{
	for (int i = planted; i > 0; i--)
		__asm__ volatile("");
}

void *nothing(void *unused)
{
	(void)unused;
	plant();
	return NULL;
}

void *count_down(void *unused)
{
	(void)unused;
	plant();
	if (!--left)
		end();
	return NULL;
}

static void called(tl_future *future, void *context)
{
	(void)future;
	(void)context;
	plant();
}

/* ---- No thread but the caller --------------------------------------------------- */

static void row_promise(void)
{
	tl_future promise;
	void *value;

	begin("promise: init, set, result", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_future_init(&promise);
		tl_future_set(&promise, NULL);
		tl_future_result(&promise, &value, 0);
		plant();
	}
	end();
}

static void row_callback(void)
{
	tl_future promise;
	tl_callback callback = { .function = called };

	begin("callback: register, fire", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_future_init(&promise);
		tl_future_on_done(&promise, &callback);
		tl_future_set(&promise, NULL);
	}
	end();
	begin("callback: of an ended future", MANY);
	for (int i = 0; i < MANY; i++)
		tl_future_on_done(&promise, &callback);
	end();
}

static void row_task(void)
{
	begin("task: init, run here", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_task_init(&task, nothing, NULL);
		tl_task_run(&task);
	}
	end();
	begin("task: init, cancel", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_task_init(&task, nothing, NULL);
		tl_future_cancel(&task.future);
		plant();
	}
	end();
}

static void row_future(tl_executor *pool)
{
	tl_future *future = tl_submit(pool, nothing, NULL);

	tl_future_wait(future, TL_FOREVER);
	begin("future: retain, release", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_future_retain(future);
		tl_future_release(future);
		plant();
	}
	end();
	for (int i = 0; i < MANY; i++)
		futures[i] = future;
	begin("wait: for all of many that have ended", MANY);
	tl_wait(futures, MANY, TL_ALL, 0);
	for (int i = 0; i < MANY; i++)
		plant();
	end();
	tl_future_release(future);
}

/* An executor that has been shut down makes a cell and gives it back. */
static void row_refused(void)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);

	must(pool != NULL, "tl_fixed_pool_create");
	tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER);
	begin("submit: refused (a cell and back)", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_submit(pool, nothing, NULL);
		plant();
	}
	end();
	tl_executor_destroy(pool);
}

/* ---- Inside a task: the worker's own ring --------------------------------------- */

static void *inside(void *pool)
{
	begin("inside: submit, await", MANY);
	for (int i = 0; i < MANY; i++)
		tl_await(tl_submit(pool, nothing, NULL));
	end();
	begin("inside: submit task, wait", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_task_init(&task, nothing, NULL);
		tl_submit_task(pool, &task);
		tl_future_wait(&task.future, TL_FOREVER);
	}
	end();
	return NULL;
}

static void *inside_futures(void *pool)
{
	begin("inside: submit, release; run", FEW);
	for (int i = 0; i < FEW; i++)
		tl_future_release(tl_submit(pool, count_down, NULL));
	return NULL;
}

static void *inside_tasks(void *pool)
{
	begin("inside: submit task; run", FEW);
	for (int i = 0; i < FEW; i++) {
		tl_task_init(&tasks[i], count_down, NULL);
		tl_submit_task(pool, &tasks[i]);
	}
	return NULL;
}

static void *inside_many(void *pool)
{
	begin("inside: submit beyond the ring; run", MANY);
	for (int i = 0; i < MANY; i++)
		tl_future_release(tl_submit(pool, count_down, NULL));
	return NULL;
}

/* ---- Inside a task: forks and loops, which nobody else wants ------------------------ */

static void *forked(tl_forks *at, void *argument)
{
	(void)at;
	plant();
	return argument;
}

static void *inside_forks(void *unused)
{
	tl_forks *at = tl_run_begin_();
	tl_branch branch;

	begin("fork, join", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_fork(&at, &branch, forked, unused);
		tl_join(&at, &branch);
	}
	end();
	for (int i = 0; i < MANY; i++)
		tl_fork(&at, &branches[i], forked, unused);
	begin("fork, join beyond the deque", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_fork(&at, &branch, forked, unused);
		tl_join(&at, &branch);
	}
	end();
	for (int i = MANY; i > 0; i--)
		tl_join(&at, &branches[i - 1]);
	tl_run_end_(at);
	return NULL;
}

static int part_of_loop(size_t first, size_t last, void *unused)
{
	(void)first;
	(void)last;
	(void)unused;
	plant();
	return 0;
}

static void *inside_loop(void *pool)
{
	begin("loop: of one part, inside", MANY);
	for (int i = 0; i < MANY; i++)
		tl_for(pool, 0, 1, part_of_loop, NULL);
	end();
	return NULL;
}

/* ---- All of them ----------------------------------------------------------------- */

/* Without sleeping: a waiter that sleeps has to be woken by the thread that counts. */
static void finish(tl_executor *pool, tl_function *function)
{
	tl_future *future = tl_submit(pool, function, pool);
	tl_stats stats;

	must(future != NULL, "tl_submit");
	tl_future_release(future);
	do {
		sched_yield();
		tl_executor_stats(pool, &stats, sizeof(stats));
	} while (stats.completed + stats.cancelled < stats.submitted);
}

int main(void)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);

	must(pool != NULL, "tl_fixed_pool_create");
	planted = getenv("PLANT") ? 100 : 0;
	/* of two dumps of one row the second counts: then there is memory for all cells */
	for (int round = 0; round < 2; round++) {
		row_promise();
		row_callback();
		row_task();
		row_future(pool);
		row_refused();
		finish(pool, inside);
		finish(pool, inside_futures);
		finish(pool, inside_tasks);
		finish(pool, inside_many);
		finish(pool, inside_forks);
		finish(pool, inside_loop);
		rows_outside(pool);
	}
	tl_executor_destroy(pool);
	return EXIT_SUCCESS;
}
