/* SPDX-License-Identifier: MIT */
/* What the tests of groups share: tasks of a group, and one that waits for it. */
#ifndef TESTS_GROUPS_H
#define TESTS_GROUPS_H

#include "support.h"

static inline void release(tl_future *future)
{
	cr_assert_not_null(future);
	tl_future_release(future);
}

/* n tasks of the library's memory, none of which anybody keeps. */
static inline void submit_many(tl_group *group, long n, tl_function *function,
                               void *argument)
{
	for (long i = 0; i < n; i++)
		release(tl_group_submit(group, function, argument));
}

static inline void *fail_as_told(void *error)
{
	return tl_fail((int)(intptr_t)error);
}

struct inside {
	tl_executor *pool;
	tl_group *group;
	struct gate gate;
	atomic_long mine, others, others_then;
	int64_t timeout;
};

static inline void *wait_inside(void *argument)
{
	struct inside *inside = argument;
	gate_pass(&inside->gate);
	int result = tl_group_wait(inside->group, inside->timeout);
	inside->others_then = inside->others;
	return VALUE(result);
}

/* Keeps a task of the group at the gate, and the other worker in a wait for the group. */
static inline tl_future *begin_waiting(tl_executor *pool, tl_group *group,
                                       struct gate *gate, struct inside *inside)
{
	*inside = (struct inside){ pool, group, GATE, .timeout = TL_FOREVER };
	tl_group_init(group, pool, NULL);
	submit_many(group, 1, gate_pass, gate);
	assert_soon(atomic_load(&gate->inside) == 1);
	gate_open(&inside->gate);
	tl_future *waits = tl_submit(pool, wait_inside, inside);
	assert_soon(atomic_load(&inside->gate.passed) == 1);
	return waits;
}

#endif /* TESTS_GROUPS_H */
