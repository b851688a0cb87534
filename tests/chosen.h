/* SPDX-License-Identifier: MIT */
/* What the tests of tl_submit_to share: tasks that note which worker has run them. */
#ifndef CHOSEN_H
#define CHOSEN_H

#include "support.h"

/* A task that notes where and when it ran. */
struct visit {
	tl_task task;
	int worker; /* that it is for */
	int ran_by; /* -1: not yet */
	int turn;
	pthread_t thread;
};

static atomic_int turns;

static inline void *visit(void *argument)
{
	struct visit *visit = argument;
	visit->ran_by = tl_worker_number();
	visit->turn = atomic_fetch_add(&turns, 1);
	visit->thread = pthread_self();
	return visit;
}

static inline int submit_visit(tl_executor *pool, struct visit *here, int worker)
{
	here->worker = worker;
	here->ran_by = -1;
	tl_task_init(&here->task, visit, here);
	return tl_submit_to(pool, (unsigned)worker, &here->task);
}

/* One visit of that worker, from the outside, to its end. */
static inline pthread_t thread_of(tl_executor *pool, int worker)
{
	struct visit here;
	cr_assert_eq(submit_visit(pool, &here, worker), 0);
	cr_assert_eq(tl_future_wait(&here.task.future, TL_FOREVER), 0);
	cr_assert_eq(here.ran_by, worker);
	return here.thread;
}

/* Keep this worker, and no other, at the gate. */
static inline void hold_worker(tl_executor *pool, int worker, tl_task *task,
                               struct gate *gate)
{
	int before = atomic_load(&gate->inside);
	tl_task_init(task, gate_pass, gate);
	cr_assert_eq(tl_submit_to(pool, (unsigned)worker, task), 0);
	assert_soon(atomic_load(&gate->inside) == before + 1);
}

#endif /* CHOSEN_H */
