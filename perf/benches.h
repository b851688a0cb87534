/* SPDX-License-Identifier: MIT */
/*
 * The benches. Each runs once, in a process that does nothing else, and asserts the
 * results of what it has run. In those that give ns per task a run of the same kind
 * comes before the measured one, in a pool of its own: what is compared is the state
 * in which a service spends its life.
 */
#ifndef BENCHES_H
#define BENCHES_H

#include "measure.h"

#include <stdbool.h>

/* What the command line says behind the bench's name. What isn't there is 0. */
struct arguments {
	unsigned workers;
	size_t n;
	double more[3];
};

struct bench {
	const char *name;
	const char *more; /* names of its further arguments */
	bool (*offered)(void);
	void (*run)(const struct arguments *arguments);
};

bool can_post(void);
void bench_submit(const struct arguments *);
bool can_post_task(void);
void bench_submit_task(const struct arguments *);
bool can_post_from_many(void);
void bench_mp(const struct arguments *);
bool can_post_inside(void);
void bench_tree(const struct arguments *);

bool can_hand_over(void);
void bench_e2e(const struct arguments *);

bool can_collect(void);
void bench_collect(const struct arguments *);

bool can_take(void);
void bench_ping(const struct arguments *);
void bench_ping_same(const struct arguments *);
void bench_ping_apart(const struct arguments *);
void bench_ping_idle(const struct arguments *);

void bench_idle(const struct arguments *);
bool can_spawn(void);
void bench_spawn(const struct arguments *);
void bench_burst(const struct arguments *);

bool can_fork(void);
void bench_tree_forks(const struct arguments *);
bool can_fib(void);
void bench_fib(const struct arguments *);
bool can_programs(void);
void bench_queens(const struct arguments *);
void bench_multiply(const struct arguments *);
void bench_sort(const struct arguments *);
void bench_trees(const struct arguments *);
bool can_loop(void);
void bench_for(const struct arguments *);

void bench_depth(const struct arguments *);
void bench_latency(const struct arguments *);

#endif /* BENCHES_H */
