/* SPDX-License-Identifier: MIT */
/* layer 1: pages · memory that is not in use goes back to the kernel · no state */
#ifndef TL_PAGES_H
#define TL_PAGES_H

#include <sys/mman.h>
#include <unistd.h>

#include "base.h"

/* They read as zeros when used again. The system rounds the end up to a whole page of its own:
 * what of that is in use? */
static inline void pages_give_back(char *begin, char *end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	begin += -(uintptr_t)begin % page;
	end -= (uintptr_t)end % page;
	if (begin < end)
		madvise(begin, (size_t)(end - begin), MADV_DONTNEED);
}

#endif
