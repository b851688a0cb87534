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

const struct contender contender = {
	.name = "libgomp",
	.create = create,
	.destroy = destroy,
	.post_inside = post_inside,
	.run_region = run_region,
};
