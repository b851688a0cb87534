/* SPDX-License-Identifier: MIT */
/*
 * gate-counts: system calls, wake-ups and allocations per task, and what idle workers
 * do, counted while several threads run. Prints a line "NUMBER UNIT ROW" for each row.
 * How threads meet is the kernel's choice, so a row is run ROUNDS times and its median
 * counts, and perf/gate.numbers has bounds for these rows: what is owed, or what the
 * protocol allows at most.
 *
 * PLANT in the environment makes each task allocate and call the kernel, and idle
 * workers wake up: perf/gate has to notice.
 */
#include "gate_wrap.h"
#include "handover.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <threadlet.h>
#include <unistd.h>

#define MANY 50000 /* tasks of a row */
#define FEW 2000   /* of a row that sleeps for each task */
#define ROUNDS 5

static int planted;
static struct handover handover;
static tl_task tasks[MANY];

static void *work(void *x)
{
	static const int word;
	void *volatile memory; /* or the compiler leaves it out */

	if (planted) {
		memory = malloc(1);
		free(memory);
		syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0L);
	}
	return x;
}

static void *submit(tl_executor *pool, int n)
{
	for (int i = 0; i < n; i++)
		tl_future_release(tl_submit(pool, work, NULL));
	return NULL;
}

/* ---- What is counted: each runs n tasks in a pool -------------------------------- */

static void run_submit(tl_executor *pool)
{
	submit(pool, MANY);
}

static void run_submit_task(tl_executor *pool)
{
	for (int i = 0; i < MANY; i++) {
		tl_task_init(&tasks[i], work, NULL);
		must(!tl_submit_task(pool, &tasks[i]), "tl_submit_task");
	}
}

static void *consume(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < handover.size; i++)
		must((size_t)tl_await(take_over(&handover, i)) == i, "tl_await");
	return NULL;
}

static void run_e2e(tl_executor *pool)
{
	pthread_t consumer;

	atomic_store(&handover.given, 0);
	must(!pthread_create(&consumer, NULL, consume, NULL), "pthread_create");
	for (size_t i = 0; i < handover.size; i++)
		hand_over(&handover, i, tl_submit(pool, work, (void *)i));
	pthread_join(consumer, NULL);
}

static void run_ping(tl_executor *pool)
{
	for (int i = 0; i < FEW; i++)
		tl_await(tl_submit(pool, work, NULL));
}

/* All workers idle for long enough to sleep; then a few tasks at once. */
static void run_trickle(tl_executor *pool)
{
	const struct timespec pause = { 0, 500000 };

	for (int i = 0; i < FEW; i += 4) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		submit(pool, 4);
	}
}

static void *fork_many(void *pool)
{
	return submit(pool, MANY - 1);
}

static void run_tree(tl_executor *pool)
{
	tl_await(tl_submit(pool, fork_many, pool));
}

static void *produce(void *pool)
{
	return submit(pool, MANY / 4);
}

static void run_mp(tl_executor *pool)
{
	pthread_t producers[4];

	for (int i = 0; i < 4; i++)
		must(!pthread_create(&producers[i], NULL, produce, pool),
		     "pthread_create");
	for (int i = 0; i < 4; i++)
		pthread_join(producers[i], NULL);
}

/* ---- Counting --------------------------------------------------------------------- */

enum { CALLS, WAKES, VAIN, ALLOCATIONS, THREADS, KINDS };
static const char *const kinds[] = {
	"system-calls/task", "wake-ups/task", "vain-wake-ups/task",
	"allocations/task",  "threads",
};

struct bench {
	const char *name;
	void (*run)(tl_executor *pool);
	int tasks;
	unsigned workers;
	int adaptive;
};

static const struct bench benches[] = {
	{ "submit[1]", run_submit, MANY, 1, 0 },
	{ "submit[2]", run_submit, MANY, 2, 0 },
	{ "submit[2] adaptive", run_submit, MANY, 2, 1 },
	{ "submit_task[1]", run_submit_task, MANY, 1, 0 },
	{ "submit_task[2]", run_submit_task, MANY, 2, 0 },
	{ "e2e[1]", run_e2e, MANY, 1, 0 },
	{ "e2e[2]", run_e2e, MANY, 2, 0 },
	{ "mp[2]", run_mp, MANY, 2, 0 },
	{ "tree[1]", run_tree, MANY, 1, 0 },
	{ "tree[2]", run_tree, MANY, 2, 0 },
	{ "trickle[1]", run_trickle, FEW, 1, 0 },
	{ "trickle[4]", run_trickle, FEW, 4, 0 },
	{ "ping[1]", run_ping, FEW, 1, 0 },
	{ "ping[2]", run_ping, FEW, 2, 0 },
	{ "ping[4]", run_ping, FEW, 4, 0 },
	{ "ping[2] adaptive", run_ping, FEW, 2, 1 },
};

static void count(const struct bench *bench, double counted[KINDS])
{
	tl_options options = { .max_workers = bench->workers };
	tl_executor *pool = bench->adaptive ? tl_adaptive_pool_create(&options)
	                                    : tl_fixed_pool_create(bench->workers, NULL);
	struct counts counts;
	tl_stats stats;

	must(pool != NULL, "a pool");
	counts = counts_now();
	bench->run(pool);
	tl_executor_shutdown(pool, TL_DRAIN, TL_FOREVER);
	counts = counts_since(counts);
	tl_executor_stats(pool, &stats, sizeof(stats));
	tl_executor_destroy(pool);

	counted[CALLS] = (double)counts.calls / bench->tasks;
	counted[ALLOCATIONS] = (double)counts.allocations / bench->tasks;
	counted[WAKES] = (double)stats.wakes / bench->tasks;
	counted[VAIN] = (double)stats.vain_wakes / bench->tasks;
	counted[THREADS] = (double)stats.started;
}

static int by_number(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static void count_rounds(const struct bench *bench)
{
	double counted[ROUNDS][KINDS], sorted[ROUNDS];

	for (int round = 0; round < ROUNDS; round++)
		count(bench, counted[round]);
	for (int kind = 0; kind < KINDS; kind++) {
		for (int round = 0; round < ROUNDS; round++)
			sorted[round] = counted[round][kind];
		qsort(sorted, ROUNDS, sizeof(*sorted), by_number);
		if (kind != THREADS || bench->adaptive)
			printf("%.4f %s %s\n", sorted[ROUNDS / 2], kinds[kind],
			       bench->name);
	}
}

int main(void)
{
	planted = getenv("PLANT") != NULL;
	handover_init(&handover, MANY);
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		count_rounds(&benches[i]);
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
