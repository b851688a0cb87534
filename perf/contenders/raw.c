/* SPDX-License-Identifier: MIT */
/*
 * raw list | limits 1 N: what single steps cost here, ns each, the median of N
 * tries: atomic operations, a call, the clock, the allocator, futex calls that find nobody.
 */
#include "../measure.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STEPS 20000
#define SAME_SIZE 64 /* bytes, as a task */

static _Alignas(64) _Atomic uint64_t word;
static uint32_t futex_word;
static void *volatile block;
static void *blocks[STEPS];

static void add(void)
{
	for (int i = 0; i < STEPS; i++)
		atomic_fetch_add(&word, 1);
}

static void swap(void)
{
	for (int i = 0; i < STEPS; i++)
		atomic_exchange(&word, (uint64_t)i);
}

static void compare(void)
{
	for (int i = 0; i < STEPS; i++) {
		uint64_t expected = atomic_load_explicit(&word, memory_order_relaxed);

		atomic_compare_exchange_strong(&word, &expected, (uint64_t)i);
	}
}

static void call(void)
{
	work_function *volatile function = count_one;

	for (int i = 0; i < STEPS; i++)
		function(NULL);
}

static void clocks(void)
{
	for (int i = 0; i < STEPS; i++)
		word += (uint64_t)nanoseconds();
}

static void pauses(void)
{
#if defined(__x86_64__) || defined(__i386__)
	for (int i = 0; i < STEPS; i++)
		__builtin_ia32_pause();
#endif
}

static void allocations(void)
{
	for (int i = 0; i < STEPS; i++) {
		block = malloc(SAME_SIZE);
		free(block);
	}
}

static void system_calls(void)
{
	for (int i = 0; i < STEPS; i++)
		syscall(SYS_getppid);
}

static void wakes(void)
{
	for (int i = 0; i < STEPS; i++)
		syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void waits(void)
{
	for (int i = 0; i < STEPS; i++)
		syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
}

/* malloc here, free there: a second thread frees what the first has handed over. */
static atomic_int handed;

static void *free_all(void *unused)
{
	for (int i = 0; i < STEPS; i++) {
		while (atomic_load_explicit(&handed, memory_order_acquire) <= i)
			;
		free(blocks[i]);
	}
	return unused;
}

static void free_there(void)
{
	pthread_t thread;

	atomic_store(&handed, 0);
	must(!pthread_create(&thread, NULL, free_all, NULL), "pthread_create");
	for (int i = 0; i < STEPS; i++) {
		blocks[i] = malloc(SAME_SIZE);
		must(blocks[i] != NULL, "memory");
		atomic_store_explicit(&handed, i + 1, memory_order_release);
	}
	pthread_join(thread, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
	{ "add", add },
	{ "exchange", swap },
	{ "compare_exchange", compare },
	{ "counted_call", call },
	{ "clock", clocks },
	{ "pause", pauses },
	{ "malloc_free", allocations },
	{ "malloc_free_elsewhere", free_there },
	{ "system_call", system_calls },
	{ "futex_wake_nobody", wakes },
	{ "futex_wait_changed", waits },
};

int main(int argc, char **argv)
{
	size_t tries;

	if (argc == 2 && !strcmp(argv[1], "list"))
		return puts("limits") < 0;
	if (argc != 4 || strcmp(argv[1], "limits") || !(tries = parse_count(argv[3]))) {
		fprintf(stderr, "Usage: raw list | limits 1 TRIES\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int64_t *times = allocate(tries, sizeof(*times));

		for (size_t try = 0; try < tries; try++) {
			int64_t begun = nanoseconds();

			steps[i].run();
			times[try] = nanoseconds() - begun;
		}
		report(steps[i].name, (double)median(times, tries) / STEPS, "ns");
		free(times);
	}
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
