/* SPDX-License-Identifier: MIT */
/*
 * A pool without threads: the threads of a model play its workers, and do only what the
 * model wants to see. play(pool, i) makes the calling thread worker i.
 */
#ifndef MODEL_STILL_H
#define MODEL_STILL_H

#include "library.h"

static inline tl_executor *still_pool(unsigned workers)
{
	tl_executor *pool = model_allocate(64, sizeof *pool);
	memset(pool, 0, sizeof *pool);
	inbox_init(&pool->inbox);
	pool->process = process_number();
	pool->min_workers = pool->max_workers = pool->threads = pool->slots = workers;
	for (unsigned i = 0; i < workers; i++) {
		struct worker *worker = model_allocate(64, sizeof *worker);
		memset(worker, 0, sizeof *worker);
		worker_init(worker, pool, i);
		pool->workers[i] = worker;
	}
	return pool;
}

static inline struct worker *play(tl_executor *pool, unsigned index)
{
	self.worker = pool->workers[index];
	return self.worker;
}

#endif
