/* SPDX-License-Identifier: MIT */
/*
 * Recursive programs as forks, for the benches and the tests: n queens, a product of
 * matrices, a merge sort whose merges fork (Cilk's), an unbalanced tree (as UTS).
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdlib.h>
#include <string.h>
#include <threadlet/fork.h>

TL_FORKABLE(long, queens, int, n, int, row, unsigned, columns, unsigned, left, unsigned,
            right)
{
	if (row == n)
		return 1;
	TL_BRANCH(queens) branches[16];
	int forked = 0;
	long found = 0;
	for (unsigned bit = 1; bit < 1u << n; bit <<= 1)
		if (!(bit & (columns | left | right)))
			TL_FORK(queens, &branches[forked++], n, row + 1, columns | bit,
			        (left | bit) << 1, (right | bit) >> 1);
	while (forked)
		found += TL_JOIN(queens, &branches[--forked]);
	return found;
}

/* c += a * b, of side n in matrices of side `stride`. */
TL_FORKABLE_VOID(multiply, double *, c, const double *, a, const double *, b, size_t, n,
                 size_t, stride)
{
	if (n <= 8) {
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < n; k++)
				for (size_t j = 0; j < n; j++)
					c[i * stride + j] +=
						a[i * stride + k] * b[k * stride + j];
		return;
	}
	size_t h = n / 2, down = h * stride;
	for (size_t k = 0; k < 2; k++) {
		const double *l = a + k * h, *r = b + k * down;
		TL_BRANCH(multiply) one, two, three;
		TL_FORK(multiply, &one, c, l, r, h, stride);
		TL_FORK(multiply, &two, c + h, l, r + h, h, stride);
		TL_FORK(multiply, &three, c + down, l + down, r, h, stride);
		TL_CALL(multiply, c + down + h, l + down, r + h, h, stride);
		TL_JOIN(multiply, &three);
		TL_JOIN(multiply, &two);
		TL_JOIN(multiply, &one);
	}
}

static inline size_t first_above(const int *list, size_t n, int value)
{
	size_t low = 0;
	while (low < n) {
		size_t middle = low + (n - low) / 2;
		if (list[middle] <= value)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

TL_FORKABLE_VOID(merge, int *, to, const int *, a, size_t, n, const int *, b, size_t, m)
{
	while (n + m <= 32 && n + m) {
		*to++ = !m || (n && *a <= *b) ? (n--, *a++) : (m--, *b++);
	}
	if (!n && !m)
		return;
	if (n < m) {
		const int *other = a;
		size_t length = n;
		a = b, n = m, b = other, m = length;
	}
	size_t half = n / 2, below = first_above(b, m, a[half]);
	TL_BRANCH(merge) low;
	TL_FORK(merge, &low, to, a, half, b, below);
	TL_CALL(merge, to + half + below, a + half, n - half, b + below, m - below);
	TL_JOIN(merge, &low);
}

static inline int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

TL_FORKABLE_VOID(sort, int *, list, int *, room, size_t, n)
{
	if (n <= 32) {
		qsort(list, n, sizeof *list, compare);
		return;
	}
	size_t half = n / 2;
	TL_BRANCH(sort) low;
	TL_FORK(sort, &low, list, room, half);
	TL_CALL(sort, list + half, room + half, n - half);
	TL_JOIN(sort, &low);
	tl_forks *at = tl_at_;
	merge(at, room, list, half, list + half, n - half);
	memcpy(list, room, n * sizeof *list);
}

static inline uint64_t scramble(uint64_t x)
{
	x = (x ^ x >> 31) * UINT64_C(0x7fb5d329728ea185);
	x = (x ^ x >> 27) * UINT64_C(0x81dadef4bc2dd44d);
	return x ^ x >> 33;
}

/* How many a node has, so that the tree is unbalanced and ends: 0.92 on average. */
static inline unsigned children(uint64_t node, unsigned depth)
{
	return depth < 4 ? 6 : scramble(node) % 100 < 23 ? 4 : 0;
}

static inline long tree_size(uint64_t node, unsigned depth)
{
	long size = 1;
	for (unsigned i = 0; i < children(node, depth); i++)
		size += tree_size(scramble(node + i + 1), depth + 1);
	return size;
}

TL_FORKABLE(long, tree, uint64_t, node, unsigned, depth)
{
	long size = 1;
	unsigned n = children(node, depth);
	TL_BRANCH(tree) branches[6];
	for (unsigned i = 0; i < n; i++)
		TL_FORK(tree, &branches[i], scramble(node + i + 1), depth + 1);
	while (n)
		size += TL_JOIN(tree, &branches[--n]);
	return size;
}

#endif /* PROGRAMS_H */
