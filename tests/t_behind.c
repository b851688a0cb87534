/* SPDX-License-Identifier: MIT */
/* What lies behind a task that lasts, while all other workers are kept busy from outside. */
#include "support.h"

#define OWN 100
#define BEHIND 200
#define AHEAD 2000

static struct {
	tl_executor *pool;
	atomic_long fed, ran;
	atomic_bool enough;
} feed;

static void *some_microseconds(void *unused)
{
	for (int i = 0; i < 20000; i++)
		__asm__ volatile("");
	atomic_fetch_sub(&feed.fed, 1);
	return unused;
}

/* Never so few that a worker is without work, if this thread keeps up. */
static void *feeder(void *unused)
{
	while (!atomic_load(&feed.enough))
		if (atomic_load(&feed.fed) < AHEAD) {
			atomic_fetch_add(&feed.fed, 1);
			tl_future_release(tl_submit(feed.pool, some_microseconds, NULL));
		}
	return unused;
}

static void *submits_and_stays(void *gate)
{
	for (int i = 0; i < OWN; i++)
		tl_future_release(tl_submit(feed.pool, add_one, &feed.ran));
	return gate_pass(gate);
}

/* What its worker had taken over with it, and what it had submitted itself, lay there as long
 * as the other workers were kept busy from outside. */
Test(behind, tasks_behind_one_that_lasts_do_not_starve_while_others_come)
{
	struct gate start = GATE, stay = GATE;
	pthread_t thread;
	feed.pool = tl_fixed_pool_create(2, NULL);
	hold(feed.pool, &start, 2);
	tl_future *lasting = tl_submit(feed.pool, submits_and_stays, &stay);
	for (int i = 0; i < BEHIND; i++)
		tl_future_release(tl_submit(feed.pool, add_one, &feed.ran));
	pthread_create(&thread, NULL, feeder, NULL);
	assert_soon(atomic_load(&feed.fed) >= AHEAD);
	gate_open(&start);
	assert_soon(atomic_load(&feed.ran) == OWN + BEHIND);
	atomic_store(&feed.enough, true);
	pthread_join(thread, NULL);
	gate_open(&stay);
	tl_await(lasting);
	tl_executor_destroy(feed.pool);
	END_CLEAN();
}

/* It waits for one little task after the other: it begins tasks all the time. */
static void *waits_again_and_again(void *unused)
{
	atomic_long ran = 0;
	while (!atomic_load(&feed.enough)) {
		for (int i = 0; i < 100000; i++)
			__asm__ volatile("");
		tl_await(tl_submit(feed.pool, add_one, &ran));
	}
	return unused;
}

/* Its worker never comes to the end of its ring. */
static void *comes_again(void *unused)
{
	for (int i = 0; i < 1000000; i++)
		__asm__ volatile("");
	if (!atomic_load(&feed.enough))
		tl_future_release(tl_submit(feed.pool, comes_again, unused));
	return unused;
}

/* What a worker runs within a wait brings it no nearer to what lies behind. */
Test(behind, tasks_behind_one_that_waits_for_others_do_not_starve)
{
	enum { FEW = 20 };
	struct gate start = GATE;
	feed.pool = tl_fixed_pool_create(2, NULL);
	hold(feed.pool, &start, 2);
	tl_future *lasting = tl_submit(feed.pool, waits_again_and_again, NULL);
	for (int i = 0; i < FEW; i++)
		tl_future_release(tl_submit(feed.pool, add_one, &feed.ran));
	tl_future_release(tl_submit(feed.pool, comes_again, NULL));
	gate_open(&start);
	assert_soon(atomic_load(&feed.ran) == FEW);
	atomic_store(&feed.enough, true);
	tl_await(lasting);
	tl_executor_destroy(feed.pool);
	END_CLEAN();
}
