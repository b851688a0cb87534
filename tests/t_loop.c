/* SPDX-License-Identifier: MIT */
/* tl_for and tl_map: each index once, errors, who may call them. */
#include "support.h"

enum { INDEXES = 20000 };

struct work {
	atomic_int done[INDEXES];
	atomic_long calls;
	atomic_uintptr_t first;
	atomic_bool two;
	size_t fails_at;
	tl_executor *pool;
	tl_future started;
};

static struct work *new_work(tl_executor *pool)
{
	struct work *work = calloc(1, sizeof *work);
	work->fails_at = SIZE_MAX;
	work->pool = pool;
	tl_future_init(&work->started);
	return work;
}

static int mark(size_t begin, size_t end, void *context)
{
	struct work *work = context;
	atomic_fetch_add(&work->calls, 1);
	for (size_t i = begin; i < end; i++) {
		if (i == work->fails_at)
			return -EPROTO;
		atomic_fetch_add(&work->done[i], 1);
	}
	return 0;
}

static size_t wrong(struct work *work, size_t begin, size_t end)
{
	for (size_t i = 0; i < INDEXES; i++)
		if (atomic_load(&work->done[i]) != (i >= begin && i < end))
			return i + 1;
	return 0;
}

static void *loops_inside(void *argument)
{
	struct work *work = argument;
	return VALUE(tl_for(work->pool, 7, INDEXES - 7, mark, work));
}

Test(loop, each_index_is_done_once_from_inside_and_outside)
{
	for (int kind = WORKER; kind <= ADAPTIVE; kind++)
		for (unsigned workers = 1; workers <= 3; workers++) {
			tl_executor *pool = executor_of(kind, workers, NULL);
			for (long i = scaled(30); i > 0; i--) {
				struct work *work = new_work(pool);
				cr_assert_eq(tl_for(pool, 7, INDEXES - 7, mark, work), 0);
				cr_assert_eq(wrong(work, 7, INDEXES - 7), 0);
				free(work);
				work = new_work(pool);
				cr_assert_null(
					tl_await(tl_submit(pool, loops_inside, work)));
				cr_assert_eq(wrong(work, 7, INDEXES - 7), 0);
				free(work);
			}
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

Test(loop, without_an_executor_it_runs_in_the_default_one_or_that_of_the_task)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	struct work *outside = new_work(NULL), *inside = new_work(NULL);
	cr_assert_null(tl_await(tl_submit(pool, loops_inside, inside)));
	cr_assert_eq(thread_starts(), 2); /* no default executor so far */
	cr_assert_eq(tl_for(NULL, 7, INDEXES - 7, mark, outside), 0);
	cr_assert_eq(wrong(outside, 7, INDEXES - 7), 0);
	cr_assert_eq(wrong(inside, 7, INDEXES - 7), 0);
	free(outside);
	free(inside);
	tl_executor_destroy(pool);
	tl_shutdown();
	END_CLEAN();
}

Test(loop, an_error_stops_it)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	for (size_t at = 0; at < INDEXES; at += 1 + at / 3) {
		struct work *work = new_work(pool);
		work->fails_at = at;
		cr_assert_eq(tl_for(pool, 0, INDEXES, mark, work), -EPROTO);
		cr_assert_eq(atomic_load(&work->done[at]), 0);
		for (size_t i = 0; i < INDEXES; i++)
			cr_assert_leq(atomic_load(&work->done[i]), 1);
		free(work);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Fails at the first index, and sees to it that all others come only later. */
static int stop_first(size_t begin, size_t end, void *context)
{
	struct work *work = context;
	if (begin == 0)
		return -EPROTO;
	atomic_fetch_add(&work->calls, (long)(end - begin));
	return 0;
}

Test(loop, nothing_is_begun_after_an_error_in_a_pool_of_one)
{
	tl_executor *pool = executor_of(FIXED, 1, NULL);
	struct work *work = new_work(pool);
	cr_assert_eq(tl_for(pool, 0, INDEXES, stop_first, work), -EPROTO);
	cr_assert_eq(atomic_load(&work->calls), 0);
	free(work);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static int until_cancelled(size_t begin, size_t end, void *context)
{
	struct work *work = context;
	(void)begin;
	(void)end;
	tl_future_set(&work->started, NULL);
	return wait_until(tl_cancel_requested()) ? 0 : -ETIME;
}

static void *loops_until_cancelled(void *argument)
{
	struct work *work = argument;
	return VALUE(tl_for(work->pool, 0, INDEXES, until_cancelled, work));
}

Test(loop, it_ends_when_its_task_is_cancelled)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	struct work *work = new_work(pool);
	tl_future *future = tl_submit(pool, loops_until_cancelled, work);
	cr_assert_eq(tl_future_wait(&work->started, TL_FOREVER), 0);
	cr_assert_eq(tl_future_cancel(future), -EINPROGRESS);
	cr_assert_eq(tl_await(future), VALUE(-ECANCELED));
	free(work);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* Some work, and in which threads it was done. */
static int who(size_t begin, size_t end, void *context)
{
	struct work *work = context;
	uintptr_t self = (uintptr_t)pthread_self(), none = 0;
	for (size_t i = begin; i < end; i++)
		for (int64_t start = now(); now() - start < MICROSECOND;)
			;
	if (!atomic_compare_exchange_strong(&work->first, &none, self) && none != self)
		atomic_store(&work->two, true);
	return 0;
}

Test(loop, idle_workers_take_part)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		for (long i = scaled(100); i > 0; i--) {
			struct work *work = new_work(pool);
			assert_soon(!tl_for(pool, 0, 500, who, work) && work->two);
			free(work);
		}
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static int loop_in_loop(size_t begin, size_t end, void *context)
{
	struct work *work = context;
	for (size_t i = begin; i < end; i++) {
		int error = tl_for(work->pool, i * 100, i * 100 + 100, mark, work);
		if (error)
			return error;
	}
	return 0;
}

Test(loop, loops_nest)
{
	tl_executor *pool = executor_of(FIXED, 3, NULL);
	struct work *work = new_work(pool);
	cr_assert_eq(tl_for(pool, 0, INDEXES / 100, loop_in_loop, work), 0);
	cr_assert_eq(wrong(work, 0, INDEXES), 0);
	free(work);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *square(void *n)
{
	return VALUE((intptr_t)n * (intptr_t)n);
}

static void *fail_at_77(void *n)
{
	return (intptr_t)n == 77 ? tl_fail(-ERANGE) : n;
}

Test(loop, map_keeps_results_in_order_and_gives_errors_back)
{
	tl_executor *pool = executor_of(FIXED, 2, NULL);
	void *values[1000], *results[1000];
	for (size_t i = 0; i < LENGTH(values); i++)
		values[i] = VALUE(i);
	cr_assert_eq(tl_map(pool, square, values, results, LENGTH(values)), 0);
	for (size_t i = 0; i < LENGTH(values); i++)
		cr_assert_eq(results[i], VALUE(i * i));
	cr_assert_eq(tl_map(pool, fail_at_77, values, NULL, LENGTH(values)), -ERANGE);
	cr_assert_eq(tl_map(pool, square, values, values, LENGTH(values)), 0);
	cr_assert_eq(values[999], VALUE(998001));
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(loop, wrong_arguments_and_closed_executors_are_refused)
{
	tl_executor *pool = executor_of(FIXED, 1, NULL);
	struct work *work = new_work(pool);
	cr_assert_eq(tl_for(pool, 0, 1, NULL, NULL), -EINVAL);
	cr_assert_eq(tl_map(pool, NULL, NULL, NULL, 0), -EINVAL);
	cr_assert_eq(tl_map(pool, square, NULL, NULL, 1), -EINVAL);
	cr_assert_eq(tl_for(pool, 5, 5, mark, work), 0);
	cr_assert_eq(tl_for(pool, 6, 5, mark, work), 0);
	cr_assert_eq(tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER), 0);
	cr_assert_eq(tl_for(pool, 0, 5, mark, work), -ESHUTDOWN);
	cr_assert_eq(atomic_load(&work->calls), 0);
	free(work);
	tl_executor_destroy(pool);
	END_CLEAN();
}
