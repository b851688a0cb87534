/* SPDX-License-Identifier: MIT */
/* The plain pool: one mutex, one condition variable, malloc for each job. */
#include "../contender.h"
#include "../mutex_pool.h"

static void *create(unsigned workers)
{
	struct mutex_pool *pool = mutex_pool_create(workers);

	must(pool != NULL, "mutex_pool_create");
	return pool;
}

static void destroy(void *pool)
{
	mutex_pool_destroy(pool);
}

static void post(void *pool, work_function *function, void *argument)
{
	must(!mutex_pool_post(pool, function, argument), "mutex_pool_post");
}

static void *submit(void *pool, work_function *function, void *argument)
{
	struct mutex_job *job = mutex_pool_submit(pool, function, argument);

	must(job != NULL, "mutex_pool_submit");
	return job;
}

static void *take(void *job)
{
	return mutex_job_wait(job);
}

const struct contender contender = {
	.name = "mutex",
	.create = create,
	.destroy = destroy,
	.post = post,
	.post_inside = post,
	.submit = submit,
	.take = take,
	.many = true,
};
