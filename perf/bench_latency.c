/* SPDX-License-Identifier: MIT */
/*
 * latency: an open loop. The times at which N tasks arrive are fixed before the first
 * one: random and independent (Poisson) from SEED, so many that WORK us of computing
 * for each keep the workers busy for LOAD % of the time. One thread, which does not
 * sleep and has a CPU for itself, submits each when its time has come, or as soon as it
 * can. Measured from the
 * intended arrival to the end of the work: a stall is charged to all it holds up.
 * Percentiles in us; lag is how late the submitting thread itself was.
 */
#include "benches.h"

#include <math.h>

static int64_t *arrivals, *latencies; /* ns after `begun`; ns */
static int64_t begun;
static size_t rounds; /* of `compute` that take WORK us */
static volatile uint64_t sink;

static void compute(size_t times)
{
	uint64_t x = sink | 1;

	for (size_t i = 0; i < times; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
}

/* How many rounds take so long on this machine when nothing disturbs. */
static size_t calibrate(double time)
{
	const size_t trial = 100000;
	int64_t best = INT64_MAX;

	for (int i = 0; i < 50; i++) {
		int64_t start = nanoseconds(), used;

		compute(trial);
		used = nanoseconds() - start;
		if (used < best)
			best = used;
	}
	return (size_t)(time * (double)trial / (double)best);
}

/* Between 0 and 1, neither included (splitmix64). */
static double random_fraction(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	x ^= x >> 31;
	return ((double)(x >> 12) + 0.5) / 4503599627370496.0;
}

static void *task(void *argument)
{
	size_t i = (size_t)((int64_t *)argument - latencies);

	compute(rounds);
	latencies[i] = nanoseconds() - begun - arrivals[i];
	return count_one(NULL);
}

void bench_latency(const struct arguments *arguments)
{
	double load = arguments->more[0] / 100, work = arguments->more[1] * 1000;
	uint64_t seed = (uint64_t)arguments->more[2];
	double gap = work / load / arguments->workers, at = 0;
	size_t n = arguments->n, before;
	int64_t *lags = allocate(n, sizeof(*lags)), worst = 0, now = 0;
	void *pool = contender.create(arguments->workers);

	must(load > 0 && work > 0, "LOAD and WORK");
	arrivals = allocate(n, sizeof(*arrivals));
	latencies = allocate(n, sizeof(*latencies));
	rounds = calibrate(work);
	report("seed", (double)seed, "seed");
	for (size_t i = 0; i < n; i++) {
		at += -log(random_fraction(&seed)) * gap;
		arrivals[i] = (int64_t)at;
	}
	for (size_t i = 0; i < arguments->workers; i++)
		contender.post(pool, count_one, NULL);
	await_counted(before = arguments->workers, nanoseconds());
	keep_apart();

	begun = region_begin();
	for (size_t i = 0; i < n; i++) {
		while ((now = nanoseconds() - begun) < arrivals[i])
			;
		lags[i] = now - arrivals[i];
		if (lags[i] > worst)
			worst = lags[i];
		contender.post(pool, task, &latencies[i]);
	}
	if (contender.settle)
		contender.settle(pool);
	await_counted(before + n, begun);
	report("rate", (double)n / ((double)(region_end() - begun) / 1e9), "tasks/s");
	report("lag", (double)worst / 1000, "us");
	report_percentiles(latencies, n, 1000, "us");
	contender.destroy(pool);
}
