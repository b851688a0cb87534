/* SPDX-License-Identifier: MIT */
/* layer 1: futex · waiting on a word and waking its waiters · the only futex call */
#ifndef TL_FUTEX_H
#define TL_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base.h"

/*
 * Sleep while *word is `expected`, at most until `deadline` (absolute, on
 * CLOCK_MONOTONIC; TL_FOREVER: no limit). Returns -ETIMEDOUT or 0; 0 says nothing
 * about the word (a signal, a stale wake by address, a changed word), so every
 * caller loops. Leaves errno alone.
 */
static inline int futex_wait(const uint32_t *word, uint32_t expected, int64_t deadline)
{
	struct timespec limit = {
		.tv_sec = (time_t)(deadline / 1000000000),
		.tv_nsec = (long)(deadline % 1000000000),
	};
	int saved = errno;
	long r = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
	                 expected, deadline == TL_FOREVER ? NULL : &limit, NULL,
	                 FUTEX_BITSET_MATCH_ANY);
	bool timed_out = r < 0 && errno == ETIMEDOUT;
	errno = saved;
	return timed_out ? -ETIMEDOUT : 0;
}

/*
 * Wake up to `count` sleepers. The word's memory may be gone or be something else
 * by now: a private futex is found by its address alone.
 */
static inline void futex_wake(const uint32_t *word, int count)
{
	int saved = errno;
	syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
	errno = saved;
}

#endif
