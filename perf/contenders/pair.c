/* SPDX-License-Identifier: MIT */
/*
 * What the hardware and the kernel allow for one task at a time: two threads that tell
 * each other by a word, nothing else. KIND: sleeping (the program raw-futex), each sets
 * the other's word, wakes it and sleeps on its own; spinning (raw-line), each watches
 * its own line.
 */
#include "../contender.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { sleeping, spinning };

struct side {
	_Alignas(64) _Atomic uint32_t word;
};

static struct pair {
	struct side task, result;
	work_function *function;
	void *argument, *value;
	pthread_t thread;
} pair;

static void tell(struct side *side)
{
	atomic_store(&side->word, 1);
	if (KIND == sleeping)
		syscall(SYS_futex, &side->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(struct side *side)
{
	while (!atomic_load(&side->word)) {
		if (KIND == sleeping)
			syscall(SYS_futex, &side->word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL,
			        0);
#if defined(__x86_64__) || defined(__i386__)
		else
			__builtin_ia32_pause();
#endif
	}
	atomic_store_explicit(&side->word, 0, memory_order_relaxed);
}

static void *serve(void *unused)
{
	for (;;) {
		await(&pair.task);
		if (!pair.function)
			return unused;
		pair.value = pair.function(pair.argument);
		tell(&pair.result);
	}
}

static void *create(unsigned workers)
{
	must(workers == 1, "one worker");
	must(!pthread_create(&pair.thread, NULL, serve, NULL), "pthread_create");
	return &pair;
}

static void *submit(void *pool, work_function *function, void *argument)
{
	pair.function = function;
	pair.argument = argument;
	tell(&pair.task);
	return pool;
}

static void *take(void *handle)
{
	(void)handle;
	await(&pair.result);
	return pair.value;
}

static void destroy(void *pool)
{
	submit(pool, NULL, NULL);
	pthread_join(pair.thread, NULL);
}

const struct contender contender = {
	.name = NAME,
	.create = create,
	.destroy = destroy,
	.submit = submit,
	.take = take,
};
