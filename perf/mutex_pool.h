/* SPDX-License-Identifier: MIT */
/*
 * The pool that an ordinary C programmer writes in an afternoon, to measure against:
 * one queue, one mutex, one condition variable, and a malloc for each job.
 */
#ifndef MUTEX_POOL_H
#define MUTEX_POOL_H

typedef void *mutex_pool_function(void *argument);

struct mutex_pool;
struct mutex_job;

/* NULL if memory or a thread is missing. */
struct mutex_pool *mutex_pool_create(unsigned threads);

/* Run what is queued, end the threads, free the pool. */
void mutex_pool_destroy(struct mutex_pool *pool);

/* Queue a job that nobody waits for; its worker frees it. 0 or -1. */
int mutex_pool_post(struct mutex_pool *pool, mutex_pool_function *function,
                    void *argument);

/* Queue a job with a result: mutex_job_wait must follow. NULL without memory. */
struct mutex_job *mutex_pool_submit(struct mutex_pool *pool,
                                    mutex_pool_function *function, void *argument);

/* Wait for its result, free the job. */
void *mutex_job_wait(struct mutex_job *job);

#endif /* MUTEX_POOL_H */
