/* SPDX-License-Identifier: MIT */
/* Serial queues: executors on a pool's threads, one task at a time, or a few. */
#include "support.h"

static tl_executor *serial_on(tl_executor *pool, unsigned width)
{
	tl_executor *serial = tl_serial_create(pool, width);
	cr_assert_not_null(serial);
	return serial;
}

Test(serial, impossible_ones_are_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = serial_on(pool, 1);
	cr_assert_null(tl_serial_create(NULL, 1));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_serial_create(pool, 0));
	cr_assert_null(tl_serial_create(pool, TL_MAX_WORKERS + 1));
	cr_assert_null(tl_serial_create(serial, 1));
	cr_assert_eq(tl_executor_set_max_workers(serial, 1), -EINVAL);
	cr_assert_eq(tl_executor_set_idle_timeout(serial, 1), -EINVAL);
	cr_assert_eq(tl_executor_watch(serial, 1, NULL, NULL), -EINVAL);
	cr_assert_eq(tl_executor_shutdown(serial, TL_DRAIN, -1), -EINVAL);
	cr_assert_eq(tl_executor_destroy(serial), 0);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

/* Tasks that see how many of their queue run at the same time, and in which order. */
struct seen {
	atomic_int inside, most;
	long next, wrong;
};

static struct seen seen;

static void *look(void *argument)
{
	int inside = atomic_fetch_add(&seen.inside, 1) + 1, most;
	while (inside > (most = atomic_load(&seen.most)))
		atomic_compare_exchange_weak(&seen.most, &most, inside);
	if (argument && (long)(intptr_t)argument != ++seen.next)
		seen.wrong++;
	atomic_fetch_sub(&seen.inside, 1);
	return argument;
}

Test(serial, tasks_run_one_at_a_time_in_order)
{
	for (int kind = 0; kind < KINDS; kind++) {
		long n = scaled(20000);
		tl_executor *pool = executor_of(kind, 3, NULL);
		tl_executor *serial = serial_on(pool, 1);
		memset(&seen, 0, sizeof seen);
		for (long i = 1; i <= n; i++)
			tl_future_release(tl_submit(serial, look, VALUE(i)));
		cr_assert_eq(tl_executor_shutdown(serial, TL_DRAIN, TL_FOREVER), 0);
		cr_assert_eq(seen.next, n);
		cr_assert_eq(seen.wrong, 0);
		cr_assert_eq(atomic_load(&seen.most), 1);
		tl_stats stats = stats_of(serial);
		cr_assert_eq((long)stats.submitted, n);
		cr_assert_eq((long)stats.completed, n);
		cr_assert_eq(stats.queued, 0);
		tl_executor_destroy(serial);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

struct producer {
	pthread_t thread;
	tl_executor *serial;
	long n;
};

static void *produces(void *argument)
{
	struct producer *producer = argument;
	tl_task tasks[8], *batch[8];
	for (long i = 0; i < producer->n; i += 8) {
		for (int k = 0; k < 8; k++) {
			tl_task_init(&tasks[k], look, NULL);
			batch[k] = &tasks[k];
		}
		if (tl_submit_tasks(producer->serial, batch, 8) != 8)
			abort();
		for (int k = 0; k < 8; k++)
			tl_future_wait(&tasks[k].future, TL_FOREVER);
	}
	return NULL;
}

Test(serial, at_most_its_width_run_at_a_time_whoever_submits)
{
	for (unsigned width = 1; width <= 3; width++) {
		struct producer producers[4];
		tl_executor *pool = tl_fixed_pool_create(4, NULL);
		tl_executor *serial = serial_on(pool, width);
		memset(&seen, 0, sizeof seen);
		for (size_t i = 0; i < LENGTH(producers); i++) {
			producers[i] =
				(struct producer){ .serial = serial, .n = scaled(4000) };
			pthread_create(&producers[i].thread, NULL, produces,
			               &producers[i]);
		}
		for (size_t i = 0; i < LENGTH(producers); i++)
			pthread_join(producers[i].thread, NULL);
		cr_assert_leq(atomic_load(&seen.most), (int)width);
		tl_executor_destroy(serial);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(serial, its_width_of_them_do_run_at_the_same_time)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(4, NULL);
	tl_executor *serial = serial_on(pool, 3);
	hold(serial, &gate, 3);
	tl_future_release(tl_submit(serial, gate_pass, &gate));
	cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(1))), VALUE(1));
	cr_assert_eq(atomic_load(&gate.inside), 3);
	gate_open(&gate);
	tl_executor_destroy(serial);
	cr_assert_eq(atomic_load(&gate.passed), 4);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* A task that goes on submitting itself would otherwise have the only worker for ever. */
struct endless {
	tl_executor *serial;
	atomic_bool over;
};

static void *again(void *argument)
{
	struct endless *endless = argument;
	if (!atomic_load(&endless->over))
		tl_future_release(tl_submit(endless->serial, again, endless));
	return NULL;
}

Test(serial, a_long_queue_does_not_hog_a_worker)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 1, NULL);
		struct endless a = { .serial = serial_on(pool, 1) };
		struct endless b = { .serial = serial_on(pool, 1) };
		tl_future_release(tl_submit(a.serial, again, &a));
		tl_future_release(tl_submit(b.serial, again, &b));
		for (int i = 0; i < 100; i++)
			cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(i))),
			             VALUE(i));
		atomic_store(&a.over, true);
		atomic_store(&b.over, true);
		tl_executor_destroy(a.serial);
		tl_executor_destroy(b.serial);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(serial, a_hundred_thousand_of_them_are_cheap)
{
	long n = scaled(100000);
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_executor **serials = malloc((size_t)n * sizeof(tl_executor *));
	atomic_long ran = 0;
	long before = resident_kilobytes();
	for (long i = 0; i < n; i++)
		serials[i] = serial_on(pool, 1);
	long kilobytes = resident_kilobytes() - before;
	if (!instrumented())
		cr_assert_leq(kilobytes * 1024, n * 200);
	for (int round = 0; round < 3; round++)
		for (long i = 0; i < n; i++)
			tl_future_release(tl_submit(serials[i], add_one, &ran));
	for (long i = 0; i < n; i++)
		tl_executor_destroy(serials[i]);
	cr_assert_eq(atomic_load(&ran), 3 * n);
	free(serials);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Waiting ---------------------------------------------------------------------- */

struct pair {
	tl_executor *pool, *serial;
	atomic_long ran;
};

/* In the pool: submits to the queue and waits for the last. */
static void *wait_for_queue(void *argument)
{
	struct pair *pair = argument;
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_submit(pair->serial, add_one, &pair->ran));
	tl_future *last = tl_submit(pair->serial, identity, NULL);
	tl_future *list[] = { tl_submit(pair->serial, add_one, &pair->ran), last };
	bool well = tl_wait(list, 2, TL_ANY, TL_FOREVER) >= 0;
	well = well && tl_wait(list, 2, TL_ALL, TL_FOREVER) == 0;
	tl_await(list[0]);
	tl_await(list[1]);
	return VALUE(well);
}

Test(serial, a_task_of_a_pool_of_one_may_wait_for_the_queue)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (unsigned width = 1; width < 3; width++) {
			struct pair pair = { .pool = executor_of(kind, 1, NULL) };
			pair.serial = serial_on(pair.pool, width);
			for (int i = 0; i < 10; i++)
				cr_assert_eq(tl_await(tl_submit(pair.pool, wait_for_queue,
				                                &pair)),
				             VALUE(1));
			tl_executor_destroy(pair.serial);
			cr_assert_eq(atomic_load(&pair.ran), 1010);
			tl_executor_destroy(pair.pool);
		}
	END_CLEAN();
}

struct chain {
	tl_executor *queues[50];
	int at;
};

/* Each in its own queue waits for one in the next. */
static void *wait_for_next(void *argument)
{
	struct chain *chain = argument;
	int at = chain->at++;
	if (at == (int)LENGTH(chain->queues))
		return VALUE(at);
	return tl_await(tl_submit(chain->queues[at], wait_for_next, chain));
}

Test(serial, queues_may_wait_for_each_other_on_one_worker)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct chain chain = { .at = 0 };
	for (size_t i = 0; i < LENGTH(chain.queues); i++)
		chain.queues[i] = serial_on(pool, 1);
	cr_assert_eq(tl_await(tl_submit(pool, wait_for_next, &chain)),
	             VALUE(LENGTH(chain.queues)));
	for (size_t i = 0; i < LENGTH(chain.queues); i++)
		tl_executor_destroy(chain.queues[i]);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *wait_behind(void *argument)
{
	struct pair *pair = argument;
	tl_future *behind = tl_submit(pair->serial, add_one, &pair->ran);
	int result = tl_future_wait(behind, TL_FOREVER);
	tl_future_release(behind);
	return VALUE(result);
}

/* The same through a task of the pool that is run inside. */
static void *wait_behind_inside(void *argument)
{
	struct pair *pair = argument;
	return tl_await(tl_submit(pair->pool, wait_behind, pair));
}

Test(serial, waiting_for_what_is_queued_behind_is_a_deadlock)
{
	for (unsigned width = 1; width < 3; width++) {
		struct pair pair = { .pool = tl_fixed_pool_create(1, NULL) };
		pair.serial = serial_on(pair.pool, width);
		void *told = VALUE(width == 1 ? -EDEADLK : 0);
		cr_assert_eq(tl_await(tl_submit(pair.serial, wait_behind, &pair)), told);
		cr_assert_eq(tl_await(tl_submit(pair.serial, wait_behind_inside, &pair)),
		             told);
		tl_executor_destroy(pair.serial);
		cr_assert_eq(atomic_load(&pair.ran), 2);
		tl_executor_destroy(pair.pool);
	}
	END_CLEAN();
}

static void *hold_then_wait(void *argument)
{
	struct pair *pair = argument;
	return tl_await(tl_submit(pair->serial, add_one, &pair->ran));
}

Test(serial, all_workers_may_wait_for_the_same_queue)
{
	struct pair pair = { .pool = tl_fixed_pool_create(3, NULL) };
	tl_future *futures[100];
	pair.serial = serial_on(pair.pool, 1);
	for (size_t i = 0; i < LENGTH(futures); i++)
		futures[i] = tl_submit(pair.pool, hold_then_wait, &pair);
	for (size_t i = 0; i < LENGTH(futures); i++)
		tl_await(futures[i]);
	cr_assert_eq(atomic_load(&pair.ran), LENGTH(futures));
	tl_executor_destroy(pair.serial);
	tl_executor_destroy(pair.pool);
	END_CLEAN();
}

/* ---- Cancelling, ending ----------------------------------------------------------- */

Test(serial, cancelled_tasks_leave_the_queue_at_once)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = serial_on(pool, 1);
	atomic_long ran = 0;
	tl_task tasks[5];
	hold(serial, &gate, 1);
	for (size_t i = 0; i < LENGTH(tasks); i++) {
		tl_task_init(&tasks[i], add_one, &ran);
		cr_assert_eq(tl_submit_task(serial, &tasks[i]), 0);
	}
	cr_assert_eq(stats_of(serial).queued, 5);
	for (size_t i = 0; i < LENGTH(tasks); i += 2)
		cr_assert_eq(tl_task_withdraw(&tasks[i]), 0);
	cr_assert_eq(stats_of(serial).queued, 2);
	cr_assert_eq(stats_of(serial).cancelled, 3);
	gate_open(&gate);
	tl_executor_destroy(serial);
	cr_assert_eq(atomic_load(&ran), 2);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(serial, shutdown_drains_or_cancels_this_queue_alone)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
		struct gate gate = GATE;
		tl_executor *pool = tl_fixed_pool_create(2, NULL);
		tl_executor *serial = serial_on(pool, 1), *other = serial_on(pool, 1);
		tl_task first, second;
		tl_task_init(&first, identity, VALUE(1));
		tl_task_init(&second, identity, VALUE(2));
		hold(serial, &gate, 1);
		cr_assert_eq(tl_submit_task(serial, &first), 0);
		cr_assert_eq(tl_executor_shutdown(serial, how, MILLISECOND), -ETIMEDOUT);
		cr_assert_eq(tl_submit_task(serial, &second), -ESHUTDOWN);
		cr_assert_eq(tl_submit_task(other, &second), 0);
		cr_assert_eq(tl_future_wait(&second.future, TL_FOREVER), 0);
		gate_open(&gate);
		cr_assert_eq(tl_executor_shutdown(serial, how, TL_FOREVER), 0);
		cr_assert_eq(tl_future_result(&first.future, NULL, 0),
		             how == TL_CANCEL ? -ECANCELED : 0);
		tl_stats stats = stats_of(serial);
		cr_assert_eq(stats.submitted, stats.completed + stats.cancelled);
		cr_assert_eq(stats.cancelled, how == TL_CANCEL);
		tl_executor_destroy(serial);
		tl_executor_destroy(other);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(serial, shutdown_of_the_pool_drains_or_cancels_its_queues)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
		enum { QUEUES = 10, TASKS = 50 };
		struct gate gate = GATE;
		tl_executor *pool = tl_fixed_pool_create(1, NULL);
		tl_executor *serials[QUEUES];
		tl_future *futures[QUEUES * TASKS];
		atomic_long ran = 0;
		hold(pool, &gate, 1);
		for (int i = 0; i < QUEUES; i++)
			serials[i] = serial_on(pool, 1 + (unsigned)i % 3);
		for (int i = 0; i < QUEUES * TASKS; i++)
			futures[i] = tl_submit(serials[i % QUEUES], add_one, &ran);
		cr_assert_eq(tl_executor_shutdown(pool, how, 0), -ETIMEDOUT);
		cr_assert_null(tl_submit(serials[0], identity, NULL));
		cr_assert_eq(errno, ESHUTDOWN);
		gate_open(&gate);
		cr_assert_eq(tl_executor_shutdown(pool, how, TL_FOREVER), 0);
		for (int i = 0; i < QUEUES * TASKS; i++) {
			cr_assert_eq(tl_future_result(futures[i], NULL, 0),
			             how == TL_CANCEL ? -ECANCELED : 0);
			tl_future_release(futures[i]);
		}
		cr_assert_eq(atomic_load(&ran), how == TL_CANCEL ? 0 : QUEUES * TASKS);
		for (int i = 0; i < QUEUES; i++)
			cr_assert_eq(stats_of(serials[i]).queued, 0);
		tl_stats stats = stats_of(pool);
		cr_assert_eq(stats.submitted, stats.completed + stats.cancelled);
		for (int i = 0; i < QUEUES; i++)
			cr_assert_eq(tl_executor_destroy(serials[i]), 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *destroy_own(void *argument)
{
	struct pair *pair = argument;
	return VALUE(tl_executor_destroy(pair->serial));
}

static void *destroy_from_pool(void *argument)
{
	struct pair *pair = argument;
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_submit(pair->serial, add_one, &pair->ran));
	return VALUE(tl_executor_destroy(pair->serial));
}

Test(serial, it_is_destroyed_from_other_tasks_of_the_pool_not_from_its_own)
{
	struct pair pair = { .pool = tl_fixed_pool_create(1, NULL) };
	pair.serial = serial_on(pair.pool, 1);
	cr_assert_eq(tl_await(tl_submit(pair.serial, destroy_own, &pair)),
	             VALUE(-EDEADLK));
	cr_assert_eq(tl_await(tl_submit(pair.pool, destroy_from_pool, &pair)), VALUE(0));
	cr_assert_eq(atomic_load(&pair.ran), 100);
	tl_executor_destroy(pair.pool);
	END_CLEAN();
}

/* Created, fed, cancelled at random, destroyed at once, again and again. */
Test(serial, comes_and_goes_beside_cancellers)
{
	tl_executor *pool = tl_adaptive_pool_create(
		&(tl_options){ .max_workers = 3, .idle_timeout = 100 * MICROSECOND });
	for (long i = 0; i < scaled(5000); i++) {
		tl_executor *serial = serial_on(pool, 1 + (unsigned)i % 2);
		atomic_long ran = 0, cancelled = 0;
		tl_future *futures[6];
		for (size_t k = 0; k < LENGTH(futures); k++)
			futures[k] = tl_submit(serial, add_one, &ran);
		for (size_t k = (size_t)i % 3; k < LENGTH(futures); k += 3)
			if (tl_future_cancel(futures[k]) == 0)
				cancelled++;
		cr_assert_eq(tl_executor_destroy(serial), 0);
		cr_assert_eq(atomic_load(&ran) + cancelled, (long)LENGTH(futures));
		for (size_t k = 0; k < LENGTH(futures); k++)
			tl_future_release(futures[k]);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Elsewhere ------------------------------------------------------------------- */

Test(serial, its_tasks_fit_into_a_full_pool)
{
	struct gate gate = GATE;
	tl_executor *pool = tl_fixed_pool_create(1, &(tl_options){ .max_pending = 1 });
	tl_executor *serial = serial_on(pool, 1);
	hold(pool, &gate, 1);
	tl_future *future = tl_submit(pool, identity, NULL);
	tl_future *inside = tl_submit(serial, identity, VALUE(1));
	cr_assert(future && inside);
	cr_assert_null(tl_submit(pool, identity, NULL));
	gate_open(&gate);
	tl_await(future);
	cr_assert_eq(tl_await(inside), VALUE(1));
	cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(2))), VALUE(2));
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void report(const tl_stuck *stuck, void *context)
{
	*(tl_stuck *)context = *stuck;
}

Test(serial, the_watchdog_names_the_task_not_the_turn)
{
	struct gate gate = GATE;
	tl_stuck stuck = { 0 };
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_executor *serial = serial_on(pool, 1);
	hold(serial, &gate, 1);
	tl_executor_watch(pool, 0, report, &stuck);
	assert_soon(tl_executor_watch(pool, MILLISECOND, report, &stuck) == 1);
	cr_assert(stuck.function == gate_pass && stuck.argument == &gate);
	gate_open(&gate);
	tl_executor_destroy(serial);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static int use_in_child(void *argument)
{
	struct pair *pair = argument;
	tl_task task;
	tl_stats stats;
	tl_task_init(&task, identity, NULL);
	return tl_submit_task(pair->serial, &task) != -EOWNERDEAD ||
	       tl_submit_tasks(pair->serial, (tl_task *[]){ &task }, 1) != -EOWNERDEAD ||
	       tl_executor_shutdown(pair->serial, TL_DRAIN, 0) != -EOWNERDEAD ||
	       tl_executor_stats(pair->serial, &stats, sizeof stats) != -EOWNERDEAD ||
	       tl_executor_destroy(pair->serial) != -EOWNERDEAD ||
	       tl_serial_create(pair->pool, 1) || errno != EOWNERDEAD;
}

Test(serial, a_forked_child_has_none)
{
	struct pair pair = { .pool = tl_fixed_pool_create(1, NULL) };
	pair.serial = serial_on(pair.pool, 1);
	cr_assert_eq(in_child(use_in_child, &pair), 0);
	cr_assert_eq(tl_await(tl_submit(pair.serial, identity, VALUE(1))), VALUE(1));
	tl_executor_destroy(pair.serial);
	tl_executor_destroy(pair.pool);
	END_CLEAN();
}
