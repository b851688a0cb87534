/* SPDX-License-Identifier: MIT */
/* Groups: waiting for many tasks at once, their first error, cancelling them. */
#include "support.h"

#include <stdio.h>

static void release(tl_future *future)
{
	cr_assert_not_null(future);
	tl_future_release(future);
}

/* n tasks of the library's memory, none of which anybody keeps. */
static void submit_many(tl_group *group, long n, tl_function *function, void *argument)
{
	for (long i = 0; i < n; i++)
		release(tl_group_submit(group, function, argument));
}

static void *fail_as_told(void *error)
{
	return tl_fail((int)(intptr_t)error);
}

Test(group, wait_is_for_all_its_tasks)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (long n = 0; n <= scaled(20000); n = 10 * n + 1) {
			tl_executor *executor = executor_of(kind, 2, NULL);
			atomic_long ran = 0;
			tl_group group;
			cr_assert_eq(tl_group_init(&group, executor, NULL), 0);
			submit_many(&group, n, add_one, &ran);
			cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
			cr_assert_eq(atomic_load(&ran), n);
			cr_assert(tl_group_done(&group));
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

Test(group, its_futures_are_futures_like_others)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_group group;
	tl_group_init(&group, pool, NULL);
	tl_future *five = tl_group_submit(&group, identity, VALUE(5));
	tl_future *fails = tl_group_submit(&group, fail_with, VALUE(-EIO));
	cr_assert_eq(tl_await(five), VALUE(5));
	cr_assert_eq(tl_future_result(fails, NULL, TL_FOREVER), -EIO);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	tl_future_release(fails);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, own_tasks_allocate_nothing)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	static tl_task tasks[1000];
	atomic_long ran = 0;
	for (int round = 0; round < 3; round++) {
		long before = allocation_count();
		tl_group group;
		tl_group_init(&group, pool, NULL);
		for (size_t i = 0; i < LENGTH(tasks); i++) {
			tl_task_init(&tasks[i], add_one, &ran);
			cr_assert_eq(tl_group_submit_task(&group, &tasks[i]), 0);
		}
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		for (size_t i = 0; i < LENGTH(tasks); i++)
			cr_assert(tl_future_done(&tasks[i].future));
		cr_assert_eq(allocation_count(), before);
	}
	cr_assert_eq(atomic_load(&ran), 3000);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Errors -------------------------------------------------------------------- */

Test(group, first_error_is_kept_until_it_is_set_up_anew)
{
	tl_executor *worker = tl_worker_create(NULL);
	tl_group group;
	tl_group_init(&group, worker, NULL);
	submit_many(&group, 10, identity, NULL);
	submit_many(&group, 1, fail_as_told, VALUE(-EIO));
	submit_many(&group, 10, fail_as_told, VALUE(-ENOENT));
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	submit_many(&group, 10, identity, NULL);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	tl_group_init(&group, worker, NULL);
	submit_many(&group, 10, identity, NULL);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(group, cancelled_task_hides_no_error)
{
	tl_executor *worker = tl_worker_create(NULL);
	struct gate gate = GATE;
	tl_group group;
	tl_group_init(&group, worker, NULL);
	hold(worker, &gate, 1);
	tl_future *cancelled = tl_group_submit(&group, identity, NULL);
	cr_assert_eq(tl_future_cancel(cancelled), 0);
	submit_many(&group, 1, fail_as_told, VALUE(-EIO));
	submit_many(&group, 1, fail_as_told, VALUE(-ECANCELED));
	gate_open(&gate);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	tl_future_release(cancelled);

	tl_group_init(&group, worker, NULL);
	submit_many(&group, 1, fail_as_told, VALUE(-ECANCELED));
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -ECANCELED);
	tl_executor_destroy(worker);
	END_CLEAN();
}

/* ---- Cancelling ---------------------------------------------------------------- */

struct stop {
	atomic_int running, stopped;
};

static void *run_until_asked_to_stop(void *argument)
{
	struct stop *stop = argument;
	atomic_fetch_add(&stop->running, 1);
	if (!wait_until(tl_cancel_requested()))
		return tl_fail(-ETIME);
	atomic_fetch_add(&stop->stopped, 1);
	return NULL;
}

Test(group, cancel_stops_what_runs_and_what_has_not_begun_never_does)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct stop stop = { 0 };
		atomic_long ran = 0;
		tl_group group;
		tl_group_init(&group, executor, NULL);
		submit_many(&group, 1, run_until_asked_to_stop, &stop);
		assert_soon(atomic_load(&stop.running) == 1);
		submit_many(&group, 1000, add_one, &ran);
		tl_future *other = tl_submit(executor, add_one, &ran);
		cr_assert_eq(tl_group_cancel(&group), 0);
		cr_assert_null(tl_group_submit(&group, add_one, &ran));
		cr_assert_eq(errno, ECANCELED);
		tl_task task;
		tl_task_init(&task, add_one, &ran);
		cr_assert_eq(tl_group_submit_task(&group, &task), -ECANCELED);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -ECANCELED);
		tl_await(other);
		cr_assert_eq(atomic_load(&stop.stopped), 1);
		cr_assert_eq(atomic_load(&ran), 1);
		cr_assert_eq(tl_submit_task(executor, &task), 0);
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&ran), 2);
	}
	END_CLEAN();
}

Test(group, cancel_after_the_end_is_no_error)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_group group;
	tl_group_init(&group, pool, NULL);
	cr_assert_eq(tl_group_cancel(&group), 0);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	tl_group_init(&group, pool, NULL);
	submit_many(&group, 10, identity, NULL);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(tl_group_cancel(&group), 0);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, nested_ones_follow_their_parent_and_not_the_other_way)
{
	tl_executor *pool = tl_fixed_pool_create(4, NULL);
	tl_group groups[4]; /* 0 holds 1, which holds 2; 3 is a sister of 1 */
	struct stop stops[4] = { 0 };
	tl_group_init(&groups[0], pool, NULL);
	tl_group_init(&groups[1], pool, &groups[0]);
	tl_group_init(&groups[2], pool, &groups[1]);
	tl_group_init(&groups[3], pool, &groups[0]);
	for (int i = 0; i < 4; i++) {
		submit_many(&groups[i], 1, run_until_asked_to_stop, &stops[i]);
		assert_soon(atomic_load(&stops[i].running) == 1);
	}
	tl_group_cancel(&groups[1]);
	cr_assert_eq(tl_group_wait(&groups[2], TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&groups[1], TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&groups[0], 0), -ETIMEDOUT);
	cr_assert_eq(tl_group_wait(&groups[3], 0), -ETIMEDOUT);
	cr_assert_null(tl_group_submit(&groups[2], identity, NULL));
	cr_assert_eq(tl_await(tl_group_submit(&groups[0], identity, VALUE(1))), VALUE(1));
	tl_group_cancel(&groups[0]);
	cr_assert_eq(tl_group_wait(&groups[3], TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&groups[0], TL_FOREVER), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Time ---------------------------------------------------------------------- */

Test(group, wait_runs_out_and_a_later_one_succeeds)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	tl_group group;
	tl_group_init(&group, pool, NULL);
	submit_many(&group, 3, gate_pass, &gate);
	cr_assert_eq(tl_group_wait(&group, 0), -ETIMEDOUT);
	cr_assert_eq(tl_group_wait(&group, 3 * MILLISECOND), -ETIMEDOUT);
	cr_assert_not(tl_group_done(&group));
	gate_open(&gate);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct inside {
	tl_executor *pool;
	tl_group *group;
	struct gate gate;
	atomic_long mine, others, others_then;
	int64_t timeout;
};

static void *wait_inside(void *argument)
{
	struct inside *inside = argument;
	gate_pass(&inside->gate);
	int result = tl_group_wait(inside->group, inside->timeout);
	inside->others_then = inside->others;
	return VALUE(result);
}

Test(group, wait_inside_a_task_runs_out)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		struct gate gate = GATE;
		tl_group group;
		struct inside inside = { pool, &group, GATE, .timeout = 2 * MILLISECOND };
		tl_group_init(&group, pool, NULL);
		submit_many(&group, 1, gate_pass, &gate);
		assert_soon(atomic_load(&gate.inside) == 1);
		gate_open(&inside.gate);
		cr_assert_eq(tl_await(tl_submit(pool, wait_inside, &inside)),
		             VALUE(-ETIMEDOUT));
		gate_open(&gate);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* ---- Inside tasks -------------------------------------------------------------- */

/* From outside, tasks of the group among as many others, behind the one that waits. */
static void wait_among_others(unsigned workers, long n)
{
	tl_executor *pool = tl_fixed_pool_create(workers, NULL);
	tl_group group;
	struct inside inside = { pool, &group, GATE, .timeout = TL_FOREVER };
	tl_group_init(&group, pool, NULL);
	tl_future *waits = tl_submit(pool, wait_inside, &inside);
	for (long i = 0; i < n; i++) {
		release(tl_submit(pool, add_one, &inside.others));
		submit_many(&group, 1, add_one, &inside.mine);
	}
	gate_open(&inside.gate);
	cr_assert_eq(tl_await(waits), VALUE(0));
	cr_assert_eq(atomic_load(&inside.mine), n);
	if (workers == 1)
		cr_assert_eq(atomic_load(&inside.others_then), 0);
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&inside.others), n);
}

Test(group, wait_in_a_pool_of_one_runs_its_tasks_from_everywhere_and_no_others)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		wait_among_others(workers, 10);
		wait_among_others(workers, 3000);
	}
	if (!instrumented())
		wait_among_others(1, 134000); /* behind the rings, in the list */
	END_CLEAN();
}

static void *submit_and_wait_inside(void *argument)
{
	struct inside *inside = argument;
	tl_group group;
	tl_group_init(&group, inside->pool, NULL);
	for (int i = 0; i < 700; i++) { /* more than a ring takes */
		release(tl_submit(inside->pool, add_one, &inside->others));
		submit_many(&group, 1, add_one, &inside->mine);
	}
	int result = tl_group_wait(&group, TL_FOREVER);
	inside->others_then = inside->others;
	return VALUE(result);
}

Test(group, wait_in_a_pool_of_one_finds_what_its_task_submitted)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 1, NULL);
		struct inside inside = { .pool = pool };
		cr_assert_eq(tl_await(tl_submit(pool, submit_and_wait_inside, &inside)),
		             VALUE(0));
		cr_assert_eq(atomic_load(&inside.mine), 700);
		cr_assert_eq(atomic_load(&inside.others_then), 0);
		tl_executor_destroy(pool);
		cr_assert_eq(atomic_load(&inside.others), 700);
	}
	END_CLEAN();
}

/* Keeps a task of the group at the gate, and the other worker in a wait for the group. */
static tl_future *begin_waiting(tl_executor *pool, tl_group *group, struct gate *gate,
                                struct inside *inside)
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

Test(group, waiting_worker_runs_what_is_submitted_later)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		struct gate gate = GATE;
		tl_group group;
		struct inside inside;
		tl_future *waits = begin_waiting(pool, &group, &gate, &inside);
		for (int i = 0; i < 200; i++) {
			tl_future *one = tl_group_submit(&group, add_one, &inside.mine);
			cr_assert_eq(tl_future_wait(one, TL_FOREVER), 0);
			tl_future_release(one);
		}
		gate_open(&gate);
		cr_assert_eq(tl_await(waits), VALUE(0));
		cr_assert_eq(atomic_load(&inside.mine), 200);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

struct branch {
	tl_executor *pool;
	tl_group *parent;
	int depth;
	atomic_long *leaves;
};

static void *grow(void *argument)
{
	struct branch *branch = argument;
	if (!branch->depth)
		return add_one(branch->leaves);
	tl_group group;
	struct branch below = { branch->pool, &group, branch->depth - 1, branch->leaves };
	tl_task own;
	tl_group_init(&group, branch->pool, branch->parent);
	tl_task_init(&own, grow, &below);
	submit_many(&group, 2, grow, &below);
	int error = tl_group_submit_task(&group, &own);
	if (!error)
		error = tl_group_wait(&group, TL_FOREVER);
	memset(&group, 0x5a, sizeof group); /* nothing of ours may touch it */
	memset(&own, 0x5a, sizeof own);
	return error ? tl_fail(error) : NULL;
}

Test(group, tree_of_groups_on_any_number_of_workers)
{
	for (int kind = FIXED; kind < KINDS; kind++)
		for (unsigned workers = 1; workers <= 4; workers++) {
			tl_executor *pool = executor_of(kind, workers, NULL);
			for (long i = scaled(5) + 1; i--;) {
				atomic_long leaves = 0;
				struct branch top = { pool, NULL, 8, &leaves };
				tl_group group;
				tl_group_init(&group, pool, NULL);
				submit_many(&group, 1, grow, &top);
				cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
				cr_assert_eq(atomic_load(&leaves), 6561);
			}
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

struct spread {
	tl_group *group;
	atomic_long *count;
	int left;
};

/* A task of the group submits the next ones into it. */
static void *spread(void *argument)
{
	struct spread *spread_ = argument;
	add_one(spread_->count);
	for (int i = 0; i < 2 && spread_->left; i++) {
		struct spread *next = malloc(sizeof *next);
		*next = (struct spread){ spread_->group, spread_->count,
			                 spread_->left - 1 };
		tl_future_release(tl_group_submit(next->group, spread, next));
	}
	free(spread_);
	return NULL;
}

Test(group, tasks_may_submit_into_their_own_group)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		atomic_long count = 0;
		tl_group group;
		struct spread *first = malloc(sizeof *first);
		tl_group_init(&group, executor, NULL);
		*first = (struct spread){ &group, &count, 12 };
		submit_many(&group, 1, spread, first);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		cr_assert_eq(atomic_load(&count), (1 << 13) - 1);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

static void *wait_for_own_group(void *group)
{
	return VALUE(tl_group_wait(group, TL_FOREVER));
}

Test(group, task_that_waits_for_its_own_group_is_told)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		tl_group group;
		tl_group_init(&group, executor, NULL);
		cr_assert_eq(
			tl_await(tl_group_submit(&group, wait_for_own_group, &group)),
			VALUE(-EDEADLK));
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(group, worker_that_waits_for_what_is_behind_it_is_told)
{
	tl_executor *worker = tl_worker_create(NULL);
	tl_group group;
	struct inside inside = { worker, &group, GATE, .timeout = TL_FOREVER };
	tl_group_init(&group, worker, NULL);
	tl_future *waits = tl_submit(worker, wait_inside, &inside);
	submit_many(&group, 3, add_one, &inside.mine);
	gate_open(&inside.gate);
	cr_assert_eq(tl_await(waits), VALUE(-EDEADLK));
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(atomic_load(&inside.mine), 3);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(group, waiting_worker_of_another_pool_leaves_the_tasks_alone)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL), *other;
	other = tl_fixed_pool_create(1, NULL);
	tl_group group;
	struct inside inside = { pool, &group, GATE, .timeout = TL_FOREVER };
	tl_group_init(&group, pool, NULL);
	gate_open(&inside.gate);
	for (int i = 0; i < 100; i++) {
		submit_many(&group, 10, add_one, &inside.mine);
		cr_assert_eq(tl_await(tl_submit(other, wait_inside, &inside)), VALUE(0));
	}
	cr_assert_eq(stats_of(pool).completed, 1000);
	tl_executor_destroy(pool);
	tl_executor_destroy(other);
	END_CLEAN();
}

Test(group, spare_worker_stands_in_for_one_that_waits)
{
	for (int kind = FIXED; kind < KINDS; kind++) {
		tl_options options = { .spare_workers = 1 };
		tl_executor *pool = executor_of(kind, 2, &options);
		struct gate gate = GATE;
		tl_group group;
		struct inside inside;
		tl_future *waits = begin_waiting(pool, &group, &gate, &inside);
		/* one is held, one waits: neither may run this */
		cr_assert_eq(tl_await(tl_submit(pool, identity, VALUE(3))), VALUE(3));
		gate_open(&gate);
		cr_assert_eq(tl_await(waits), VALUE(0));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

/* ---- Memory -------------------------------------------------------------------- */

/* In a frame that is overwritten as soon as the wait has returned. */
static __attribute__((noinline)) int group_in_a_frame(tl_executor *pool, atomic_long *ran,
                                                      int n)
{
	struct {
		tl_group group;
		tl_task tasks[4];
		unsigned char bytes[64];
	} frame;
	int wrong = 0;
	tl_group_init(&frame.group, pool, NULL);
	for (int i = 0; i < n; i++) {
		tl_task_init(&frame.tasks[i], add_one, ran);
		wrong += tl_group_submit_task(&frame.group, &frame.tasks[i]) != 0;
	}
	if (n % 2)
		wrong += tl_group_wait(&frame.group, TL_FOREVER) != 0;
	else
		while (!tl_group_done(&frame.group))
			;
	memset(&frame, 0x5a, sizeof frame);
	__asm__ volatile("" : : "r"(&frame) : "memory");
	for (volatile int spin = 0; spin < 200; spin++)
		;
	for (size_t i = 0; i < sizeof frame; i++)
		wrong += ((volatile unsigned char *)&frame)[i] != 0x5a;
	return wrong;
}

struct looper {
	tl_executor *pool;
	atomic_long ran;
	long expected;
	int wrong;
};

static void *loop_over_frames(void *argument)
{
	struct looper *looper = argument;
	for (long round = scaled(6000); round--;) {
		int n = 1 + (int)(round % 4);
		looper->wrong += group_in_a_frame(looper->pool, &looper->ran, n);
		looper->expected += n;
	}
	return NULL;
}

Test(group, its_memory_may_be_used_again_when_the_wait_returns)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct looper loopers[3];
	pthread_t threads[2];
	for (size_t i = 0; i < LENGTH(loopers); i++)
		loopers[i] = (struct looper){ .pool = pool };
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, loop_over_frames, &loopers[i]);
	tl_await(tl_submit(pool, loop_over_frames, &loopers[2])); /* one helps */
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < LENGTH(loopers); i++) {
		cr_assert_eq(loopers[i].wrong, 0);
		cr_assert_eq(atomic_load(&loopers[i].ran), loopers[i].expected);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct crowd {
	tl_group *group;
	pthread_barrier_t barrier;
	atomic_int wrong;
};

static void *wait_with_others(void *argument)
{
	struct crowd *crowd = argument;
	for (long round = scaled(2000); round--;) {
		pthread_barrier_wait(&crowd->barrier);
		if (tl_group_wait(crowd->group, TL_FOREVER))
			atomic_fetch_add(&crowd->wrong, 1);
		pthread_barrier_wait(&crowd->barrier);
	}
	return NULL;
}

Test(group, wakes_all_its_waiters_in_every_round)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_group group;
	struct crowd crowd = { .group = &group };
	pthread_t threads[3];
	pthread_barrier_init(&crowd.barrier, NULL, LENGTH(threads) + 1);
	tl_group_init(&group, pool, NULL);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, wait_with_others, &crowd);
	for (long round = scaled(2000); round--;) {
		submit_many(&group, round % 5, identity, NULL);
		pthread_barrier_wait(&crowd.barrier);
		pthread_barrier_wait(&crowd.barrier);
	}
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.barrier);
	cr_assert_eq(atomic_load(&crowd.wrong), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Ends ---------------------------------------------------------------------- */

Test(group, shutdown_ends_its_tasks_one_way_or_the_other)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
			tl_executor *executor = executor_of(kind, 1, NULL);
			struct gate gate = GATE;
			atomic_long ran = 0;
			tl_group group;
			tl_group_init(&group, executor, NULL);
			submit_many(&group, 1, gate_pass, &gate);
			assert_soon(atomic_load(&gate.inside) == 1);
			submit_many(&group, 100, add_one, &ran);
			cr_assert_eq(tl_executor_shutdown(executor,
			                                  (enum tl_shutdown_mode)how, 0),
			             -ETIMEDOUT);
			errno = 0;
			cr_assert_null(tl_group_submit(&group, add_one, &ran));
			cr_assert_eq(errno, ESHUTDOWN);
			tl_task task;
			tl_task_init(&task, add_one, &ran);
			cr_assert_eq(tl_group_submit_task(&group, &task), -ESHUTDOWN);
			cr_assert_eq(tl_group_wait(&group, 0), -ETIMEDOUT);
			gate_open(&gate);
			cr_assert_eq(tl_group_wait(&group, TL_FOREVER),
			             how == TL_CANCEL ? -ECANCELED : 0);
			cr_assert_eq(atomic_load(&ran), how == TL_CANCEL ? 0 : 100);
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

struct lost {
	tl_group *busy, *ended;
};

static int child_of_a_group(void *argument)
{
	struct lost *lost = argument;
	if (tl_group_wait(lost->busy, TL_FOREVER) != -EOWNERDEAD)
		return 1;
	if (tl_group_wait(lost->busy, 0) != -ETIMEDOUT)
		return 2;
	if (tl_group_cancel(lost->busy) != -EOWNERDEAD)
		return 3;
	errno = 0;
	if (tl_group_submit(lost->busy, identity, NULL) || errno != EOWNERDEAD)
		return 4;
	tl_task task;
	tl_task_init(&task, identity, NULL);
	if (tl_group_submit_task(lost->busy, &task) != -EOWNERDEAD)
		return 5;
	if (tl_group_wait(lost->ended, TL_FOREVER) != -EIO)
		return 6;
	return 0;
}

Test(group, child_of_a_fork_is_told)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	tl_group busy, ended;
	struct lost lost = { &busy, &ended };
	tl_group_init(&busy, pool, NULL);
	tl_group_init(&ended, pool, NULL);
	submit_many(&ended, 1, fail_as_told, VALUE(-EIO));
	cr_assert_eq(tl_group_wait(&ended, TL_FOREVER), -EIO);
	submit_many(&busy, 1, gate_pass, &gate);
	cr_assert_eq(in_child(child_of_a_group, &lost), 0);
	gate_open(&gate);
	cr_assert_eq(tl_group_wait(&busy, TL_FOREVER), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, refused_task_leaves_it)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_group group;
	tl_task task;
	tl_group_init(&group, pool, NULL);
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_group_submit_task(&group, &task), 0);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(tl_group_submit_task(&group, &task), -EBUSY);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_future_cancel(&task.future), 0);
	cr_assert_eq(tl_group_submit_task(&group, &task), -ECANCELED);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_task_init(&task, identity, NULL);
	fail_allocation_at(1);
	tl_future *future = tl_group_submit(&group, identity, NULL);
	fail_allocation_at(0);
	tl_future_wait(future, TL_FOREVER);
	cr_assert(tl_group_done(&group) || wait_until(tl_group_done(&group)));
	tl_future_release(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, bad_arguments_are_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_group group, empty = { 0 };
	tl_task task, bad;
	tl_task_init(&task, identity, NULL);
	tl_task_init(&bad, NULL, NULL);
	cr_assert_eq(tl_group_init(NULL, pool, NULL), -EINVAL);
	cr_assert_eq(tl_group_init(&group, NULL, NULL), -EINVAL);
	cr_assert_eq(tl_group_init(&group, pool, &group), -EINVAL);
	cr_assert_eq(tl_group_init(&group, pool, NULL), 0);
	errno = 0;
	cr_assert_null(tl_group_submit(NULL, identity, NULL));
	cr_assert_eq(errno, EINVAL);
	errno = 0;
	cr_assert_null(tl_group_submit(&group, NULL, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_group_submit(&empty, identity, NULL));
	cr_assert_eq(tl_group_submit_task(NULL, &task), -EINVAL);
	cr_assert_eq(tl_group_submit_task(&group, NULL), -EINVAL);
	cr_assert_eq(tl_group_submit_task(&group, &bad), -EINVAL);
	cr_assert_eq(tl_group_wait(NULL, 0), -EINVAL);
	cr_assert_eq(tl_group_wait(&empty, 0), -EINVAL);
	cr_assert_eq(tl_group_wait(&group, -1), -EINVAL);
	cr_assert_eq(tl_group_cancel(NULL), -EINVAL);
	cr_assert_eq(tl_group_cancel(&empty), -EINVAL);
	cr_assert_not(tl_group_done(NULL));
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
