/* SPDX-License-Identifier: MIT */
/* layer 1: asleep · does a thread of ours sleep in the kernel? */
/*
 * A thread whose CPU time stands still sleeps, or waits for a CPU: on a crowded machine
 * most threads do that. Only the kernel's word for its state tells them apart; asking for
 * it costs some 10 us, the CPU time 0.2.
 */
#ifndef TL_ASLEEP_H
#define TL_ASLEEP_H

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base.h"

/* The calling thread's number in /proc. */
static inline int thread_number(void)
{
	return (int)syscall(SYS_gettid);
}

/* "1234 (name) S ...": sleeping, or waiting for a disk. False without /proc. */
static inline bool thread_sleeps(int number)
{
	char text[64];
	int saved = errno;
	snprintf(text, sizeof text, "/proc/self/task/%d/stat", number);
	FILE *file = fopen(text, "re");
	bool read = file && fgets(text, sizeof text, file);
	if (file)
		fclose(file);
	errno = saved;
	const char *end = strrchr(text, ')');
	return read && end && (!strncmp(end, ") S", 3) || !strncmp(end, ") D", 3));
}

#endif
