/* SPDX-License-Identifier: MIT */
/*
 * std::future behind a pointer. A C++ program would keep its futures in an array; here
 * they are in one, and what the benches hand on points into it. One thread adds, another
 * may take.
 */
#ifndef FUTURES_HH
#define FUTURES_HH

#include <deque>
#include <future>

#include "../contender.h"

class Futures
{
      public:
	void *put(std::future<void *> future)
	{
		futures.push_back(std::move(future));
		return &futures.back();
	}

	static void *take(void *handle)
	{
		return static_cast<std::future<void *> *>(handle)->get();
	}

      private:
	std::deque<std::future<void *>> futures; /* its elements never move */
};

#endif
