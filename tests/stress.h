/* SPDX-License-Identifier: MIT */
/* What the files of the stress program share: counting, checking, choosing; and the
 * parts of a program that its threads make up at random. */
#ifndef TESTS_STRESS_H
#define TESTS_STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <threadlet.h>

#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)
#define VALUE(n) ((void *)(intptr_t)(n))

enum { SHARED = 6, TASKS = 512, CELLS = 64 };

/* ---- stress_count.c ---------------------------------------------------------------- */

struct count {
	atomic_ulong operations, cells, posts, own, batches, timers, go, spawns,
		executors, groups, queues, regions, loops, rings, given;
	atomic_ulong ran, failed, cancelled, refused, accepted, callbacks, removed,
		timeouts, ended, stopped;
};
extern struct count count;
extern tl_executor *shared[SHARED];
extern atomic_bool over; /* no new part is to be begun */
extern unsigned long seed;

void dump(const char *why);
void die(const char *why) __attribute__((noreturn));

#define CHECK(condition) ((condition) ? (void)0 : die("failed: " #condition))

void did(atomic_ulong *counter);
int64_t now(void);

/* Give others time to do what has been begun. */
void pause_for(int64_t time);

unsigned next_random(unsigned *state);
unsigned below(unsigned *state, unsigned n);

/* ---- stress_tasks.c ---------------------------------------------------------------- */

/* A task that does something at random: the argument says what, the result tells. */
struct job {
	tl_task task;
	tl_executor *executor;
	tl_callback node;
	atomic_uint runs, called;
	unsigned random;
	int depth;
	int chosen; /* the number of the worker that alone may run it; -1: any */
};

void *run_job(void *job);
void *leaf(void *argument); /* one that does nothing */
void *beat(void *counter);  /* nor this, again and again */

/* Account for what a submit has returned. */
bool was_accepted(const tl_future *future);

/* Account for a future that has ended. */
void settle(tl_future *future);

/* Take what ends within a while from a completion queue; the rest never comes. */
void take_some(tl_future *const *futures, unsigned n, unsigned random);

/* ---- What a thread does with an executor: stress_use.c, stress_others.c ------------- */

struct actor {
	unsigned random;
	struct job jobs[TASKS];
	tl_future *cells[CELLS];
};

void await_some_way(struct actor *actor, tl_future *future);
void use_cells(struct actor *actor, tl_executor *executor);
void use_own_tasks(struct actor *actor, tl_executor *executor);
/* Tasks without a future, in an executor that is drained in the end. */
void post_some(struct actor *actor, tl_executor *executor);
void use_group(struct actor *actor, tl_executor *executor);
void use_timers(struct actor *actor, tl_executor *executor);
void use_default(struct actor *actor);
void use_one_of_its_own(struct actor *actor);

/* ---- stress_uring.c, linked where liburing is ------------------------------------------ */

void rings_open(void) __attribute__((weak));
void use_rings(struct actor *actor, tl_executor *executor) __attribute__((weak));
void rings_close(void) __attribute__((weak));

#endif
