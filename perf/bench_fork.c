/* SPDX-License-Identifier: MIT */
/*
 *   fib   fib(N) by fork and join without a cut-off: ns per fork
 *   for   the sum of N numbers in a loop that is shared out: ns per 1000 numbers
 * Both once before the measured time, in the same pool.
 */
#include "benches.h"

#include <stdatomic.h>

#define NUMBERS 65536 /* half a MiB: the loop computes, it doesn't wait for memory */

bool can_fib(void)
{
	return contender.fib != NULL;
}

bool can_loop(void)
{
	return contender.loop != NULL;
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
	long first = contender.fib(pool, n), second;
	int64_t begun = region_begin();

	must(n >= 2 && n <= 60, "fib: N from 2 to 60");
	second = contender.fib(pool, n);
	report("time", (double)(region_end() - begun) / forks(n), "ns");
	must(first == second && contender.fib(pool, 20) == 6765, "fib");
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
