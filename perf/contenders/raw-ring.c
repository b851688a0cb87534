/* SPDX-License-Identifier: MIT */
/*
 * What the hardware allows for tasks from one thread to one other: items of 16 bytes
 * through a ring, the reader spinning. Each index is on its writer's line, and each side
 * looks at the other's only when its ring seems full or empty.
 */
#include "../contender.h"

#include <pthread.h>
#include <stdatomic.h>

#define SLOTS 4096

struct item {
	work_function *function;
	void *argument;
};

static struct ring {
	_Alignas(64) atomic_size_t head; /* read so far: the worker's */
	_Alignas(64) atomic_size_t tail; /* written so far: the producer's */
	size_t seen_head;                /* the producer's */
	_Alignas(64) struct item items[SLOTS];
	pthread_t thread;
} ring;

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	for (int i = 0; i < 64; i++)
		__builtin_ia32_pause();
#endif
}

static void *serve(void *unused)
{
	size_t head = 0, tail = 0;

	for (;;) {
		struct item item;

		while (head == tail) {
			tail = atomic_load_explicit(&ring.tail, memory_order_acquire);
			if (head == tail)
				relax();
		}
		item = ring.items[head++ % SLOTS];
		if (head % 64 == 0 || head == tail)
			atomic_store_explicit(&ring.head, head, memory_order_release);
		if (!item.function)
			return unused;
		item.function(item.argument);
	}
}

static void post(void *pool, work_function *function, void *argument)
{
	size_t tail = atomic_load_explicit(&ring.tail, memory_order_relaxed);

	(void)pool;
	while (tail - ring.seen_head == SLOTS) {
		ring.seen_head = atomic_load_explicit(&ring.head, memory_order_acquire);
		if (tail - ring.seen_head == SLOTS)
			relax();
	}
	ring.items[tail % SLOTS] = (struct item){ function, argument };
	atomic_store_explicit(&ring.tail, tail + 1, memory_order_release);
}

static void *create(unsigned workers)
{
	must(workers == 1, "one worker");
	atomic_init(&ring.head, 0);
	atomic_init(&ring.tail, 0);
	ring.seen_head = 0;
	must(!pthread_create(&ring.thread, NULL, serve, NULL), "pthread_create");
	return &ring;
}

static void destroy(void *pool)
{
	post(pool, NULL, NULL);
	pthread_join(ring.thread, NULL);
}

const struct contender contender = {
	.name = "raw-ring",
	.create = create,
	.destroy = destroy,
	.post = post,
	.one_producer = true,
};
