/* SPDX-License-Identifier: MIT */
/*
 * The programs of programs.h; ms, their results checked:
 *   queens    N queens
 *   multiply  two matrices of side N (a power of two)
 *   sort      N integers
 *   trees     N unbalanced trees of some 16,000 nodes, one after the other
 * Each once before the measured time, in the same pool.
 */
#include "benches.h"
#include "programs.h"

static void *pool;
static size_t size;

bool can_programs(void)
{
	return contender.queens && contender.multiply && contender.sort &&
	       contender.trees;
}

/* What has to be as it was is prepared before each run. */
static void measure(const struct arguments *arguments, void (*prepare)(void),
                    void (*run)(void))
{
	int64_t begun;

	pool = contender.create(arguments->workers);
	size = arguments->n;
	prepare();
	run();
	prepare();
	begun = region_begin();
	run();
	report("time", (double)(region_end() - begun) / 1e6, "ms");
	contender.destroy(pool);
}

static void nothing(void)
{
}

static long result;

static void run_queens(void)
{
	result = contender.queens(pool, (int)size);
}

void bench_queens(const struct arguments *arguments)
{
	static const long solutions[] = { 1,  1,  0,   0,   2,    10,    4,
		                          40, 92, 352, 724, 2680, 14200, 73712 };

	must(arguments->n < sizeof(solutions) / sizeof(*solutions), "queens: N below 14");
	measure(arguments, nothing, run_queens);
	must(result == solutions[size], "queens");
}

static double *c, *a, *b;

static void clear_product(void)
{
	if (!c) {
		a = allocate(size * size, sizeof(*a));
		b = allocate(size * size, sizeof(*b));
		c = allocate(size * size, sizeof(*c));
	}
	for (size_t i = 0; i < size * size; i++) {
		a[i] = (double)(i % 7);
		b[i] = (double)(i % 5);
	}
	memset(c, 0, size * size * sizeof(*c));
}

static void run_multiply(void)
{
	contender.multiply(pool, c, a, b, size);
}

void bench_multiply(const struct arguments *arguments)
{
	measure(arguments, clear_product, run_multiply);
	for (size_t i = 0; i < size; i++) { /* times (1, ..., 1) */
		double is = 0, should_be = 0;

		for (size_t k = 0; k < size; k++) {
			double row = 0;

			is += c[i * size + k];
			for (size_t j = 0; j < size; j++)
				row += b[k * size + j];
			should_be += a[i * size + k] * row;
		}
		must(is == should_be, "the product");
	}
}

static int *list, *room;

static void shuffle(void)
{
	if (!list) {
		list = allocate(size, sizeof(*list));
		room = allocate(size, sizeof(*room));
	}
	for (size_t i = 0; i < size; i++)
		list[i] = (int)(scramble(i) % 1000000);
}

static void run_sort(void)
{
	contender.sort(pool, list, room, size);
}

void bench_sort(const struct arguments *arguments)
{
	long sum = 0;

	measure(arguments, shuffle, run_sort);
	for (size_t i = 0; i < size; i++) {
		must(!i || list[i - 1] <= list[i], "the order");
		sum += list[i] - (int)(scramble(i) % 1000000);
	}
	must(!sum, "what was sorted");
}

static void run_trees(void)
{
	result = contender.trees(pool, size);
}

void bench_trees(const struct arguments *arguments)
{
	measure(arguments, nothing, run_trees);
	for (size_t i = 0; i < size; i++)
		result -= tree_size(i, 0);
	must(!result, "the trees' size");
}
