/* SPDX-License-Identifier: MIT */
/* How threads meet, and what the kernel wakes them for, differ from run to run: what the
 * gate counts of several threads is the median of some rounds. */
#ifndef GATE_MEDIAN_H
#define GATE_MEDIAN_H

#include <stdlib.h>

static inline int by_number(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

/* Sorts them. */
static inline double median(double *numbers, size_t count)
{
	qsort(numbers, count, sizeof(*numbers), by_number);
	return numbers[count / 2];
}

#endif /* GATE_MEDIAN_H */
