/* SPDX-License-Identifier: MIT */
/*
 * libuv's thread pool. Work is queued by the thread of a loop, and its end is told to
 * that loop: each thread that submits has one, and runs it when it waits. So a result
 * can't be taken by another thread, and a task can't submit. The memory of a task is the
 * caller's: from malloc, but for submit_task.
 */
#include "../contender.h"

#include <uv.h>

struct job {
	uv_work_t work;
	work_function *function;
	void *argument, *result;
	bool freed_at_end, done;
};

static _Thread_local uv_loop_t *own;

static void *create(unsigned workers)
{
	char number[16];

	/* read when the first work is queued; the threads stay until the exit */
	snprintf(number, sizeof(number), "%u", workers);
	must(!setenv("UV_THREADPOOL_SIZE", number, 1), "setenv");
	return &own;
}

static uv_loop_t *loop(void)
{
	if (!own) {
		own = malloc(sizeof(*own));
		must(own && !uv_loop_init(own), "a loop");
	}
	return own;
}

static void run(uv_work_t *work)
{
	struct job *job = (struct job *)work;

	job->result = job->function(job->argument);
}

static void ended(uv_work_t *work, int status)
{
	struct job *job = (struct job *)work;

	must(!status, "uv_queue_work");
	job->done = true;
	if (job->freed_at_end)
		free(job);
}

static void queue(struct job *job, work_function *function, void *argument)
{
	job->function = function;
	job->argument = argument;
	job->done = false;
	must(!uv_queue_work(loop(), &job->work, run, ended), "uv_queue_work");
}

static struct job *allocate(bool freed_at_end)
{
	struct job *job = malloc(sizeof(*job));

	must(job != NULL, "memory for a job");
	job->freed_at_end = freed_at_end;
	return job;
}

static void post(void *pool, work_function *function, void *argument)
{
	(void)pool;
	queue(allocate(true), function, argument);
}

static void post_task(void *pool, void *task, work_function *function, void *argument)
{
	struct job *job = task;

	(void)pool;
	job->freed_at_end = false;
	queue(job, function, argument);
}

static void *submit(void *pool, work_function *function, void *argument)
{
	struct job *job = allocate(false);

	(void)pool;
	queue(job, function, argument);
	return job;
}

static void *take(void *handle)
{
	struct job *job = handle;
	void *result;

	while (!job->done)
		uv_run(own, UV_RUN_ONCE);
	result = job->result;
	free(job);
	return result;
}

static void settle(void *pool)
{
	(void)pool;
	if (!own)
		return;
	uv_run(own, UV_RUN_DEFAULT);
	must(!uv_loop_close(own), "uv_loop_close");
	free(own);
	own = NULL;
}

const struct contender contender = {
	.name = "libuv",
	.create = create,
	.destroy = settle,
	.post = post,
	.settle = settle,
	.submit = submit,
	.take = take,
	.task_size = sizeof(struct job),
	.post_task = post_task,
};
