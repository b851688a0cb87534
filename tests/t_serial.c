/* SPDX-License-Identifier: MIT */
/* Serial queues: executors on a pool's threads, one task at a time, or a few. */
#include "serial_queues.h"

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
