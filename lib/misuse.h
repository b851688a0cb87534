/* SPDX-License-Identifier: MIT */
/* layer 1: misuse · a debug build says in one line what the caller did, and aborts */
/*
 * With -DTL_DEBUG. Without it the conditions aren't evaluated, and what they tell is
 * undefined, or has the answer that the header gives.
 */
#ifndef TL_MISUSE_H
#define TL_MISUSE_H

#include "atomic.h"
#include "base.h"

#ifdef TL_DEBUG

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static COLD _Noreturn void misuse(const char *function, const char *what)
{
	dprintf(STDERR_FILENO, "threadlet: %s: %s\n", function, what);
	abort();
}

#define MISUSE(condition, what)                                                          \
	do {                                                                             \
		if (UNLIKELY(condition))                                                 \
			misuse(__func__, what);                                          \
	} while (0)

#define debug_count(p, n) fetch_add_seq_cst((p), (uint32_t)(n))
#else
#define MISUSE(condition, what) ((void)0)
#define debug_count(p, n) ((void)0)
#endif

#endif
