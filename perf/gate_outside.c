/* SPDX-License-Identifier: MIT */
/*
 * gate-paths, the part that comes from outside of a pool: what queueing costs while the
 * only worker is busy, so that nobody has to be woken, and what it costs that worker to
 * take and run what has been queued.
 */
#include "gate_region.h"
#include "handover.h"

#include <unistd.h>

static tl_task tasks[MANY];

static int gate[2]; /* a pipe: its reader is in no code of ours */

/* Wait until it is opened; then it may be for this thread to begin the next row. */
static void *pass_gate(void *next_row)
{
	char byte;

	must(read(gate[0], &byte, 1) == 1, "read");
	if (next_row)
		begin(next_row, MANY);
	return NULL;
}

static void shut_gate(tl_executor *pool, const char *next_row)
{
	tl_future *future = tl_submit(pool, pass_gate, (void *)(uintptr_t)next_row);

	must(future != NULL, "tl_submit");
	while (!tl_future_running(future))
		sched_yield();
	tl_future_release(future);
}

static void open_gate(tl_executor *pool)
{
	must(write(gate[1], "", 1) == 1, "write");
	tl_await(tl_submit(pool, nothing, NULL));
}

static void init_tasks(tl_function *function)
{
	for (int i = 0; i < MANY; i++)
		tl_task_init(&tasks[i], function, NULL);
}

static void submit_tasks(tl_executor *pool)
{
	for (int i = 0; i < MANY; i++) {
		tl_submit_task(pool, &tasks[i]);
		plant();
	}
}

static void outside_futures(tl_executor *pool)
{
	shut_gate(pool, "outside: take and run a future's task");
	begin("outside: submit, release", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_future_release(tl_submit(pool, count_down, NULL));
		plant();
	}
	end();
	open_gate(pool);
}

static void outside_tasks(tl_executor *pool)
{
	shut_gate(pool, "outside: take and run a task");
	init_tasks(count_down);
	begin("outside: submit task", MANY);
	submit_tasks(pool);
	end();
	open_gate(pool);
}

static void outside_batch(tl_executor *pool)
{
	static tl_task *pointers[MANY];

	shut_gate(pool, NULL);
	init_tasks(nothing);
	for (int i = 0; i < MANY; i++)
		pointers[i] = &tasks[i];
	begin("outside: submit tasks, in one batch", MANY);
	tl_submit_tasks(pool, pointers, MANY);
	for (int i = 0; i < MANY; i++)
		plant();
	end();
	open_gate(pool);
}

/* Behind so many tasks that the inbox's first ring is full. */
static void outside_deep(tl_executor *pool)
{
	static tl_task before[4096];

	shut_gate(pool, NULL);
	for (int i = 0; i < 4096; i++) {
		tl_task_init(&before[i], nothing, NULL);
		tl_submit_task(pool, &before[i]);
	}
	init_tasks(nothing);
	begin("outside: submit task, deep", MANY);
	submit_tasks(pool);
	end();
	open_gate(pool);
}

static void outside_cancel(tl_executor *pool)
{
	shut_gate(pool, NULL);
	init_tasks(nothing);
	submit_tasks(pool);
	begin("outside: cancel", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_future_cancel(&tasks[i].future);
		plant();
	}
	end();
	init_tasks(nothing);
	submit_tasks(pool);
	begin("outside: withdraw", MANY);
	for (int i = 0; i < MANY; i++) {
		tl_task_withdraw(&tasks[i]);
		plant();
	}
	end();
	open_gate(pool);
}

void rows_outside(tl_executor *pool)
{
	must(!pipe(gate), "pipe");
	outside_futures(pool);
	outside_tasks(pool);
	outside_batch(pool);
	outside_deep(pool);
	outside_cancel(pool);
	close(gate[0]);
	close(gate[1]);
}
