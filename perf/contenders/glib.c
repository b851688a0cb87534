/* SPDX-License-Identifier: MIT */
/*
 * GThreadPool. It has one function for all jobs and a pointer for each. A task without
 * an argument is sent as that pointer itself (marked by its lowest bit), as a program
 * would that has one kind of task; the others carry their function in memory.
 */
#include "../contender.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct job {
	work_function *function;
	void *argument, *result;
	bool awaited, done;
	GAsyncQueue *queue; /* where it comes to, or NULL */
	GMutex mutex;
	GCond ended;
};

static void run(void *data, void *unused)
{
	struct job *job = data;
	void *result;

	(void)unused;
	if ((uintptr_t)data & 1) {
		((work_function *)((uintptr_t)data - 1))(NULL);
		return;
	}
	result = job->function(job->argument);
	if (job->queue) {
		job->result = result;
		g_async_queue_push(job->queue, job);
		return;
	}
	if (!job->awaited) {
		g_free(job);
		return;
	}
	g_mutex_lock(&job->mutex);
	job->result = result;
	job->done = true;
	g_cond_signal(&job->ended);
	g_mutex_unlock(&job->mutex);
}

static void *create(unsigned workers)
{
	GThreadPool *pool = g_thread_pool_new(run, NULL, (gint)workers, TRUE, NULL);

	must(pool != NULL, "g_thread_pool_new");
	return pool;
}

static void destroy(void *pool)
{
	g_thread_pool_free(pool, FALSE, TRUE);
}

static void push(void *pool, void *data)
{
	must(g_thread_pool_push(pool, data, NULL), "g_thread_pool_push");
}

static struct job *job_new(work_function *function, void *argument, bool awaited)
{
	struct job *job = g_new(struct job, 1);

	job->function = function;
	job->argument = argument;
	job->awaited = awaited;
	job->queue = NULL;
	return job;
}

static void post(void *pool, work_function *function, void *argument)
{
	if (!argument && !((uintptr_t)function & 1))
		push(pool, (void *)((uintptr_t)function + 1));
	else
		push(pool, job_new(function, argument, false));
}

static void *submit(void *pool, work_function *function, void *argument)
{
	struct job *job = job_new(function, argument, true);

	job->done = false;
	g_mutex_init(&job->mutex);
	g_cond_init(&job->ended);
	push(pool, job);
	return job;
}

static void *take(void *handle)
{
	struct job *job = handle;
	void *result;

	g_mutex_lock(&job->mutex);
	while (!job->done)
		g_cond_wait(&job->ended, &job->mutex);
	result = job->result;
	g_mutex_unlock(&job->mutex);
	g_mutex_clear(&job->mutex);
	g_cond_clear(&job->ended);
	g_free(job);
	return result;
}

static void *collector_create(void)
{
	return g_async_queue_new();
}

static void collector_destroy(void *queue)
{
	g_async_queue_unref(queue);
}

static void submit_to(void *pool, void *queue, work_function *function, void *argument)
{
	struct job *job = job_new(function, argument, true);

	job->queue = queue;
	push(pool, job);
}

static size_t collect(void *queue, void **results, size_t most)
{
	struct job *job = g_async_queue_pop(queue);
	size_t n = 0;

	do {
		results[n++] = job->result;
		g_free(job);
	} while (n < most && (job = g_async_queue_try_pop(queue)));
	return n;
}

static void *spawn(work_function *function, void *argument)
{
	return g_thread_join(g_thread_new("spawn", function, argument));
}

static const struct collecting collecting = {
	.create = collector_create,
	.destroy = collector_destroy,
	.submit = submit_to,
	.collect = collect,
};

const struct contender contender = {
	.name = "glib",
	.create = create,
	.destroy = destroy,
	.post = post,
	.post_inside = post,
	.submit = submit,
	.take = take,
	.many = true,
	.collecting = &collecting,
	.spawn = spawn,
};
