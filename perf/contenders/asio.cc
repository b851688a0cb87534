/* SPDX-License-Identifier: MIT */
/* Boost.Asio's thread_pool; results come through std::packaged_task. */
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "../contender.h"
#include "futures.hh"

namespace asio = boost::asio;

struct Pool {
	explicit Pool(unsigned workers) : threads(workers)
	{
	}

	asio::thread_pool threads;
	Futures futures;
};

static void *create(unsigned workers)
{
	return new Pool(workers);
}

static void destroy(void *pool)
{
	Pool *self = static_cast<Pool *>(pool);

	self->threads.join();
	delete self;
}

static void post(void *pool, work_function *function, void *argument)
{
	asio::post(static_cast<Pool *>(pool)->threads, [=] { function(argument); });
}

static void *submit(void *pool, work_function *function, void *argument)
{
	Pool *self = static_cast<Pool *>(pool);
	std::packaged_task<void *()> task([=] { return function(argument); });
	void *handle = self->futures.put(task.get_future());

	asio::post(self->threads, std::move(task));
	return handle;
}

extern "C" const struct contender contender = {
	.name = "asio",
	.create = create,
	.destroy = destroy,
	.post = post,
	.post_inside = post,
	.submit = submit,
	.take = Futures::take,
	.many = true,
};
