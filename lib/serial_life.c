/* SPDX-License-Identifier: MIT */
/* layer 5: serial_life · making, closing and freeing a serial queue */
#include "serial.h"

#include <stdlib.h>
#include <string.h>

#include "callback.h"
#include "clock.h"
#include "futex.h"

TL_API tl_executor *tl_serial_create(tl_executor *pool, unsigned width)
{
	if (!pool || executor_is_serial(pool) || !width || width > TL_MAX_WORKERS)
		return fail_with(-EINVAL);
	CHECK_POOL(pool);
	if (!pool_is_ours(pool))
		return fail_with(-EOWNERDEAD);
	size_t size = sizeof(struct serial) + width * sizeof(tl_task);
	struct serial *serial = malloc(size);
	if (!serial)
		return fail_with(-ENOMEM);
	memset(serial, 0, size);
	serial->process = SERIAL;
	serial->owner = process_number();
	serial->pool = pool;
	serial->width = width;
	for (unsigned i = 0; i < width; i++) {
		serial->runners[i].function_ = runner_main;
		serial->runners[i].argument_ = serial;
		serial->runners[i].executor_ = pool;
		serial->runners[i].process_ = serial->owner;
	}
	return (tl_executor *)(void *)serial;
}

/* Until no runner is active; a worker of the pool has their turns meanwhile. */
static int serial_wait_over(struct serial *serial, int64_t deadline)
{
	bool inside = self.worker && self.worker->pool == serial->pool;
	int64_t nap = NAP_FIRST;
	for (;;) {
		lock(&serial->list.lock);
		uint32_t active = serial->active;
		tl_task *runner = inside && active ? serial_claim_runner(serial) : NULL;
		unlock(&serial->list.lock);
		if (!active)
			return 0;
		if (runner) {
			struct callbacks aside = callbacks_aside();
			serial_turn_inside(serial, runner, NULL);
			callbacks_back(aside);
			continue;
		}
		int64_t next = inside ? deadline_after(nap) : TL_FOREVER;
		nap = nap < NAP_MOST ? 2 * nap : NAP_MOST;
		if (futex_wait(&serial->active, active,
		               next < deadline ? next : deadline) == -ETIMEDOUT &&
		    next >= deadline)
			return load_relaxed(&serial->active) ? -ETIMEDOUT : 0;
	}
}

static int serial_shutdown(struct serial *serial, enum tl_shutdown_mode how,
                           int64_t deadline)
{
	if (!process_is(serial->owner))
		return -EOWNERDEAD;
	tl_task *task;
	lock(&serial->list.lock);
	serial->closed = true;
	if (how == TL_CANCEL)
		store_relaxed(&serial->cancelling, 1u);
	unlock(&serial->list.lock);
	while (how == TL_CANCEL && (task = overflow_take(&serial->list)))
		serial_run(serial, task); /* which ends it as cancelled */
	if (runs_task_of((tl_executor *)(void *)serial))
		return -EDEADLK;
	return serial_wait_over(serial, deadline);
}

static int serial_destroy(struct serial *serial)
{
	if (process_is(serial->owner) && runs_task_of((tl_executor *)(void *)serial))
		return -EDEADLK;
	int error = serial_shutdown(serial, TL_DRAIN, TL_FOREVER);
	if (!error)
		free(serial);
	return error;
}

static int serial_stats(struct serial *serial, tl_stats *stats)
{
	if (!process_is(serial->owner))
		return -EOWNERDEAD;
	stats->submitted = load_relaxed(&serial->list.pushed);
	stats->completed = load_relaxed(&serial->completed);
	stats->cancelled = load_relaxed(&serial->cancelled);
	stats->queued = overflow_count(&serial->list);
	return 0;
}
