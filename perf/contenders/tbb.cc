/* SPDX-License-Identifier: MIT */
/*
 * oneTBB: an arena of W workers without a place for the submitting thread. Outside work
 * is enqueued, a task's children are run in a task_group; results come through
 * std::packaged_task.
 */
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_invoke.h>
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

using Collector = tbb::concurrent_bounded_queue<void *>;

static void *collector_create(void)
{
	return new Collector;
}

static void collector_destroy(void *collector)
{
	delete static_cast<Collector *>(collector);
}

static void submit_to(void *pool, void *collector, work_function *function,
                      void *argument)
{
	static_cast<Pool *>(pool)->arena.enqueue(
		[=] { static_cast<Collector *>(collector)->push(function(argument)); });
}

static std::size_t collect(void *collector, void **results, std::size_t most)
{
	Collector *self = static_cast<Collector *>(collector);
	std::size_t n = 1;

	self->pop(results[0]);
	while (n < most && self->try_pop(results[n]))
		n++;
	return n;
}

static long fib_of(int n)
{
	long one, two;

	if (n < 2)
		return n;
	tbb::parallel_invoke([&] { one = fib_of(n - 1); }, [&] { two = fib_of(n - 2); });
	return one + two;
}

/* The caller is one of the arena's W threads meanwhile. */
static long fib(void *pool, int n)
{
	return static_cast<Pool *>(pool)->arena.execute([=] { return fib_of(n); });
}

static void loop(void *pool, std::size_t n,
                 void (*body)(std::size_t begin, std::size_t end))
{
	static_cast<Pool *>(pool)->arena.execute([=] {
		tbb::parallel_for(tbb::blocked_range<std::size_t>(0, n),
		                  [=](const tbb::blocked_range<std::size_t> &range) {
					  body(range.begin(), range.end());
				  });
	});
}

static const struct collecting collecting = {
	.create = collector_create,
	.destroy = collector_destroy,
	.submit = submit_to,
	.collect = collect,
};

extern "C" const struct contender contender = {
	.name = "tbb",
	.create = create,
	.destroy = destroy,
	.post = post,
	.post_inside = post_inside,
	.submit = submit,
	.take = Futures::take,
	.many = true,
	.collecting = &collecting,
	.fib = fib,
	.loop = loop,
};
