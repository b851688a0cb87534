/* SPDX-License-Identifier: MIT */
/* layer 1: thread · the only start of a thread */
#ifndef TL_THREAD_H
#define TL_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base.h"

/*
 * Our threads block all signals but the synchronous ones, which only their causer can
 * take, and SIGPROF, so that profilers see them. They are born with these blocked (a
 * mask set by the thread itself would come too late for a signal already on its way),
 * and open themselves what their creator had blocked: thread_begin.
 */
static inline void thread_signals(sigset_t *set)
{
	static const int open[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS,
		                    SIGFPE, SIGSEGV, SIGSYS,  SIGPROF };
	sigfillset(set);
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		sigdelset(set, open[i]);
}

/* Around a lock that signal handlers may need: no handler runs in this thread meanwhile. */
static inline void signals_hold(sigset_t *callers)
{
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, callers);
}

static inline void signals_let_go(const sigset_t *callers)
{
	pthread_sigmask(SIG_SETMASK, callers, NULL);
}

/* The kernel wakes a sleeper up to 50 us late, to wake several at once: not this one. */
static inline void thread_wakes_in_time(void)
{
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

static inline void thread_begin(const char *name)
{
	sigset_t ours;
	thread_signals(&ours);
	pthread_sigmask(SIG_SETMASK, &ours, NULL);
	pthread_setname_np(pthread_self(), name);
}

/* The lowest address of the calling thread's stack, and its size: SIZE_MAX, and an address
 * that is never near, if they can't be had. */
static COLD __attribute__((unused)) void thread_stack(uintptr_t *lowest, size_t *size)
{
	pthread_attr_t attributes;
	void *address = NULL;
	int saved = errno;
	*lowest = 0;
	*size = SIZE_MAX;
	if (!pthread_getattr_np(pthread_self(), &attributes)) {
		if (!pthread_attr_getstack(&attributes, &address, size))
			*lowest = (uintptr_t)address;
		pthread_attr_destroy(&attributes);
	}
	errno = saved;
}

/* Start a joinable thread, or one on its own when `handle` is NULL. 0 or -errno. */
static inline int thread_start(pthread_t *handle, size_t stack_size,
                               void *(*function)(void *), void *argument)
{
	pthread_attr_t attributes;
	sigset_t ours, callers;
	pthread_t ignored;

	int error = pthread_attr_init(&attributes);
	if (error)
		return -error;
	if (stack_size)
		error = pthread_attr_setstacksize(&attributes, stack_size);
	if (!error && !handle)
		error = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (!error) {
		thread_signals(&ours);
		pthread_sigmask(SIG_BLOCK, &ours, &callers);
		error = pthread_create(handle ? handle : &ignored, &attributes, function,
		                       argument);
		pthread_sigmask(SIG_SETMASK, &callers, NULL);
	}
	pthread_attr_destroy(&attributes);
	return -error;
}

#endif
