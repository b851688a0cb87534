/* SPDX-License-Identifier: MIT */
/* layer 1: event · a descriptor that is readable or not: the only eventfd */
#ifndef TL_EVENT_H
#define TL_EVENT_H

#include <sys/eventfd.h>
#include <unistd.h>

#include "base.h"

static inline int event_open(int flags)
{
	int saved = errno, file = eventfd(0, EFD_CLOEXEC | flags);
	int error = file < 0 ? -errno : 0;
	errno = saved;
	return error ? error : file;
}

/* Not readable at first; or a negative errno. */
static inline int event_new(void)
{
	return event_open(EFD_NONBLOCK);
}

/* The same for a read that waits, as one in a ring of the kernel's does. */
static inline int event_new_waiting(void)
{
	return event_open(0);
}

/* Readable: one system call. */
static inline void event_set(int file)
{
	int saved = errno;
	uint64_t one = 1;
	while (write(file, &one, sizeof one) < 0 && errno == EINTR)
		;
	errno = saved;
}

/* Not readable any more. */
static inline void event_clear(int file)
{
	int saved = errno;
	uint64_t count;
	while (read(file, &count, sizeof count) < 0 && errno == EINTR)
		;
	errno = saved;
}

static inline void event_close(int file)
{
	close(file);
}

#endif
