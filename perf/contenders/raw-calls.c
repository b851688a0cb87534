/* SPDX-License-Identifier: MIT */
/* What forks and loops cost without a runtime: calls, and a thread for each part. */
#include "../contender.h"

#include <pthread.h>
#include <stdint.h>

static unsigned threads;

static void *create(unsigned workers)
{
	threads = workers;
	return &threads;
}

static void destroy(void *pool)
{
	(void)pool;
}

static void fork_many(void *pool, size_t n, void *branches, work_function *function)
{
	void **arguments = branches;

	(void)pool;
	for (size_t i = 0; i < n; i++)
		arguments[i] = NULL;
	for (size_t i = n; i > 0; i--)
		function(arguments[i - 1]);
}

/* The compiler has to make the calls, as many as it makes in the others. */
static __attribute__((noinline)) long fib_of(int n)
{
	__asm__ volatile("");
	return n < 2 ? n : fib_of(n - 1) + fib_of(n - 2);
}

struct half {
	int n[3];
	long result;
};

static void *run_half(void *argument)
{
	struct half *half = argument;

	for (int i = 0; i < 3; i++)
		half->result += fib_of(half->n[i]);
	return NULL;
}

/* With two threads: halves, but for 1.3 %. */
static long fib(void *pool, int n)
{
	struct half one = { { n - 2, n - 5, n - 7 }, 0 };
	struct half two = { { n - 2, n - 5, n - 8 }, 0 };
	pthread_t thread;

	must(pool && threads <= 2, "at most two threads");
	if (threads < 2 || n < 8)
		return fib_of(n);
	must(!pthread_create(&thread, NULL, run_half, &two), "pthread_create");
	run_half(&one);
	pthread_join(thread, NULL);
	return one.result + two.result;
}

struct part {
	void (*body)(size_t begin, size_t end);
	size_t begin, end;
};

static void *run_part(void *argument)
{
	struct part *part = argument;

	part->body(part->begin, part->end);
	return NULL;
}

static void loop(void *pool, size_t n, void (*body)(size_t begin, size_t end))
{
	pthread_t thread[64];
	struct part part[64];

	must(pool && threads <= 64, "at most 64 threads");
	for (unsigned i = 0; i < threads; i++) {
		part[i] = (struct part){ body, n / threads * i, n / threads * (i + 1) };
		if (i + 1 == threads)
			part[i].end = n;
		must(!pthread_create(&thread[i], NULL, run_part, &part[i]),
		     "pthread_create");
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

const struct contender contender = {
	.name = "raw-calls",
	.create = create,
	.destroy = destroy,
	.fork_many = fork_many,
	.branch_size = sizeof(void *),
	.fib = fib,
	.loop = loop,
};
