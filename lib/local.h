/* SPDX-License-Identifier: MIT */
/* layer 1: local · what a thread knows of itself */
#ifndef TL_LOCAL_H
#define TL_LOCAL_H

#include "base.h"

struct worker;
struct magazine;

/* A task that this thread runs; those below it on the stack wait for it. */
struct frame {
	tl_task *task;
	struct frame *below;
	int error; /* recorded by tl_fail; or FORKED: task.h */
};

/* What this thread waits for inside a task, one of the two: circle.h. */
struct note {
	tl_future *future;
	const tl_group *group;
	const struct frame *frames; /* its stack */
	struct worker *worker;      /* that runs nothing meanwhile */
	unsigned branches;          /* among these frames */
	struct note *next, *todo;
	uint32_t search; /* in which it was come to last */
};

/* An executor whose work this thread does, its tasks' callbacks included, though it may be
 * no worker of it: a serial queue, or a pool for which it helps. */
struct visit {
	const tl_executor *executor;
	struct visit *below;
};

struct local {
	struct worker *worker;   /* set in the threads of pools */
	struct frame *frame;     /* innermost task that runs here */
	struct visit *visit;     /* innermost of these */
	unsigned branches;       /* that run here, of tasks on whatever stack */
	struct magazine *loaded; /* cells for this thread, see cell.c */
	struct magazine *reserve;
	uintptr_t submitted;  /* its own task, last: ~address */
	uintptr_t step;       /* from the one before: submit.c */
	tl_callback *firing;  /* the callback that runs here, if it owns its node */
	tl_callback *put_off; /* what that callback has made ready, oldest first */
	struct note note;
	uintptr_t stack;      /* its lowest address */
	size_t stack_reserve; /* of it, for a wait; 0: not measured yet */
	bool fires;           /* callbacks run here */
};

/* One block of the static TLS: no call to find it, in a shared library neither. */
static __thread struct local self __attribute__((tls_model("initial-exec")));

#endif
