/* SPDX-License-Identifier: MIT */
/* layer 7: loop · tl_for and tl_map */
/*
 * A loop is a region of forks that divides on demand. A part runs in chunks; before each
 * of them it looks whether others ask for work (forks.h), and only then forks off half of
 * what is left. So a loop that is alone is never divided, and one that isn't is divided
 * as often as others get done with what they have. A chunk takes LOOP_CHUNK or so: it
 * grows from one index on, by doubling, and is halved when it took long. That is how soon
 * a part hears of errors, of being cancelled, and of others that ask.
 */
#include "clock.h"
#include "executor.h"
#include "forks.h"

struct loop {
	tl_range_function *body;
	void *context;
	size_t begin, end;
	uint32_t process;
	int error; /* the first one */
};

struct part {
	struct loop *loop;
	size_t begin, end, chunk;
};

static void loop_stop(struct loop *loop, int error)
{
	int none = 0;
	cas_acq_rel(&loop->error, &none, error);
}

static bool loop_stopped(struct loop *loop)
{
	if (UNLIKELY(tl_cancel_requested()))
		loop_stop(loop, -ECANCELED);
	return load_relaxed(&loop->error) != 0;
}

/* Do others ask, and is there room for a fork? */
static bool loop_asked(tl_forks *at)
{
	struct split *split = split_of(at);
	return at != split_end(split) && !load_relaxed(&split->deque.limit_);
}

static void loop_run(tl_forks *at, struct part part);

static void *loop_branch(tl_forks *at, void *part)
{
	loop_run(at, *(struct part *)part);
	return NULL;
}

static void loop_divide(tl_forks *at, struct part part)
{
	size_t middle = part.begin + (part.end - part.begin) / 2;
	struct part upper = { part.loop, middle, part.end, part.chunk };
	tl_branch branch;
	part.end = middle;
	tl_fork(&at, &branch, loop_branch, &upper);
	loop_run(at, part);
	tl_join(&at, &branch);
}

static void loop_run(tl_forks *at, struct part part)
{
	struct loop *loop = part.loop;
	int64_t before = clock_now();
	while (part.begin < part.end && !loop_stopped(loop)) {
		size_t left = part.end - part.begin;
		if (left > part.chunk && loop_asked(at)) {
			loop_divide(at, part);
			return;
		}
		size_t n = left < part.chunk ? left : part.chunk;
		int error = loop->body(part.begin, part.begin + n, loop->context);
		process_leave_child(loop->process);
		if (UNLIKELY(error))
			loop_stop(loop, error);
		part.begin += n;
		int64_t now = clock_now();
		if (now - before < LOOP_CHUNK && part.chunk <= SIZE_MAX / 2)
			part.chunk *= 2;
		else if (now - before > 4 * LOOP_CHUNK && part.chunk > 1)
			part.chunk /= 2;
		before = now;
	}
}

static void *loop_task(void *argument)
{
	struct loop *loop = argument;
	tl_forks *at = tl_run_begin_();
	loop_run(at, (struct part){ loop, loop->begin, loop->end, 1 });
	tl_run_end_(at);
	return NULL;
}

/* The task, and those to whom it gives parts, use the caller's frame: also when they can't
 * be waited for (-EDEADLK, -EAGAIN) nothing of that may be left. */
static int loop_wait(tl_future *future)
{
	int error = tl_future_result(future, NULL, TL_FOREVER);
	if (UNLIKELY(!tl_future_done(future))) {
		tl_future_cancel(future);
		while (tl_future_wait(future, NAP_MOST))
			;
	}
	return error;
}

/* From outside of the executor: in a task there. */
static int loop_submit(tl_executor *executor, struct loop *loop)
{
	tl_task task;
	tl_task_init(&task, loop_task, loop);
	int error = tl_submit_task(executor, &task);
	if (error)
		return error;
	/* In the executor's own threads, also if they have to be waited for: this one, if it
	 * isn't theirs, could only do it all alone. */
	store_relaxed(&task.hints_, load_relaxed(&task.hints_) & ~HINT_RUN);
	return loop_wait(&task.future);
}

static int loop_go(struct loop *loop)
{
	int saved = errno, error = 0;
	tl_future *future = tl_go(loop_task, loop);
	if (!future)
		error = -errno;
	errno = saved;
	if (!future)
		return error;
	error = loop_wait(future);
	tl_future_release(future);
	return error;
}

/* Is this a task of the executor, on a worker? Then the loop is a part of that. */
static bool loop_inside(tl_executor *executor)
{
	struct worker *worker = self.frame ? self.worker : NULL;
	if (!worker || !pool_is_ours(worker->pool))
		return false;
	if (executor && executor_is_serial(executor))
		return runs_task_of(executor);
	return !executor || executor == worker->pool;
}

TL_API int tl_for(tl_executor *executor, size_t begin, size_t end,
                  tl_range_function *body, void *context)
{
	if (!body)
		return -EINVAL;
	if (begin >= end)
		return 0;
	struct loop loop = { body, context, begin, end, process_number(), 0 };
	int error = 0;
	if (loop_inside(executor))
		loop_task(&loop);
	else
		error = executor ? loop_submit(executor, &loop) : loop_go(&loop);
	return error ? error : loop.error;
}

/* ---- Map -------------------------------------------------------------------------- */

struct map {
	tl_function *function;
	void *const *arguments;
	void **results;
};

/* tl_fail works as in a task, for each call on its own. */
static int map_range(size_t begin, size_t end, void *context)
{
	struct map *map = context;
	struct frame *below = self.frame;
	for (size_t i = begin; i < end; i++) {
		struct frame frame = { .task = below->task,
			               .below = below,
			               .error = -EIO };
		self.frame = &frame;
		void *value = map->function(map->arguments[i]);
		self.frame = below;
		if (UNLIKELY(value == &failure))
			return frame.error;
		if (map->results)
			map->results[i] = value;
	}
	return 0;
}

TL_API int tl_map(tl_executor *executor, tl_function *function, void *const *arguments,
                  void **results, size_t n)
{
	struct map map = { function, arguments, results };
	if (!function || (n && !arguments))
		return -EINVAL;
	return tl_for(executor, 0, n, map_range, &map);
}
