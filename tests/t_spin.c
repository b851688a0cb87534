/* SPDX-License-Identifier: MIT */
/* Workers that were told to look for work for a long time before they park. */
#include "support.h"

#include <sched.h>

/* With one CPU nobody spins: whom a spinner waits for could not run meanwhile. */
static bool may_spin(void)
{
	cpu_set_t set;
	return !sched_getaffinity(0, sizeof set, &set) && CPU_COUNT(&set) > 1;
}

static const tl_options long_spin = { .spin = 3600 * SECOND };
static const tl_options endless_spin = { .spin = TL_FOREVER };

Test(spin, for_ever_means_that_it_never_parks)
{
	for (int kind = 0; kind < KINDS && may_spin(); kind++) {
		tl_executor *pool = executor_of(kind, 1, &endless_spin);
		for (int i = 0; i < 10; i++) {
			cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(i))),
			             VALUE(i));
			assert_soon(stats_of(pool).idle == 1);
		}
		cr_assert_eq(stats_of(pool).parks, 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

struct ending {
	tl_executor *pool;
	atomic_bool over;
};

static void *shut_down(void *argument)
{
	struct ending *ending = argument;
	tl_executor_shutdown(ending->pool, TL_DRAIN, TL_FOREVER);
	atomic_store(&ending->over, true);
	return NULL;
}

/* It begins while a task runs: the worker looks for more only after that. */
Test(spin, does_not_hold_up_a_shutdown)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		pthread_t thread;
		tl_executor *pool = executor_of(kind, 1, &long_spin);
		struct ending ending = { .pool = pool };
		hold(pool, &gate, 1);
		cr_assert_eq(pthread_create(&thread, NULL, shut_down, &ending), 0);
		tl_future *future = NULL;
		assert_soon(!(future = tl_submit(pool, identity, NULL)) ||
		            (tl_future_release(future), false));
		gate_open(&gate);
		assert_soon(atomic_load(&ending.over));
		pthread_join(thread, NULL);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(spin, does_not_hold_up_a_timer)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 1, &long_spin);
		for (int i = 0; i < 3; i++) {
			tl_future *timer =
				tl_after(pool, MILLISECOND, identity, VALUE(i));
			assert_soon(tl_future_done(timer));
			cr_assert_eq(tl_await(timer), VALUE(i));
		}
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}
