/* SPDX-License-Identifier: MIT */
#include "mutex_pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct job {
	mutex_pool_function *function;
	void *argument;
	struct job *next;
	struct mutex_job *promise; /* NULL: posted */
};

struct mutex_job {
	struct job job;
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	bool done;
	void *result;
};

struct mutex_pool {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct job *first, *last;
	bool stopping;
	unsigned count;
	pthread_t threads[];
};

/* NULL: the pool is empty and stopping. */
static struct job *next_job(struct mutex_pool *pool)
{
	struct job *job;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->first && !pool->stopping)
		pthread_cond_wait(&pool->filled, &pool->mutex);
	job = pool->first;
	if (job)
		pool->first = job->next;
	pthread_mutex_unlock(&pool->mutex);
	return job;
}

static void *work(void *argument)
{
	struct mutex_pool *pool = argument;
	struct job *job;

	while ((job = next_job(pool))) {
		struct mutex_job *promise = job->promise;
		void *result = job->function(job->argument);

		if (!promise) {
			free(job);
			continue;
		}
		pthread_mutex_lock(&promise->mutex);
		promise->result = result;
		promise->done = true;
		/* under the mutex: afterwards the waiter may have freed it */
		pthread_cond_signal(&promise->ended);
		pthread_mutex_unlock(&promise->mutex);
	}
	return NULL;
}

struct mutex_pool *mutex_pool_create(unsigned threads)
{
	struct mutex_pool *pool;

	pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->threads[0]));
	if (!pool)
		return NULL;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->filled, NULL);
	for (; pool->count < threads; pool->count++) {
		if (pthread_create(&pool->threads[pool->count], NULL, work, pool)) {
			mutex_pool_destroy(pool);
			return NULL;
		}
	}
	return pool;
}

void mutex_pool_destroy(struct mutex_pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->filled);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->filled);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

static void enqueue(struct mutex_pool *pool, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&pool->mutex);
	if (pool->first)
		pool->last->next = job;
	else
		pool->first = job;
	pool->last = job;
	pthread_cond_signal(&pool->filled);
	pthread_mutex_unlock(&pool->mutex);
}

int mutex_pool_post(struct mutex_pool *pool, mutex_pool_function *function,
                    void *argument)
{
	struct job *job = malloc(sizeof(*job));

	if (!job)
		return -1;
	job->function = function;
	job->argument = argument;
	job->promise = NULL;
	enqueue(pool, job);
	return 0;
}

struct mutex_job *mutex_pool_submit(struct mutex_pool *pool,
                                    mutex_pool_function *function, void *argument)
{
	struct mutex_job *promise = malloc(sizeof(*promise));

	if (!promise)
		return NULL;
	promise->job.function = function;
	promise->job.argument = argument;
	promise->job.promise = promise;
	pthread_mutex_init(&promise->mutex, NULL);
	pthread_cond_init(&promise->ended, NULL);
	promise->done = false;
	enqueue(pool, &promise->job);
	return promise;
}

void *mutex_job_wait(struct mutex_job *promise)
{
	void *result;

	pthread_mutex_lock(&promise->mutex);
	while (!promise->done)
		pthread_cond_wait(&promise->ended, &promise->mutex);
	result = promise->result;
	pthread_mutex_unlock(&promise->mutex);
	pthread_cond_destroy(&promise->ended);
	pthread_mutex_destroy(&promise->mutex);
	free(promise);
	return result;
}
