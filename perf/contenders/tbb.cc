/* SPDX-License-Identifier: MIT */
/*
 * oneTBB: an arena of W workers without a place for the submitting thread. Outside work
 * is enqueued, a task's children are run in a task_group; results come through
 * std::packaged_task.
 */
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include "../contender.h"
#include "futures.hh"

namespace tbb = oneapi::tbb;

struct Pool {
	explicit Pool(int workers)
	    : parallelism(tbb::global_control::max_allowed_parallelism,
	                  std::size_t(workers) + 1),
	      arena(workers, 0)
	{
	}

	tbb::global_control parallelism;
	tbb::task_arena arena;
	tbb::task_group children;
	Futures futures;
};

static void *create(unsigned workers)
{
	return new Pool(int(workers));
}

static void destroy(void *pool)
{
	Pool *self = static_cast<Pool *>(pool);

	self->arena.execute([self] { self->children.wait(); });
	delete self;
}

static void post(void *pool, work_function *function, void *argument)
{
	static_cast<Pool *>(pool)->arena.enqueue([=] { function(argument); });
}

static void post_inside(void *pool, work_function *function, void *argument)
{
	static_cast<Pool *>(pool)->children.run([=] { function(argument); });
}

/* The arena calls a constant function object. */
struct Call {
	mutable std::packaged_task<void *()> task;

	void operator()() const
	{
		task();
	}
};

static void *submit(void *pool, work_function *function, void *argument)
{
	Pool *self = static_cast<Pool *>(pool);
	std::packaged_task<void *()> task([=] { return function(argument); });
	void *handle = self->futures.put(task.get_future());

	self->arena.enqueue(Call{ std::move(task) });
	return handle;
}

extern "C" const struct contender contender = {
	.name = "tbb",
	.create = create,
	.destroy = destroy,
	.post = post,
	.post_inside = post_inside,
	.submit = submit,
	.take = Futures::take,
	.many = true,
};
