/* SPDX-License-Identifier: MIT */
/* layer 1: process · which process this is: fork makes another, without our threads */
/*
 * A page of its own holds this process's number. The kernel gives a forked child zeros
 * in its place (MADV_WIPEONFORK), however the child was made, and the first to find zero
 * there writes the next number. What belongs to the threads of one process (pools,
 * tasks, locks) remembers its number: another one says that those threads are not here.
 * A vfork shares all memory, so it changes nothing.
 */
#ifndef TL_PROCESS_H
#define TL_PROCESS_H

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "atomic.h"
#include "base.h"

/* As large as a page may be. */
#if defined(__x86_64__) || defined(__riscv)
#define PROCESS_PAGE 4096
#else
#define PROCESS_PAGE 65536
#endif

static struct {
	uint32_t number; /* 0: a new process, or a forked child */
	char rest[PROCESS_PAGE - sizeof(uint32_t)];
} process __attribute__((aligned(PROCESS_PAGE)));

static uint32_t process_last; /* the last number given out, here or in a forebear */

static void process_forget(void)
{
	store_relaxed(&process.number, 0u);
}

/* False before Linux 4.14, and in emulators that welcome any advice and take none. */
static COLD bool process_page_is_wiped(void)
{
	return madvise(&process, sizeof process, -1) &&
	       !madvise(&process, sizeof process, MADV_WIPEONFORK);
}

static COLD uint32_t process_enter(void)
{
	int saved = errno;
	if (!process_page_is_wiped())
		pthread_atfork(NULL, NULL, process_forget);
	uint32_t number = fetch_add_acq_rel(&process_last, 1u) + 1, none = 0;
	errno = saved;
	return cas_acq_rel(&process.number, &none, number) ? number : none;
}

/* The number of this process, never 0. */
static inline uint32_t process_number(void)
{
	uint32_t number = load_acquire(&process.number);
	return LIKELY(number) ? number : process_enter();
}

/* Does this number, which process_number returned here or in a forebear, mean us? */
static inline bool process_is(uint32_t number)
{
	return LIKELY(load_relaxed(&process.number) == number);
}

/*
 * Between a user's function and the next step of our own thread: if that function has
 * forked, and returned in the child, there is nobody to return to.
 */
static inline void process_leave_child(uint32_t number)
{
	if (UNLIKELY(!process_is(number)))
		_exit(0);
}

#endif
