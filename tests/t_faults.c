/* SPDX-License-Identifier: MIT */
/* No thread, no memory, no allocation, no system call. */
#include "support.h"

/* ---- No thread ----------------------------------------------------------------- */

static tl_executor *make_fixed(void)
{
	return tl_fixed_pool_create(4, NULL);
}

static tl_executor *make_worker(void)
{
	return tl_worker_create(NULL);
}

static tl_executor *make_adaptive(void)
{
	return tl_adaptive_pool_create(
		&(tl_options){ .min_workers = 3, .max_workers = 5, .spare_workers = 1 });
}

static const struct {
	tl_executor *(*make)(void);
	int threads;
} makers[] = { { make_fixed, 4 }, { make_worker, 1 }, { make_adaptive, 3 } };

Test(faults, creation_fails_without_a_thread_and_leaves_nothing)
{
	for (size_t i = 0; i < LENGTH(makers); i++) {
		for (int n = 1; n <= makers[i].threads; n++) {
			fail_thread_at(n);
			errno = 0;
			tl_executor *executor = makers[i].make();
			cr_assert(fail_thread_at(0));
			cr_assert_null(executor);
			cr_assert_eq(errno, EAGAIN);
			END_CLEAN();
		}
		fail_thread_at(makers[i].threads + 1);
		tl_executor *executor = makers[i].make();
		cr_assert_not(fail_thread_at(0));
		cr_assert_not_null(executor);
		cr_assert_eq(tl_await(tl_submit(executor, identity, VALUE(1))), VALUE(1));
		tl_executor_destroy(executor);
		END_CLEAN();
	}
}

Test(faults, failed_creations_do_not_pile_up)
{
	int descriptors = descriptor_count();
	long memory = 0;
	for (long i = 0; i < scaled(2000); i++) {
		fail_thread_at(4);
		cr_assert_null(make_fixed());
		if (i == scaled(400))
			memory = resident_kilobytes();
	}
	fail_thread_at(0);
	END_CLEAN();
	cr_assert_eq(descriptor_count(), descriptors);
	if (!instrumented())
		cr_assert_leq(resident_kilobytes(), memory + 1024);
}

Test(faults, adaptive_pool_that_cannot_grow_goes_on_with_what_it_has)
{
	tl_executor *pool = tl_adaptive_pool_create(&(tl_options){ .max_workers = 4 });
	struct gate gate = GATE;
	tl_future *futures[10];
	tl_task task, batched[3], *batch[3];
	atomic_long ran = 0;
	fail_threads(true);
	for (int i = 0; i < 10; i++) {
		futures[i] = tl_submit(pool, gate_pass, &gate);
		cr_assert_not_null(futures[i]);
	}
	tl_task_init(&task, add_one, &ran);
	cr_assert_eq(tl_submit_task(pool, &task), 0);
	for (int i = 0; i < 3; i++) {
		tl_task_init(&batched[i], add_one, &ran);
		batch[i] = &batched[i];
	}
	cr_assert_eq(tl_submit_tasks(pool, batch, 3), 3);
	cr_assert_eq(thread_count(), 2);
	cr_assert_eq(tl_executor_set_max_workers(pool, 8), 0);
	gate_open(&gate);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(tl_await(futures[i]), &gate);
	assert_soon(atomic_load(&ran) == 4);
	fail_threads(false);
	/* and grows again as soon as it can */
	gate_shut(&gate);
	hold(pool, &gate, 8);
	gate_open(&gate);
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

Test(faults, growth_that_fails_once_is_made_up_for)
{
	for (int n = 1; n <= 3; n++) {
		tl_executor *pool = tl_adaptive_pool_create(
			&(tl_options){ .max_workers = 4, .idle_timeout = MILLISECOND });
		struct gate gate = GATE;
		fail_thread_at(n);
		for (int i = 0; i < 8; i++)
			tl_future_release(tl_submit(pool, gate_pass, &gate));
		assert_soon(atomic_load(&gate.inside) == 4);
		cr_assert(fail_thread_at(0));
		gate_open(&gate);
		assert_soon(atomic_load(&gate.passed) == 8);
		tl_executor_destroy(pool);
		END_CLEAN();
	}
}

static void *wait_a_moment(void *promise)
{
	return VALUE(tl_future_wait(promise, MILLISECOND));
}

Test(faults, wait_goes_on_without_a_spare_worker)
{
	tl_executor *pool = tl_fixed_pool_create(1, &(tl_options){ .spare_workers = 1 });
	tl_future promise;
	tl_future_init(&promise);
	fail_threads(true);
	tl_future *waits = tl_submit(pool, wait_a_moment, &promise);
	tl_future *behind = tl_submit(pool, identity, VALUE(2));
	cr_assert_eq(tl_await(waits), VALUE(-ETIMEDOUT));
	cr_assert_eq(tl_await(behind), VALUE(2));
	fail_threads(false);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(faults, go_and_spawn_tell_that_there_is_no_thread)
{
	fail_thread_at(1);
	errno = 0;
	cr_assert_null(tl_go(identity, NULL));
	cr_assert_eq(errno, EAGAIN);
	fail_thread_at(1);
	cr_assert_eq(tl_start(), -EAGAIN);
	fail_thread_at(1);
	errno = 0;
	cr_assert_null(tl_spawn(identity, NULL));
	cr_assert_eq(errno, EAGAIN);
	END_CLEAN();
	cr_assert_eq(tl_await(tl_go(identity, VALUE(3))), VALUE(3));
	cr_assert_eq(tl_await(tl_spawn(identity, VALUE(4))), VALUE(4));
	cr_assert_eq(tl_shutdown(), 0);
	END_CLEAN();
}

/* ---- No memory ----------------------------------------------------------------- */

Test(faults, creation_fails_without_memory_and_leaves_nothing)
{
	for (size_t i = 0; i < LENGTH(makers); i++)
		for (long n = 1;; n++) {
			cr_assert_lt(n, 1000);
			fail_allocation_at(n);
			errno = 0;
			tl_executor *executor = makers[i].make();
			int error = errno;
			bool failed = fail_allocation_at(0);
			if (executor) {
				cr_assert_eq(
					tl_await(tl_submit(executor, identity, VALUE(1))),
					VALUE(1));
				tl_executor_destroy(executor);
			} else {
				cr_assert(failed);
				/* In a static program the C library's own allocation for
				   a thread fails too; pthread_create calls that EAGAIN. */
				cr_assert(error == ENOMEM || error == EAGAIN, "errno %d",
				          error);
			}
			END_CLEAN();
			if (!failed)
				break;
		}
}

struct attempt {
	tl_executor *executor;
	tl_future *(*start)(tl_executor *executor);
	long n;
	bool failed;
	int error;
	tl_future *future;
};

static tl_future *start_submit(tl_executor *executor)
{
	return tl_submit(executor, identity, VALUE(7));
}

static tl_future *start_go(tl_executor *executor)
{
	(void)executor;
	return tl_go(identity, VALUE(7));
}

static tl_future *start_spawn(tl_executor *executor)
{
	(void)executor;
	return tl_spawn(identity, VALUE(7));
}

/* In a thread that has not submitted before, so that nothing is there yet. */
static void *start_without_memory(void *argument)
{
	struct attempt *attempt = argument;
	fail_allocation_at(attempt->n);
	errno = 0;
	attempt->future = attempt->start(attempt->executor);
	attempt->error = errno;
	attempt->failed = fail_allocation_at(0);
	return NULL;
}

Test(faults, submit_go_and_spawn_fail_without_memory_or_run)
{
	tl_future *(*const starts[])(tl_executor *) = { start_submit, start_go,
		                                        start_spawn };
	int refused = 0;
	for (size_t i = 0; i < LENGTH(starts); i++)
		for (long n = 1;; n++) {
			/* a fresh executor: its caches are empty, too */
			tl_executor *executor = tl_fixed_pool_create(1, NULL);
			struct attempt attempt = {
				executor, starts[i], n, false, 0, NULL
			};
			pthread_t thread;
			cr_assert_lt(n, 1000);
			pthread_create(&thread, NULL, start_without_memory, &attempt);
			pthread_join(thread, NULL);
			if (attempt.future) {
				cr_assert_eq(tl_await(attempt.future), VALUE(7));
			} else {
				refused++;
				cr_assert(attempt.failed);
				cr_assert_eq(attempt.error, ENOMEM);
			}
			tl_executor_destroy(executor);
			tl_shutdown();
			END_CLEAN();
			if (!attempt.failed)
				break;
		}
	cr_assert_gt(refused, 0);
}

static tl_future hundred[100];

static void *set_last(void *unused)
{
	(void)unused;
	tl_future_set(&hundred[99], NULL);
	return NULL;
}

Test(faults, wait_for_many_fails_without_memory_and_leaves_them_alone)
{
	tl_future *all[100];
	for (int mode = TL_ALL; mode <= TL_FIRST_ERROR; mode++)
		for (int n = 64; n <= 100; n += 36) {
			pthread_t thread;
			for (int i = 0; i < 100; i++) {
				tl_future_init(&hundred[i]);
				all[i] = &hundred[i];
			}
			tl_future **some = all + 100 - n;
			for (int i = 0; i < n - 1 && mode != TL_ANY; i++)
				tl_future_set(some[i], NULL);
			fail_allocation_at(1);
			long before = allocation_count();
			int result = tl_wait(some, (size_t)n, (enum tl_wait_mode)mode,
			                     MILLISECOND);
			long calls = allocation_count() - before;
			bool failed = fail_allocation_at(0);
			bool allocates = n > 64 && mode != TL_ALL;
			cr_assert_leq(calls, allocates);
			cr_assert_eq(result, failed ? -ENOMEM : -ETIMEDOUT);
			pthread_create(&thread, NULL, set_last, NULL);
			result = tl_wait(some, (size_t)n, (enum tl_wait_mode)mode,
			                 TL_FOREVER);
			pthread_join(thread, NULL);
			cr_assert_eq(result, mode == TL_ALL   ? 0
			                     : mode == TL_ANY ? n - 1
			                                      : n);
		}
	END_CLEAN();
}

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
