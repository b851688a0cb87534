/* SPDX-License-Identifier: MIT */
/* layer 5: seek · a worker that waits looks for queued tasks that it waits for */
#ifndef TL_SEEK_H
#define TL_SEEK_H

#include "pool.h"

struct sought {
	bool (*wanted)(tl_task *task, const void *by);
	const void *by;
	uint64_t next[2]; /* positions of the two injectors before which none is wanted */
	uint64_t number;  /* of this search, for what is set aside; 0: none yet */
	struct ring *newest; /* of a shelf, where it has begun, */
	struct ring *last;   /* and how far it has come */
	bool again;          /* a search has found none: look everywhere */
};

/* Win such a task, queued in the worker's own pool, or one that has been cancelled; NULL if
 * none was found. The caller runs it. */
static tl_task *pool_seek(struct worker *worker, struct sought *sought);

/* A task that this worker has won: does it keep it? Else it may be put back, and then
 * seek_let_go. */
static bool seek_keeps(const struct sought *sought, tl_task *task, bool *pinned);
static void seek_let_go(tl_task *task, bool pinned);

/* seek_shelf.c: in its own ring; in what a worker has set aside. */
static tl_task *seek_own_ring(struct worker *worker, struct sought *sought, bool *hidden);
static tl_task *seek_shelf(struct worker *worker, struct shelf *shelf,
                           struct sought *sought);

#endif
