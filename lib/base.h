/* SPDX-License-Identifier: MIT */
/* layer 1: base · compiler attributes and small helpers · no state, no calls */
#ifndef TL_BASE_H
#define TL_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <threadlet.h>

#define LINE 64 /* bytes that one core owns at a time */
#define ON_OWN_LINE __attribute__((aligned(LINE)))
#define COLD __attribute__((noinline, cold))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CONTAINER_OF(pointer, type, member)                                              \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Positions, pointers and their tag bits share 64-bit words. */
_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "64-bit Linux only");

static inline unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Fetch a line that is about to be written. Without its flag for it, the compiler
 * makes x86 fetch it for reading, and the write then asks its owner a second time. */
static inline void prefetch_write(const void *line)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
	__builtin_prefetch(line, 1);
#endif
}

/* For functions that answer with a pointer: NULL, and the reason in errno. */
static inline void *fail_with(int error)
{
	errno = -error;
	return NULL;
}

#endif
