/* SPDX-License-Identifier: MIT */
/* What should never fail ends the program when it does, and says what it was. */
#ifndef MUST_H
#define MUST_H

#include <stdio.h>
#include <stdlib.h>

static inline void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(EXIT_FAILURE);
}

#endif /* MUST_H */
