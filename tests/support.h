/* SPDX-License-Identifier: MIT */
/*
 * What the tests share. Every test includes this first, and ends in END_CLEAN().
 * Tests wait for conditions, by wait_until; none sleeps and hopes.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <threadlet.h>

#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#elif __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_TSAN
#define WITH_TSAN 0
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

#ifdef TL_DEBUG
#define WITH_DEBUG 1
#else
#define WITH_DEBUG 0
#endif

#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define VALUE(n) ((void *)(intptr_t)(n))
#define LENGTH(array) (sizeof(array) / sizeof *(array))

int64_t now(void);

/* Does the program run in something that changes its speed and its system calls? */
bool instrumented(void);
/* Is it made for another kind of CPU than this one? EMULATOR names what runs it. */
bool emulated(void);
/* n, or a part of it where everything is slow. */
long scaled(long n);

/* One look later, or false: the limit is over. The only place where tests sleep. */
bool look_again(int64_t limit);
int64_t patience(void);
#define wait_until(condition)                                                            \
	__extension__({                                                                  \
		int64_t limit_ = patience();                                             \
		bool holds_;                                                             \
		while (!(holds_ = (condition)) && look_again(limit_))                    \
			;                                                                \
		holds_;                                                                  \
	})
#define assert_soon(condition)                                                           \
	do {                                                                             \
		bool soon_ = wait_until(condition);                                      \
		cr_assert(soon_, "never: %s", #condition);                               \
	} while (0)

/* Threads of this process, less those that were there before the test. */
int thread_count(void);
#define END_CLEAN()                                                                      \
	cr_assert(wait_until(thread_count() == 1), "threads left: %d", thread_count() - 1)

/* The state letter of a thread of ours, 0 if there is none; its name. */
char thread_state(pid_t thread);
bool thread_name(pid_t thread, char name[static 32]);
/* The threads but the calling one; how many there are. */
int other_threads(pid_t *threads, size_t limit);
/* A number from /proc/self/status, or from that of a thread. */
long long status_of(pid_t thread, const char *key, int base);
int descriptor_count(void);
long resident_kilobytes(void);

/* Tasks. */
void *identity(void *argument);
void *add_one(void *counter); /* an atomic_long */
void *fail_with(void *error);

/* Holds the tasks that come to it until it is opened; without help from the library. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
	atomic_int inside, passed;
};
#define GATE                                                                             \
	{                                                                                \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0         \
	}
void *gate_pass(void *gate); /* the task */
void gate_open(struct gate *gate);
/* Once all that came have passed. */
void gate_shut(struct gate *gate);
/* A task that waits for its own future, once the gate lets it. */
struct self {
	struct gate gate;
	tl_future *future;
};
void *wait_for_itself(void *self);
/* Keep n workers of the executor at the gate: returns once they are there. */
void hold(tl_executor *executor, struct gate *gate, int n);

enum kind { WORKER, FIXED, ADAPTIVE, KINDS };
tl_executor *executor_of(int kind, unsigned workers, const tl_options *options);
tl_stats stats_of(tl_executor *executor);

/* Calls of malloc & co. and mmap, from the tests and the library, since the start. */
long allocation_count(void);
/* The n-th of them from now on fails; 0: none. Returns whether the last one did. */
bool fail_allocation_at(long n);
/* The n-th pthread_create from now on, or all of them, fail with EAGAIN. */
bool fail_thread_at(long n);
void fail_threads(bool all);
long thread_starts(void);

/*
 * From now on a system call of the calling thread ends the process with status
 * FORBIDDEN, the call's number being put into *number. There is no way back.
 */
#define FORBIDDEN 99
bool forbid_system_calls(atomic_long *number);

/* Keep who gives memory back (madvise) on the way into the kernel; how many there are; how
 * often that was called since the start. */
void hold_advice(bool held);
int advice_held(void);
long advice_count(void);

/* From now on the kernel gives nothing back, as of memory that is locked. */
void refuse_advice(bool refused);

/* From now on the system's pages have that size, as far as madvise goes; 0: their own. */
void pretend_page_size(long size);

/* From now on every clock reading gives the same time; false: the real one. */
void freeze_clock(bool frozen);

/* Keep all other threads than the test's on the way out of a clock reading; how many there are. */
void hold_clock(bool held);
int clock_held(void);

/* Run body in a forked child: its exit status, or 128 and the signal's number. */
int in_child(int (*body)(void *), void *argument);
void *shared_page(void);

/*
 * PROGRAM(name) { ... return status; } is the main of a program that run_program
 * starts afresh. It and the test share 512 numbers.
 */
int run_program(const char *name, atomic_long **shared);
void program_start(const char *name, int (*body)(atomic_long *shared));
#define PROGRAM(name)                                                                    \
	static int program_##name(atomic_long *shared);                                  \
	__attribute__((constructor)) static void program_##name##_start(void)            \
	{                                                                                \
		program_start(#name, program_##name);                                    \
	}                                                                                \
	static int program_##name(atomic_long *shared)

#endif /* SUPPORT_H */
