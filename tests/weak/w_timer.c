/* SPDX-License-Identifier: MIT */
/*
 * A timer is set beside a worker that becomes the keeper, or sleeps already for a later
 * one: it has to learn of the nearer time. Its code is the library's. A keeper that sleeps
 * on shows as a sleep without an end.
 */
#include "ground.h"

#define FORKS_MOST 504
#define LOOK_AGAIN_MOST 1

#include "small_inbox.h"

#define TL_THREAD_H
#define thread_wakes_in_time() ((void)0)

#include "pool.h"

#include "no_rings.h"

static bool pool_reserve_thread(tl_executor *pool)
{
	(void)pool;
	return false;
}

static int pool_start_thread(tl_executor *pool, bool idle)
{
	(void)pool, (void)idle;
	return -EAGAIN;
}

static void pool_finish_if_idle(tl_executor *pool)
{
	(void)pool;
}

#include "local.h"

#include "queues.c"
#include "sleep.c"
#include "timers.c"
#include "own.c"
#include "find.c"
#include "worker.c"
#include "worker_idle.c"

#define SOON 1
#define FAR 1000

static tl_executor pool;
static struct worker worker;
static struct timers timers;
static struct heap_entry entries[4];
static struct timer far_timer = { .timers = &timers };
static struct timer near_timer = { .timers = &timers };

static void pool_of_one(void)
{
	small_inbox(&pool.inbox);
	pool.min_workers = pool.max_workers = pool.threads = pool.slots = 1;
	pool.workers[0] = &worker;
	pool.timers = &timers;
	worker_init(&worker, &pool, 0);
	sleep_words[0].word = &worker.parker;
	timers.owners = 3;
	timers.heap.entries = entries;
	timers.heap.room = 4;
	timers.nearest = TL_FOREVER;
}

static void *sets_it(void *unused)
{
	assert(timers_add(&pool, &near_timer, SOON, true) == 0);
	return unused;
}

/* As worker_idle: until it knows of the nearer one. */
static void *keeps(void *unused)
{
	self.worker = &worker;
	for (int looks = 0; looks < 3; looks++) {
		int64_t until = TL_FOREVER;
		if (!worker.announced)
			worker_announce(&worker);
		bool mine = worker_keeps_time(&worker, &until);
		if (mine && until == SOON)
			return unused;
		worker_park(&worker, TL_FOREVER);
		worker_has_looked(&worker);
	}
	assert(false);
	return unused;
}

/* As one that runs a task, and then has none. */
static void *runs_and_keeps(void *unused)
{
	self.worker = &worker;
	worker_leaves_time(&worker);
	return keeps(unused);
}

int timer_first(void)
{
	pool_of_one();
	BESIDE(sets_it, keeps);
	return 0;
}

int timer_nearer(void)
{
	pool_of_one();
	assert(timers_add(&pool, &far_timer, FAR, false) == 0);
	BESIDE(sets_it, keeps);
	return 0;
}

int timer_left(void)
{
	pool_of_one();
	assert(timers_add(&pool, &far_timer, FAR, false) == 0);
	timers.keeper = 1;
	BESIDE(sets_it, runs_and_keeps);
	return 0;
}
