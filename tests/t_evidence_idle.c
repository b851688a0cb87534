/* SPDX-License-Identifier: MIT */
/* Growth on evidence costs nothing where nothing is queued. */
#include "support.h"

static long switches(void)
{
	pid_t threads[128];
	int n = other_threads(threads, LENGTH(threads));
	long sum = 0;
	for (int i = 0; i < n && i < (int)LENGTH(threads); i++)
		sum += (long)status_of(threads[i], "voluntary_ctxt_switches", 10);
	return sum;
}

/* Workers asleep in tasks, and nothing queued: many looks later nobody has woken up. */
Test(evidence, nobody_wakes_up_when_nothing_is_queued)
{
	struct gate gate = GATE;
	tl_options options = { .max_workers = 8,
		               .idle_timeout = TL_NONE,
		               .flags = TL_GROW_ON_EVIDENCE };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	for (int i = 0; i < 8; i++)
		tl_future_release(tl_submit(pool, gate_pass, &gate));
	assert_soon(atomic_load(&gate.inside) == 8);
	pid_t threads[16];
	long before = -1, after = -2;
	/* until all are asleep, for twenty looks of a watcher at least */
	bool still = wait_until(({
		bool asleep = true;
		int n = other_threads(threads, LENGTH(threads));
		for (int i = 0; i < n; i++)
			asleep = asleep && thread_state(threads[i]) == 'S';
		before = switches();
		for (int64_t end = now() + 50 * MILLISECOND; now() < end;)
			;
		after = switches();
		asleep &&before == after;
	}));
	cr_assert(still, "%ld switches, then %ld", before, after);
	gate_open(&gate);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(evidence, pool_is_back_at_one_thread_after_the_idle_timeout)
{
	struct gate gate = GATE;
	tl_options options = { .max_workers = 16,
		               .idle_timeout = MILLISECOND,
		               .flags = TL_GROW_ON_EVIDENCE };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	for (int i = 0; i < 16; i++)
		tl_future_release(tl_submit(pool, gate_pass, &gate));
	assert_soon(atomic_load(&gate.inside) == 16);
	gate_open(&gate);
	assert_soon(thread_count() == 2);
	cr_assert_eq(stats_of(pool).blocked, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
