/* SPDX-License-Identifier: MIT */
/*
 * A pool that gets a thread while others submit to it and look at its queues. Whoever is
 * the first of a group of 64 workers opens a word of idle bits; here it is the very first
 * one, so that a client stays small.
 */
#include "ground.h"

#include "small_inbox.h"

#include <stdio.h>

#define TL_THREAD_H
#define snprintf(...) 0
#define thread_begin(name) ((void)(name))

static pthread_t started;

static int thread_start(pthread_t *handle, size_t stack_size, void *(*function)(void *),
                        void *argument)
{
	(void)stack_size;
	pthread_create(&started, NULL, function, argument);
	*handle = started;
	return 0;
}

static void *memset(void *at, int byte, size_t size)
{
	assert(byte == 0 && size % 8 == 0);
	for (size_t i = 0; i < size / 8; i++)
		((uint64_t *)at)[i] = 0;
	return at;
}

#include "local.h"
#include "worker.h"

static void future_fire(tl_callback *list)
{
	(void)list;
}

static int future_park(tl_future *future, uint32_t word, int64_t deadline)
{
	return futex_wait(&future->word_, word, deadline);
}

/* These pools have neither spares nor a watch. */
#define TL_ASLEEP_H
#define thread_number() 0

#include "evidence.h"
#include "reserve.h"

static bool reserve_wait(struct worker *worker)
{
	(void)worker;
	return false;
}

static struct worker *reserve_take(tl_executor *pool)
{
	(void)pool;
	return NULL;
}

static void reserve_wake(struct worker *worker)
{
	(void)worker;
}

static void reserve_wake_all(tl_executor *pool)
{
	(void)pool;
}

static void evidence_watch(struct worker *watcher)
{
	(void)watcher;
}

#include "queues.c"
#include "sleep.c"
#include "task.c"
#include "threads.c"

static tl_executor pool;
static struct worker first;
static tl_task task;
static bool seen_asleep, found;

static void set_up(unsigned workers)
{
	small_inbox(&pool.inbox);
	pool.threads = pool.max_workers = workers + 1;
	pool.slots = workers;
	worker_init(&first, &pool, 0);
	first.used = true;
	if (workers)
		pool.workers[0] = &first;
}

static void *starts_idle(void *unused)
{
	pool_start_thread(&pool, true);
	pthread_join(started, NULL);
	return unused;
}

static void *starts_for_work(void *unused)
{
	pool_start_thread(&pool, false);
	pthread_join(started, NULL);
	return unused;
}

/* What a thread of the pool does: W1 and W3 before it sleeps. */
static void goes_to_sleep(struct worker *worker)
{
	if (!worker->announced)
		worker_announce(worker);
	found = pool_has_work(&pool);
}

static void *first_goes_to_sleep(void *unused)
{
	goes_to_sleep(&first);
	return unused;
}

/* S1 and S2. */
static void *submits(void *unused)
{
	inbox_push(&pool.inbox, &task);
	seen_asleep = idle_any(&pool);
	return unused;
}

static void submits_from_inside(struct worker *worker)
{
	ring_push(worker->ring, &task);
	seen_asleep = idle_any(&pool);
}

static void (*life)(struct worker *worker);

static bool worker_run(struct worker *worker)
{
	life(worker);
	return false;
}

/* A new worker goes to sleep beside a submit: one sees the other. */
int grow_sleeps(void)
{
	set_up(0);
	life = goes_to_sleep;
	BESIDE(starts_idle, submits);
	assert(found || seen_asleep);
	return 0;
}

/* A new worker's task submits beside another worker that goes to sleep. */
int grow_submits(void)
{
	set_up(1);
	life = submits_from_inside;
	BESIDE(starts_for_work, first_goes_to_sleep);
	assert(found || seen_asleep);
	return 0;
}
