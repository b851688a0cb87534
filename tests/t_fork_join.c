/* SPDX-License-Identifier: MIT */
/* threadlet/fork.h: what is computed by forks is what calls compute, wherever it runs. */
#include "support.h"

#include "../perf/programs.h"

/* Enough for the deepest calls here: with musl a thread has 128 KiB by itself. */
static const tl_options deep = { .stack_size = 4 << 20 };

/* ---- Programs with known results --------------------------------------------------- */

TL_FORKABLE(long, fib, int, n)
{
	if (n < 2)
		return n;
	TL_BRANCH(fib) one;
	TL_FORK(fib, &one, n - 1);
	long two = TL_CALL(fib, n - 2);
	return TL_JOIN(fib, &one) + two;
}

static void *plain_fib(tl_forks *at, void *argument)
{
	intptr_t n = (intptr_t)argument;
	if (n < 2)
		return argument;
	tl_branch one, two;
	tl_fork(&at, &one, plain_fib, VALUE(n - 1));
	tl_fork(&at, &two, plain_fib, VALUE(n - 2));
	intptr_t sum = (intptr_t)tl_join(&at, &two);
	return VALUE(sum + (intptr_t)tl_join(&at, &one));
}

/* All of them, as a task or as a function; NULL if the results are right. */
static void *all_programs(void *unused)
{
	enum { SIDE = 64, LENGTH_ = 20000 };
	static const char *const wrong[] = { "fib",     "plain fib", "queens",
		                             "product", "order",     "tree" };
	double *matrix = calloc(3 * SIDE * SIDE, sizeof *matrix);
	int *list = calloc(2 * LENGTH_, sizeof *list);
	double *a = matrix + SIDE * SIDE, *b = a + SIDE * SIDE;
	int bad = -1;
	(void)unused;
	for (int i = 0; i < SIDE * SIDE; i++) {
		a[i] = i % 7;
		b[i] = i % 5;
	}
	for (int i = 0; i < LENGTH_; i++)
		list[i] = (int)(scramble((uint64_t)i) % 1000);
	if (TL_RUN(tree, 42, 0) != tree_size(42, 0))
		bad = 5;
	TL_RUN(sort, list, list + LENGTH_, LENGTH_);
	for (int i = 1; i < LENGTH_; i++)
		if (list[i - 1] > list[i])
			bad = 4;
	TL_RUN(multiply, matrix, a, b, SIDE, SIDE);
	for (int i = 0; i < SIDE * SIDE; i++) {
		double sum = 0;
		for (int k = 0; k < SIDE; k++)
			sum += a[i / SIDE * SIDE + k] * b[k * SIDE + i % SIDE];
		if (sum != matrix[i])
			bad = 3;
	}
	if (TL_RUN(queens, 8, 0, 0, 0, 0) != 92)
		bad = 2;
	if (tl_run(plain_fib, VALUE(18)) != VALUE(2584))
		bad = 1;
	if (TL_RUN(fib, 20) != 6765)
		bad = 0;
	free(matrix);
	free(list);
	return bad < 0 ? NULL : (void *)(uintptr_t)wrong[bad];
}

static void *all_again(void *times)
{
	const char *wrong = NULL;
	for (long i = scaled((intptr_t)times); i > 0 && !wrong; i--)
		wrong = all_programs(NULL);
	return (void *)(uintptr_t)wrong;
}

Test(fork_join, results_are_those_of_calls_in_every_executor)
{
	for (int kind = WORKER; kind <= ADAPTIVE; kind++)
		for (unsigned workers = 1; workers <= 4; workers *= 2) {
			tl_executor *pool = executor_of(kind, workers, NULL);
			const char *wrong =
				tl_await(tl_submit(pool, all_again, VALUE(20)));
			cr_assert_null(wrong, "%s, %u workers", wrong, workers);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

Test(fork_join, results_are_those_of_calls_outside_of_tasks)
{
	cr_assert_null(all_programs(NULL));
	tl_future *future = tl_spawn(all_programs, NULL);
	cr_assert_null(tl_await(future));
	tl_task task;
	tl_task_init(&task, all_programs, NULL);
	cr_assert_eq(tl_task_run(&task), 0);
	cr_assert_null(task.future.value_);
	END_CLEAN();
}

Test(fork_join, regions_of_one_pool_run_at_the_same_time)
{
	tl_future *futures[6];
	tl_executor *pool = executor_of(FIXED, 3, NULL);
	for (size_t i = 0; i < LENGTH(futures); i++)
		futures[i] = tl_submit(pool, all_again, VALUE(10));
	for (size_t i = 0; i < LENGTH(futures); i++)
		cr_assert_null(tl_await(futures[i]));
	tl_executor_destroy(pool);
	END_CLEAN();
}

TL_FORKABLE(long, chain, long, depth)
{
	if (!depth)
		return 0;
	TL_BRANCH(chain) rest;
	TL_BRANCH(fib) small;
	TL_FORK(fib, &small, 3);
	TL_FORK(chain, &rest, 0);
	long deeper = TL_CALL(chain, depth - 1);
	return deeper + 1 + TL_JOIN(chain, &rest) + TL_JOIN(fib, &small) - 2;
}

static void *chains(void *unused)
{
	(void)unused;
	for (long depth = 240; depth < 260; depth++)
		if (TL_RUN(chain, depth) != depth)
			return VALUE(depth);
	return VALUE(TL_RUN(chain, 3000) - 3000);
}

Test(fork_join, what_is_forked_beyond_the_end_of_the_deque_runs_too)
{
	for (unsigned workers = 1; workers <= 3; workers++) {
		tl_executor *pool = executor_of(FIXED, workers, &deep);
		cr_assert_eq(tl_await(tl_submit(pool, chains, NULL)), VALUE(0));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

static void *queens_without_memory(void *unused)
{
	(void)unused;
	fail_allocation_at(1);
	return VALUE(TL_RUN(queens, 8, 0, 0, 0, 0));
}

Test(fork_join, without_memory_for_a_deque_forks_are_calls)
{
	tl_executor *pool = executor_of(FIXED, 1, NULL);
	cr_assert_eq(tl_await(tl_submit(pool, queens_without_memory, NULL)), VALUE(92));
	cr_assert(fail_allocation_at(0));
	cr_assert_null(tl_await(tl_submit(pool, all_programs, NULL)));
	tl_executor_destroy(pool);
	END_CLEAN();
}
