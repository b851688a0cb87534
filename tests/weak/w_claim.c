/* SPDX-License-Identifier: MIT */
/*
 * The slot is the claim: a task of the caller's own memory lies in a ring or an inbox.
 * A worker takes and runs it, while its owner cancels it and frees the memory as soon as
 * it has ended. It runs once and its owner is told so, or never and it was cancelled.
 */
#include "ground.h"

#include "small_inbox.h"

#include "local.h"
#include "wait.h"

static int wait_until(tl_future *future, int64_t deadline)
{
	uint32_t word;
	while (!has_ended(word = load_acquire(&future->word_)))
		future_park(future, word, deadline);
	return 0;
}

#include "callback.c"
#include "fire.c"
#include "future.c"
#include "queues.c"
#include "task.c"

/* The pool has no limit: pending.c is not part of this. */
static bool pool_claim_pending(tl_executor *limited, tl_task *queued)
{
	return pool_claim(limited, queued);
}

#include "cancel.c"

static tl_executor pool;
static struct worker worker;
static tl_task *task;
static int ran, told;

static void *runs(void *argument)
{
	ran++;
	return argument;
}

static void set_up(void)
{
	small_inbox(&pool.inbox);
	worker_init(&worker, &pool, 0);
	pool.workers[0] = &worker;
	pool.slots = 1;
	task = malloc(sizeof *task); /* by hand: GenMC can't copy structs */
	task->future.word_ = NEW;
	task->future.error_ = 0;
	task->future.callbacks_ = NULL;
	task->function_ = runs;
	task->argument_ = NULL;
	task_enqueue(task, &pool);
	sleep_words[0].word = &task->future.word_;
}

static void execute(tl_task *found)
{
	if (found && task_begin(found))
		future_finish(&found->future, task_call(found));
}

/* When its last task has ended, the pool may go: a plain write stands for that. */
static void *takes_from_inbox(void *unused)
{
	uint64_t spot;
	tl_task *found = NULL;
	if (inbox_take(&pool.inbox, 1, 1, &spot))
		found = inbox_get(&pool.inbox, spot);
	execute(found);
	if (found)
		pool.inbox.level[0].slots = NULL;
	return unused;
}

static void *pops(void *unused)
{
	execute(ring_pop(worker.ring));
	return unused;
}

static void *steals(void *unused)
{
	execute(ring_steal(worker.ring));
	return unused;
}

static void *withdraws(void *unused)
{
	told = tl_task_withdraw(task);
	assert(told == 0 ? ran == 0 : told == -EALREADY && ran == 1);
	free(task);
	return unused;
}

/* Pushed beside the cancel: then the task is in nobody's queue for a moment. */
static void *pushes_and_takes(void *unused)
{
	inbox_push(&pool.inbox, task);
	return takes_from_inbox(unused);
}

int claim_from_inbox(void)
{
	set_up();
	inbox_push(&pool.inbox, task);
	BESIDE(takes_from_inbox, withdraws);
	return 0;
}

int claim_beside_push(void)
{
	set_up();
	BESIDE(pushes_and_takes, withdraws);
	return 0;
}

int claim_from_ring(void)
{
	set_up();
	ring_push(worker.ring, task);
	BESIDE(pops, steals, withdraws);
	return 0;
}
