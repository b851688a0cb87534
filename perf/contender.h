/* SPDX-License-Identifier: MIT */
/*
 * What a runtime has to offer to be measured by the benches in this directory, which
 * are the same for all. Each contender is one file in perf/contenders, linked with the
 * benches into a program of its own. C and C++.
 *
 * What it can't do is NULL, and the benches that need it are not offered. Nothing here
 * returns an error: who fails says so and ends the program (must).
 */
#ifndef CONTENDER_H
#define CONTENDER_H

#include "must.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void *work_function(void *argument);

/* A queue that the results of tasks come to, which are submitted to it; `collect` waits for
 * one, and takes as many as there are. */
struct collecting {
	void *(*create)(void);
	void (*destroy)(void *collector);
	void (*submit)(void *pool, void *collector, work_function *function,
	               void *argument);
	size_t (*collect)(void *collector, void **results, size_t most);
};

struct contender {
	const char *name;

	/* A pool of so many threads, the caller's not counted. */
	void *(*create)(unsigned workers);
	/* Ends its threads; all that was submitted has run. */
	void (*destroy)(void *pool);

	/* From any thread outside of the pool: run it, nobody waits for it. */
	void (*post)(void *pool, work_function *function, void *argument);
	bool one_producer; /* no: from one thread only */
	/* The same from inside a task. */
	void (*post_inside)(void *pool, work_function *function, void *argument);
	/* A thread has posted all it will. Optional. */
	void (*settle)(void *pool);
	/* Runs it in a task and returns when it, and all it has posted, has run: for
	 * those whose tasks live in a region. */
	void (*run_region)(void *pool, work_function *function, void *argument);

	/* A task with a result, taken once. */
	void *(*submit)(void *pool, work_function *function, void *argument);
	void *(*take)(void *handle);
	bool many; /* any number at a time, taken by any thread outside of the pool */

	/* A queue that results come to; NULL: a plain one does. */
	const struct collecting *collecting;

	/* A task in the caller's memory, task_size bytes, which nobody waits for. */
	size_t task_size;
	void (*post_task)(void *pool, void *task, work_function *function,
	                  void *argument);

	/* Run it in a thread of its own; its result. */
	void *(*spawn)(work_function *function, void *argument);

	/* One task forks n calls, each noted in branch_size bytes of `branches`, and
	 * joins them all. */
	void (*fork_many)(void *pool, size_t n, void *branches, work_function *function);
	size_t branch_size;
	/* fib(n) by recursion, each call but the smallest ones forked, in the pool. */
	long (*fib)(void *pool, int n);
	/* The programs of programs.h, in the pool. */
	long (*queens)(void *pool, int n);
	void (*multiply)(void *pool, double *c, const double *a, const double *b,
	                 size_t n);
	void (*sort)(void *pool, int *list, int *room, size_t n);
	long (*trees)(void *pool, size_t n); /* from the roots 0 to n - 1 */
	/* body for parts of [0, n), in the pool; all have run when it returns. */
	void (*loop)(void *pool, size_t n, void (*body)(size_t begin, size_t end));

	/* Wake-ups that found nothing so far; for those that count them. */
	size_t (*vain_wakes)(void *pool);
};

extern const struct contender contender;

#ifdef __cplusplus
}
#endif

#endif /* CONTENDER_H */
