/* SPDX-License-Identifier: MIT */
/* layer 1: asleep · does a thread of ours sleep in the kernel? */
/*
 * A thread whose CPU time stands still sleeps, or waits for a CPU: on a crowded machine
 * most threads do that. Only the kernel's word for its state tells them apart; asking for
 * it costs some 10 us, the CPU time 0.2.
 */
#ifndef TL_ASLEEP_H
#define TL_ASLEEP_H

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base.h"

/* The calling thread's number in /proc. */
static inline int thread_number(void)
{
	return (int)syscall(SYS_gettid);
}

/* ns of CPU that it has used; it must not have been joined. -1: unknown. */
static inline int64_t thread_cpu_time(pthread_t thread)
{
	clockid_t clock;
	struct timespec used;
	if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &used))
		return -1;
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* "1234 (name) S ...": sleeping, or waiting for a disk. False without /proc. */
static inline bool thread_sleeps(int number)
{
	char text[64];
	int saved = errno;
	snprintf(text, sizeof text, "/proc/self/task/%d/stat", number);
	int file = open(text, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
	if (file >= 0)
		close(file);
	errno = saved;
	text[length > 0 ? length : 0] = 0;
	const char *end = strrchr(text, ')');
	return end && (!strncmp(end, ") S", 3) || !strncmp(end, ") D", 3));
}

#endif
