/* SPDX-License-Identifier: MIT */
#include "gate_wrap.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>

static struct {
	atomic_long futex, calls, allocations, threads;
} counted;

static void count(atomic_long *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

struct counts counts_now(void)
{
	return (struct counts){ counted.futex, counted.calls, counted.allocations,
		                counted.threads };
}

struct counts counts_since(struct counts then)
{
	struct counts now = counts_now();

	return (struct counts){ now.futex - then.futex, now.calls - then.calls,
		                now.allocations - then.allocations,
		                now.threads - then.threads };
}

/* NAME(parameters) counts, then calls the real one with the arguments. */
#define WRAP(type, name, parameters, arguments, ...)                                     \
	type __real_##name parameters;                                                   \
	type __wrap_##name parameters;                                                   \
	type __wrap_##name parameters                                                    \
	{                                                                                \
		__VA_ARGS__;                                                             \
		return __real_##name arguments;                                          \
	}

WRAP(void *, malloc, (size_t size), (size), count(&counted.allocations))
WRAP(void *, calloc, (size_t n, size_t size), (n, size), count(&counted.allocations))
WRAP(void *, realloc, (void *old, size_t size), (old, size), count(&counted.allocations))
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size),
     count(&counted.allocations))
WRAP(void *, mmap, (void *at, size_t size, int protection, int flags, int file, off_t o),
     (at, size, protection, flags, file, o), count(&counted.allocations),
     count(&counted.calls))
WRAP(int, munmap, (void *at, size_t size), (at, size), count(&counted.calls))
WRAP(int, madvise, (void *at, size_t size, int advice), (at, size, advice),
     count(&counted.calls))
WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*start)(void *),
      void *argument),
     (thread, attributes, start, argument), count(&counted.threads),
     count(&counted.calls))

/* All of the library's calls have at most six arguments. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	va_list list;
	long a[6];

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	count(&counted.calls);
	if (number == SYS_futex)
		count(&counted.futex);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
