/* SPDX-License-Identifier: MIT */
/*
 * OpenMP tasks. They live in a parallel region, and the threads of the region are all
 * there is: nobody submits from outside. With one thread, or once some 64 tasks for each
 * thread are queued, libgomp runs a task at once in the thread that creates it.
 */
#include "../contender.h"

#include <stdint.h>

static void *create(unsigned workers)
{
	return (void *)(uintptr_t)workers;
}

static void destroy(void *pool)
{
	(void)pool;
}

static void post_inside(void *pool, work_function *function, void *argument)
{
	(void)pool;
#pragma omp task firstprivate(function, argument)
	function(argument);
}

static void run_region(void *pool, work_function *function, void *argument)
{
	unsigned workers = (unsigned)(uintptr_t)pool;

#pragma omp parallel num_threads(workers)
#pragma omp single
	function(argument);
}

static long fib_of(int n)
{
	long one, two;

	if (n < 2)
		return n;
#pragma omp task shared(one) firstprivate(n)
	one = fib_of(n - 1);
	two = fib_of(n - 2);
#pragma omp taskwait
	return one + two;
}

static long fib(void *pool, int n)
{
	unsigned workers = (unsigned)(uintptr_t)pool;
	long result = 0;

#pragma omp parallel num_threads(workers)
#pragma omp single
	result = fib_of(n);
	return result;
}

/* Tasks for parts: their number has to be chosen. */
static void loop(void *pool, size_t n, void (*body)(size_t begin, size_t end))
{
	unsigned workers = (unsigned)(uintptr_t)pool;
	size_t parts = n < 64 * workers ? n : 64 * workers;

#pragma omp parallel num_threads(workers)
#pragma omp single
#pragma omp taskloop grainsize(1)
	for (size_t i = 0; i < parts; i++)
		body(n * i / parts, n * (i + 1) / parts);
}

const struct contender contender = {
	.name = "libgomp",
	.create = create,
	.destroy = destroy,
	.post_inside = post_inside,
	.run_region = run_region,
	.fib = fib,
	.loop = loop,
};
