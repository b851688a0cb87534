/* SPDX-License-Identifier: MIT */
/* Forks and loops where they meet full deques, growing pools, serial queues and helpers. */
#include "support.h"

#include <sched.h>
#include <threadlet/fork.h>

/* ---- A full deque ----------------------------------------------------------------- */

struct full {
	tl_executor *pool;
	int before; /* forks that are not joined when the inner region begins */
};

static void *nothing_more(tl_forks *at, void *argument)
{
	(void)at;
	return argument;
}

/* With a worker that asks for forks. */
static void *fork_inside(tl_forks *at, void *argument)
{
	struct full *full = argument;
	tl_branch branch;
	for (int i = 0; i < 200; i++) { /* half of what is left is offered each time */
		wait_until(stats_of(full->pool).idle == 1);
		sched_yield(); /* it is about to ask */
		tl_fork(&at, &branch, nothing_more, argument);
		if (tl_join(&at, &branch) != argument)
			abort();
	}
	return argument;
}

static void *fill_deque(tl_forks *at, void *argument)
{
	struct full *full = argument;
	static tl_branch branches[600];
	for (int i = 0; i < full->before; i++)
		tl_fork(&at, &branches[i], nothing_more, argument);
	void *inside = tl_run(fork_inside, argument);
	for (int i = full->before; i-- > 0;)
		if (tl_join(&at, &branches[i]) != argument)
			abort();
	return inside;
}

static void *run_fill_deque(void *argument)
{
	return tl_run(fill_deque, argument);
}

Test(fork_edges, region_in_a_deque_that_is_full_or_nearly)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	for (int before = 490; before < 520; before++) {
		struct full full = { pool, before };
		cr_assert_eq(tl_await(tl_submit(pool, run_fill_deque, &full)), &full);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Pools that may grow only later --------------------------------------------------- */

struct spread {
	tl_future started, release;
	pthread_t owner;
};

static void *who_runs(tl_forks *at, void *thread)
{
	(void)at;
	*(pthread_t *)thread = pthread_self();
	return thread;
}

static bool fork_is_taken(tl_forks *at)
{
	tl_branch branch;
	pthread_t thread;
	tl_fork(&at, &branch, who_runs, &thread);
	for (int64_t start = now(); now() - start < 5 * MICROSECOND;)
		;
	tl_join(&at, &branch);
	return !pthread_equal(thread, pthread_self());
}

/* Its first fork finds nobody, and nobody who could come. */
static void *forks_until_taken(void *argument)
{
	struct spread *spread = argument;
	tl_forks *at = tl_run_begin_();
	bool alone = !fork_is_taken(at);
	tl_future_set(&spread->started, NULL);
	bool taken = wait_until(fork_is_taken(at));
	tl_run_end_(at);
	return VALUE(alone && taken);
}

static void *wait_for_release(void *argument)
{
	struct spread *spread = argument;
	tl_future_wait(&spread->started, TL_FOREVER);
	return VALUE(tl_future_wait(&spread->release, TL_FOREVER));
}

static void spread_init(struct spread *spread)
{
	tl_future_init(&spread->started);
	tl_future_init(&spread->release);
}

Test(fork_edges, forks_under_way_spread_when_the_maximum_is_raised)
{
	for (long i = scaled(50); i > 0; i--) {
		struct spread spread;
		spread_init(&spread);
		tl_executor *pool = executor_of(ADAPTIVE, 1, NULL);
		tl_future *future = tl_submit(pool, forks_until_taken, &spread);
		tl_future_wait(&spread.started, TL_FOREVER);
		cr_assert_eq(tl_executor_set_max_workers(pool, 2), 0);
		cr_assert_eq(tl_await(future), VALUE(1));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(fork_edges, forks_under_way_spread_to_a_spare)
{
	for (long i = scaled(50); i > 0; i--) {
		struct spread spread;
		struct gate gate = GATE;
		spread_init(&spread);
		tl_options options = { .spare_workers = 1 };
		tl_executor *pool = executor_of(FIXED, 2, &options);
		hold(pool, &gate, 1);
		tl_future *future = tl_submit(pool, forks_until_taken, &spread);
		tl_future_wait(&spread.started, TL_FOREVER);
		tl_future *blocked = tl_submit(pool, wait_for_release, &spread);
		gate_open(&gate);
		cr_assert_eq(tl_await(future), VALUE(1));
		tl_future_set(&spread.release, NULL);
		cr_assert_eq(tl_await(blocked), VALUE(0));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* ---- Loops where they may not run ------------------------------------------------------ */

struct loop_work {
	tl_executor *executor;
	pthread_t outside;
	struct gate gate;
	atomic_long sum, here;
};

static int add_range(size_t begin, size_t end, void *context)
{
	struct loop_work *work = context;
	for (size_t i = begin; i < end; i++)
		atomic_fetch_add(&work->sum, (long)i);
	if (pthread_equal(pthread_self(), work->outside))
		atomic_fetch_add(&work->here, 1);
	return 0;
}

static void *open_when_queued(void *argument)
{
	struct loop_work *work = argument;
	bool queued = wait_until(stats_of(work->executor).queued);
	gate_open(&work->gate);
	return VALUE(queued);
}

Test(fork_edges, a_waiter_that_may_run_tasks_leaves_loops_to_the_pool)
{
	tl_options options = { .flags = TL_WAITERS_RUN };
	struct loop_work work = { .executor = executor_of(FIXED, 1, &options),
		                  .outside = pthread_self(),
		                  .gate = GATE };
	pthread_t opener;
	hold(work.executor, &work.gate, 1);
	pthread_create(&opener, NULL, open_when_queued, &work);
	cr_assert_eq(tl_for(work.executor, 0, 1000, add_range, &work), 0);
	pthread_join(opener, NULL);
	cr_assert_eq(atomic_load(&work.sum), 499500);
	cr_assert_eq(atomic_load(&work.here), 0);
	tl_executor_destroy(work.executor);
	END_CLEAN();
}

static void *loop_in_own_queue(void *argument)
{
	struct loop_work *work = argument;
	return VALUE(tl_for(work->executor, 0, 1000, add_range, work));
}

Test(fork_edges, a_task_of_a_serial_queue_may_loop_in_its_own_queue)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	for (unsigned width = 1; width <= 3; width++) {
		struct loop_work work = { .executor = tl_serial_create(pool, width) };
		cr_assert_eq(tl_await(tl_submit(work.executor, loop_in_own_queue, &work)),
		             VALUE(0));
		cr_assert_eq(tl_for(work.executor, 0, 1000, add_range, &work), 0);
		cr_assert_eq(atomic_load(&work.sum), 2 * 499500);
		tl_executor_destroy(work.executor);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}
