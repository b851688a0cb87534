/* SPDX-License-Identifier: MIT */
/*
 *   tree_forks  the children of the bench tree as forks: one task forks N empty calls and
 *               joins them, all in memory that has been touched: ns per child
 *   fib         fib(N) by fork and join without a cut-off: ns per fork
 *   for         the sum of N numbers in a loop that is shared out: ns per 1000 numbers
 * Each once before the measured time (fib a smaller one), in the same pool.
 */
#include "benches.h"

#include <stdatomic.h>

#define NUMBERS 65536 /* half a MiB: the loop computes, it doesn't wait for memory */

bool can_fork(void)
{
	return contender.fork_many != NULL;
}

bool can_fib(void)
{
	return contender.fib != NULL;
}

bool can_loop(void)
{
	return contender.loop != NULL;
}

void bench_tree_forks(const struct arguments *arguments)
{
	size_t n = arguments->n, before;
	void *pool = contender.create(arguments->workers);
	void *branches = allocate(n, contender.branch_size);
	int64_t begun, time;

	contender.fork_many(pool, n, branches, count_one);
	before = counted();
	begun = region_begin();
	contender.fork_many(pool, n, branches, count_one);
	time = region_end() - begun;
	must(counted() == before + n, "all children");
	report("time", (double)time / (double)n, "ns");
	contender.destroy(pool);
}

static long fib(int n)
{
	long a = 0, b = 1;

	for (; n > 0; n--) {
		long next = a + b;
		a = b;
		b = next;
	}
	return a;
}

/* Calls of fib that fork. */
static double forks(int n)
{
	double a = 1, b = 1; /* calls for 0 and 1 */

	for (int i = 2; i <= n; i++) {
		double next = a + b + 1;
		a = b;
		b = next;
	}
	return (b - 1) / 2;
}

void bench_fib(const struct arguments *arguments)
{
	int n = (int)arguments->n;
	void *pool = contender.create ? contender.create(arguments->workers) : NULL;
	int warm = n > 20 ? n - 6 : n;
	int64_t begun;
	long result;

	must(n >= 2 && n <= 60, "fib: N from 2 to 60");
	must(contender.fib(pool, warm) == fib(warm), "fib");
	begun = region_begin();
	result = contender.fib(pool, n);
	report("time", (double)(region_end() - begun) / forks(n), "ns");
	must(result == fib(n), "fib");
	if (pool)
		contender.destroy(pool);
}

static double *numbers;
static atomic_long total;

static void add(size_t begin, size_t end)
{
	double sum = 0;

	for (size_t i = begin; i < end; i++)
		sum += numbers[i % NUMBERS];
	atomic_fetch_add(&total, (long)sum);
}

void bench_for(const struct arguments *arguments)
{
	size_t n = arguments->n;
	void *pool = contender.create ? contender.create(arguments->workers) : NULL;
	int64_t time = 0;
	long first = 0;

	numbers = allocate(NUMBERS, sizeof(*numbers));
	for (size_t i = 0; i < NUMBERS; i++)
		numbers[i] = (double)(i % 8);
	for (int measured = 0; measured < 2; measured++) {
		int64_t begun;

		first = atomic_exchange(&total, 0);
		begun = measured ? region_begin() : nanoseconds();
		contender.loop(pool, n, add);
		time = (measured ? region_end() : nanoseconds()) - begun;
	}
	report("time", (double)time * 1000 / (double)n, "ns");
	must(first == atomic_load(&total), "the sum");
	if (pool)
		contender.destroy(pool);
}
