/* SPDX-License-Identifier: MIT */
/* What goes on without allocations, without system calls, and without time. */
#include "support.h"

/* ---- No allocation ------------------------------------------------------------- */

Test(faults, own_tasks_take_no_allocation)
{
	long n = scaled(100000);
	tl_task *tasks = calloc((size_t)n, sizeof *tasks);
	tl_task **batch = calloc((size_t)n, sizeof *batch);
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct gate gate = GATE;
		atomic_long ran = 0;
		hold(executor, &gate, 1);
		for (long i = 0; i < n; i++) {
			tl_task_init(&tasks[i], add_one, &ran);
			batch[i] = &tasks[i];
		}
		long before = allocation_count();
		int refused = 0; /* no assertion in here: it may allocate */
		for (long i = 0; i < n / 2; i++)
			refused += tl_submit_task(executor, &tasks[i]) != 0;
		gate_open(&gate);
		refused += tl_submit_tasks(executor, batch + n / 2,
		                           (size_t)(n - n / 2)) != (int)(n - n / 2);
		for (long i = 0; i < n; i++)
			refused += tl_future_wait(&tasks[i].future, TL_FOREVER) != 0;
		long calls = allocation_count() - before;
		cr_assert_eq(refused, 0);
		cr_assert_eq(calls, 0, "%ld allocations", calls);
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&ran), n);
	}
	free(batch);
	free(tasks);
	END_CLEAN();
}

Test(faults, submit_and_await_recycle_their_memory)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		for (int i = 0; i < 1000; i++)
			tl_await(tl_submit(executor, identity, NULL));
		long before = allocation_count();
		for (long i = scaled(50000); i--;)
			tl_await(tl_submit(executor, identity, NULL));
		cr_assert_leq(allocation_count() - before, 10);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

/* ---- No system call ------------------------------------------------------------ */

struct awake {
	int kind;
	int workers;
	atomic_long *call; /* shared with the parent */
	tl_executor *executor;
	tl_task *tasks;
	long n;
	atomic_int begun, submitted;
	atomic_long ran, refused;
};

static void *stay_awake(void *argument)
{
	struct awake *awake = argument;
	atomic_fetch_add(&awake->begun, 1);
	while (!atomic_load(&awake->submitted))
		;
	return NULL;
}

/* From here on the thread can't even end: the process does it for it. */
static void *submit_without_system_calls(void *argument)
{
	struct awake *awake = argument;
	if (!forbid_system_calls(awake->call))
		_exit(3);
	long refused = 0;
	for (long i = 0; i < awake->n; i++)
		refused += tl_submit_task(awake->executor, &awake->tasks[i]) != 0;
	atomic_store(&awake->refused, refused);
	atomic_store(&awake->submitted, 1);
	for (;;)
		;
}

static int submit_to_awake_workers(void *argument)
{
	struct awake *awake = argument;
	pthread_t thread;
	awake->n = 20000;
	awake->tasks = calloc((size_t)awake->n, sizeof *awake->tasks);
	awake->executor = executor_of(awake->kind, (unsigned)awake->workers, NULL);
	if (!awake->tasks || !awake->executor)
		return 4;
	for (int i = 0; i < awake->workers; i++)
		tl_future_release(tl_submit(awake->executor, stay_awake, awake));
	for (long i = 0; i < awake->n; i++)
		tl_task_init(&awake->tasks[i], add_one, &awake->ran);
	if (!wait_until(atomic_load(&awake->begun) == awake->workers))
		return 5;
	if (pthread_create(&thread, NULL, submit_without_system_calls, awake))
		return 6;
	if (!wait_until(atomic_load(&awake->ran) == awake->n))
		return 7;
	return atomic_load(&awake->refused) ? 8 : 0;
}

Test(faults, own_tasks_take_no_system_call_while_the_workers_are_awake)
{
	if (instrumented())
		return; /* it makes its own */
	static const int kinds[] = { WORKER, FIXED, FIXED, ADAPTIVE };
	static const int workers[] = { 1, 1, 2, 1 };
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		atomic_long *call = shared_page();
		struct awake awake = { .kind = kinds[i],
			               .workers = workers[i],
			               .call = call };
		int status = in_child(submit_to_awake_workers, &awake);
		cr_assert_neq(status, FORBIDDEN, "kind %d: system call %ld", kinds[i],
		              atomic_load(call));
		cr_assert_eq(status, 0, "kind %d: %d", kinds[i], status);
	}
	END_CLEAN();
}

/* ---- No time -------------------------------------------------------------------- */

Test(faults, a_clock_that_stands_still_stops_nothing)
{
	struct gate gate = GATE;
	tl_options options = { .max_workers = 3,
		               .spin = SECOND,
		               .idle_timeout = MILLISECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	tl_future promise, *none = &promise;
	tl_future_init(&promise);
	freeze_clock(true);
	hold(pool, &gate, 2);
	for (long i = 0; i < 1000; i++)
		cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(i))), VALUE(i));
	tl_future *running = tl_submit(pool, gate_pass, &gate);
	assert_soon(atomic_load(&gate.inside) == 3);
	cr_assert_eq(tl_future_wait(running, MILLISECOND), -ETIMEDOUT);
	cr_assert_eq(tl_future_wait(&promise, MILLISECOND), -ETIMEDOUT);
	cr_assert_eq(tl_wait(&none, 1, TL_ANY, MILLISECOND), -ETIMEDOUT);
	gate_open(&gate);
	tl_await(running);
	assert_soon(stats_of(pool).workers == 1);
	tl_executor_destroy(pool);
	freeze_clock(false);
	END_CLEAN();
}
