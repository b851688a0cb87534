/* SPDX-License-Identifier: MIT */
/*
 * The sleep protocol: submits from outside against a worker that looks for work, sleeps
 * and is woken; its code is the library's. When it has run the last task it ends; so a
 * task that is left to nobody shows as a sleep without an end. (Two workers are more than
 * GenMC explores in minutes: the models have them, in TSO memory.)
 */
#include "ground.h"

#include "small_inbox.h"

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

static void pool_watch(tl_executor *pool)
{
	(void)pool;
}

static void pool_finish_if_idle(tl_executor *pool)
{
	(void)pool;
}

#include "local.h"

#include "queues.c"
#include "sleep.c"
#include "own.c"
#include "find.c"
#include "worker.c"
#include "worker_idle.c"

/* Nothing is forked here. */
static void forks_ask(tl_executor *asked)
{
	(void)asked;
}

static tl_task *forks_find(struct worker *worker)
{
	(void)worker;
	return NULL;
}

static void forks_call_found(struct worker *worker)
{
	(void)worker;
}

static void worker_leaves_section(struct worker *worker)
{
	(void)worker;
}

#define TASKS 2

static tl_executor pool;
static struct worker worker;
static tl_task tasks[TASKS];
static unsigned ran[TASKS];
static unsigned left;

static void pool_of_one(unsigned expected)
{
	small_inbox(&pool.inbox);
	pool.min_workers = pool.max_workers = pool.threads = pool.slots = 1;
	pool.workers[0] = &worker;
	worker_init(&worker, &pool, 0);
	sleep_words[0].word = &worker.parker;
	left = expected;
}

static void run(tl_task *task)
{
	assert(task->argument_ == task);
	task->argument_ = NULL;
	ran[task - tasks]++;
}

/* As worker_run, for so many tasks. */
static void *works(void *unused)
{
	bool retires = false;
	self.worker = &worker;
	for (; left; left--) {
		bool idle = worker.announced || worker.woken;
		tl_task *task = idle ? NULL : worker_next(&worker);
		if (!task)
			task = worker_idle(&worker, &retires);
		run(task);
	}
	return unused;
}

static void submit(unsigned i)
{
	tasks[i].argument_ = &tasks[i];
	assert(inbox_push(&pool.inbox, &tasks[i]) == 0);
	pool_signal(&pool);
}

static void *submits_first(void *unused)
{
	submit(0);
	return unused;
}

static void *submits_both(void *unused)
{
	submit(0);
	submit(1);
	return unused;
}

static void *submits_to_list(void *unused)
{
	tasks[0].argument_ = &tasks[0];
	assert(inbox_append(&pool.inbox, &pool.inbox.list, &tasks[0]) == 0);
	pool_signal(&pool);
	return unused;
}

static void all_ran(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert(ran[i] == 1);
}

int sleep_one(void)
{
	pool_of_one(1);
	BESIDE(works, submits_first);
	all_ran(1);
	return 0;
}

/* With the role in the worker's hands before it sleeps. */
int sleep_searching(void)
{
	pool_of_one(1);
	pool.spin = 1;
	BESIDE(works, submits_first);
	all_ran(1);
	return 0;
}

int sleep_list(void)
{
	pool_of_one(1);
	sleep_words[1].word = &pool.inbox.list.lock.word;
	BESIDE(works, submits_to_list);
	all_ran(1);
	return 0;
}

int sleep_in_turn(void)
{
	pool_of_one(2);
	BESIDE(works, submits_both);
	all_ran(2);
	return 0;
}
