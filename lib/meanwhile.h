/* SPDX-License-Identifier: MIT */
/* layer 6: meanwhile · a worker that waits runs whatever is queued in its pool */
#ifndef TL_MEANWHILE_H
#define TL_MEANWHILE_H

#include "executor.h"

/* What is waited for. */
struct awaited {
	const uint32_t *word;
	bool (*await)(
		void *what); /* D2 of doze.h: say that somebody waits; is it over? */
	void *what;
	tl_future *future; /* that may be in a circle with this one, circle.h; or NULL */
	const tl_group *group; /* likewise */
};

/* This thread, about to sleep in a wait: its worker, if that may run any task. Else NULL. */
static struct worker *meanwhile_worker(void);

/* Run one task of the pool, or sleep until there is one or it is over, or until the deadline:
 * -ETIMEDOUT. -EDEADLK: it would close a circle. Else 0: look again. */
static int meanwhile(struct worker *worker, const struct awaited *awaited,
                     int64_t deadline);

#endif
