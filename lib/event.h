/* SPDX-License-Identifier: MIT */
/* layer 1: event · a descriptor that is readable or not: the only eventfd */
#ifndef TL_EVENT_H
#define TL_EVENT_H

#include <sys/eventfd.h>
#include <unistd.h>

#include "base.h"

/* Not readable at first; or a negative errno. */
static inline int event_new(void)
{
	int saved = errno, file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = file < 0 ? -errno : 0;
	errno = saved;
	return error ? error : file;
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
