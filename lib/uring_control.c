/* SPDX-License-Identifier: MIT */
/* layer 8: uring_control · making, watching and ending a ring */
#include "uring_ring.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define ENTRIES_DEFAULT 256
#define BLOCKING_DEFAULT 64

static int options_check(const tl_uring_options *options)
{
	static const tl_uring_options none;
	bool rest = !memcmp(options->reserved, none.reserved, sizeof none.reserved);
	bool flags = !(options->flags & ~(unsigned)(TL_URING_BLOCKING | TL_URING_STRICT));
	bool both = options->flags == (TL_URING_BLOCKING | TL_URING_STRICT);
	return rest && flags && !both && options->max_blocking <= TL_MAX_WORKERS
	               ? 0
	               : -EINVAL;
}

static int blocking_open(tl_uring *ring, unsigned threads)
{
	tl_options options = {
		.max_workers = threads,
		.name = ring->name,
		.on_start = blocking_begin,
		.hook_context = ring,
	};
	ring->blocking = tl_adaptive_pool_create(&options);
	return ring->blocking ? 0 : -errno;
}

static int uring_open(tl_uring *ring, const tl_uring_options *options)
{
	unsigned threads =
		options->max_blocking ? options->max_blocking : BLOCKING_DEFAULT;
	if (options->flags & TL_URING_BLOCKING)
		return blocking_open(ring, threads);
	int error = driver_start(ring);
	bool poor = error == -EMFILE || error == -ENFILE; /* and so would calls be */
	if (error && !poor && !(options->flags & TL_URING_STRICT)) {
		ring->refused = error;
		error = blocking_open(ring, threads);
	}
	return error;
}

TL_API tl_uring *tl_uring_create(const tl_uring_options *options)
{
	static const tl_uring_options defaults;
	if (!options)
		options = &defaults;
	int error = options_check(options);
	if (error)
		return fail_with(error);
	tl_uring *ring = calloc(1, sizeof *ring);
	if (!ring)
		return fail_with(-ENOMEM);
	ring->process = process_number();
	ring->entries = options->entries ? options->entries : ENTRIES_DEFAULT;
	ring->wake = -1;
	tl_future_init(&ring->empty);
	strncpy(ring->name, options->name ? options->name : "uring",
	        sizeof ring->name - 1);
	error = uring_open(ring, options);
	if (error) {
		free(ring);
		return fail_with(error);
	}
	return ring;
}

/* Under the lock: ask to stop all that is under way. */
static bool ring_ask_all(tl_uring *ring)
{
	bool wake = false;
	for (tl_operation *o = ring->waiting.first; o; o = o->next_)
		wake |= operation_ask(ring, o);
	if (ring->blocking)
		for (tl_operation *o = ring->flying.first; o; o = o->next_)
			operation_ask(ring, o);
	else
		while (ring->flying.first)
			wake |= operation_ask(ring, ring->flying.first);
	return wake;
}

TL_API int tl_uring_shutdown(tl_uring *ring, enum tl_shutdown_mode how, int64_t timeout)
{
	if (!ring || timeout < 0 || (how != TL_DRAIN && how != TL_CANCEL))
		return -EINVAL;
	if (!process_is(ring->process))
		return -EOWNERDEAD;
	lock(&ring->lock);
	ring->closed = true;
	bool wake = how == TL_CANCEL && ring_ask_all(ring);
	bool empty = ring_empties(ring);
	unlock(&ring->lock);
	if (wake)
		driver_wake(ring);
	if (empty)
		tl_future_set(&ring->empty, NULL);
	return is_driver(ring) ? -EDEADLK : tl_future_wait(&ring->empty, timeout);
}

/* In a child: what the kernel has of the ring goes when nobody has it open. */
static int uring_leave(tl_uring *ring)
{
	if (!ring->blocking && ring->wake >= 0) {
		close(ring->wake);
		close(ring->ring.ring_fd);
		ring->wake = -1;
	}
	return -EOWNERDEAD;
}

TL_API int tl_uring_destroy(tl_uring *ring)
{
	if (!ring)
		return 0;
	if (!process_is(ring->process))
		return uring_leave(ring);
	if (is_driver(ring))
		return -EDEADLK;
	tl_uring_shutdown(ring, TL_CANCEL, TL_FOREVER);
	if (ring->blocking)
		tl_executor_destroy(ring->blocking);
	else
		driver_stop(ring);
	free(ring);
	return 0;
}

TL_API int tl_uring_stats(tl_uring *ring, tl_uring_counts *counts, size_t size)
{
	if (!ring || !counts || !size)
		return -EINVAL;
	if (!process_is(ring->process))
		return -EOWNERDEAD;
	lock(&ring->lock);
	tl_uring_counts now = {
		.submitted = ring->submitted,
		.completed = ring->completed,
		.cancelled = ring->cancelled,
		.enters = load_relaxed(&ring->enters),
		.wakes = ring->wakes,
		.refused = ring->refused,
		.blocking = ring->blocking != NULL,
	};
	unlock(&ring->lock);
	memcpy(counts, &now, size < sizeof now ? size : sizeof now);
	if (size > sizeof now)
		memset((char *)counts + sizeof now, 0, size - sizeof now);
	return 0;
}
