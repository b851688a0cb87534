/* SPDX-License-Identifier: MIT */
/* What the tests of a worker's shelf share: a task that submits more than a ring holds. */
#ifndef TESTS_MANY_H
#define TESTS_MANY_H

#include "support.h"

enum { MANY = 5000 }; /* some ten rings */

/* A task of the pool submits so many, and stays at the gate. */
struct many {
	tl_executor *pool;
	tl_task tasks[MANY];
	struct gate gate;
	atomic_int begun, n, order[MANY];
	atomic_long ran[MANY];
};

static inline struct many *many_new(tl_executor *pool)
{
	struct many *many = calloc(1, sizeof *many);
	many->pool = pool;
	many->gate = (struct gate)GATE;
	return many;
}

static struct many *numbered;

static inline void *note_number(void *argument)
{
	atomic_long *ran = argument;
	int at = atomic_fetch_add(&numbered->begun, 1);
	if (at < MANY)
		atomic_store(&numbered->order[at], (int)(ran - numbered->ran));
	add_one(ran);
	atomic_fetch_add(&numbered->n, 1); /* last: who has seen it looks at the others */
	return NULL;
}

static inline void submit_all(struct many *many)
{
	numbered = many;
	for (int i = 0; i < MANY; i++) {
		tl_task_init(&many->tasks[i], note_number, &many->ran[i]);
		cr_assert_eq(tl_submit_task(many->pool, &many->tasks[i]), 0);
	}
}

static inline void *submit_and_stay(void *argument)
{
	struct many *many = argument;
	submit_all(many);
	return gate_pass(&many->gate);
}

/* Its pool has a task that has submitted all and stays. */
static inline tl_future *submitted(struct many *many)
{
	tl_future *stays = tl_submit(many->pool, submit_and_stay, many);
	assert_soon(atomic_load(&many->gate.inside) == 1);
	return stays;
}

static inline void each_ran_once(struct many *many)
{
	for (int i = 0; i < MANY; i++)
		cr_assert_eq(atomic_load(&many->ran[i]), 1, "task %d", i);
}

#endif /* TESTS_MANY_H */
