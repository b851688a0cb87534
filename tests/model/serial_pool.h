/* SPDX-License-Identifier: MIT */
/*
 * What the models of serial queues begin with: a queue on a pool, and tasks for it.
 */
#ifndef MODEL_SERIAL_POOL_H
#define MODEL_SERIAL_POOL_H

#define SERIAL_TURN 1
#include "tasks.h"

static tl_executor *serial;
static uint32_t inside, most;

static inline void on_pool(unsigned workers, unsigned width)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(workers, &options);
	model_assert(pool);
	serial = tl_serial_create(pool, width);
	model_assert(serial);
	most = width;
}

static inline void one(void)
{
	on_pool(1, 1);
}

static inline void two(void)
{
	on_pool(2, 1);
}

static inline void two_wide(void)
{
	on_pool(2, 2);
}

static inline void *enter(void *argument)
{
	model_assert(fetch_add_seq_cst(&inside, 1u) < most);
	fetch_sub_seq_cst(&inside, 1u);
	return count_run(argument);
}

static inline tl_task *submit_to_queue(tl_function *function, unsigned i)
{
	tl_task *task = new_task(function, &ran[i]);
	model_assert(tl_submit_task(serial, task) == 0);
	return task;
}

#define MODEL(title, text, where, most_, end, ...)                                       \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most_,                \
		.daemons = true                                                          \
	}

#endif
