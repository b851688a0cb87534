/* SPDX-License-Identifier: MIT */
/*
 * waiting [ROUNDS]: what waiting for many futures costs, ns per future: a completion queue
 * that they come to one after the other (added, completed, taken), completed by the thread
 * that takes them and by another one; and tl_wait for any one of 1,000. Prints a line
 * "metric value unit" for each, medians of the rounds.
 */
#include "measure.h"

#include <threadlet.h>

#define FUTURES 8192
#define ANY 1000

static tl_future futures[FUTURES];

static void *complete_all(void *unused)
{
	for (size_t i = 0; i < FUTURES; i++)
		tl_future_set(&futures[i], unused);
	return unused;
}

static int64_t by_queue(tl_completions *queue, tl_executor *pool)
{
	tl_completion taken[64];
	tl_future *task = NULL;
	int64_t begun;

	for (size_t i = 0; i < FUTURES; i++)
		tl_future_init(&futures[i]);
	begun = nanoseconds();
	for (size_t i = 0; i < FUTURES; i++)
		must(!tl_completions_add(queue, &futures[i], NULL), "tl_completions_add");
	if (pool)
		task = tl_submit(pool, complete_all, NULL);
	else
		complete_all(NULL);
	for (int left = FUTURES; left > 0;) {
		int n = tl_completions_take(queue, taken, 64, TL_FOREVER);

		must(n > 0, "tl_completions_take");
		left -= n;
	}
	begun = nanoseconds() - begun;
	if (task)
		tl_await(task);
	return begun;
}

/* The last one is complete: a callback is hung on all and taken back from all, no sleep. */
static int64_t by_any(void)
{
	tl_future *all[ANY];
	int64_t begun;

	for (size_t i = 0; i < ANY; i++) {
		tl_future_init(&futures[i]);
		all[i] = &futures[i];
	}
	tl_future_set(&futures[ANY - 1], NULL);
	begun = nanoseconds();
	must(tl_wait(all, ANY, TL_ANY, TL_FOREVER) == ANY - 1, "tl_wait");
	begun = nanoseconds() - begun;
	for (size_t i = 0; i < ANY - 1; i++)
		tl_future_set(&futures[i], NULL);
	return begun;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? parse_count(argv[1]) : 100;
	tl_completions *queue = tl_completions_create();
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	int64_t *times[3];

	must(rounds && queue && pool, "a number of rounds, a queue, a pool");
	for (size_t k = 0; k < 3; k++)
		times[k] = allocate(rounds, sizeof(int64_t));
	for (size_t i = 0; i < rounds; i++) {
		times[0][i] = by_queue(queue, NULL);
		times[1][i] = by_queue(queue, pool);
		times[2][i] = by_any();
	}
	report("queue", (double)median(times[0], rounds) / FUTURES, "ns");
	report("queue_across", (double)median(times[1], rounds) / FUTURES, "ns");
	report("any", (double)median(times[2], rounds) / ANY, "ns");
	for (size_t k = 0; k < 3; k++)
		free(times[k]);
	tl_completions_destroy(queue);
	tl_executor_destroy(pool);
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
