/* SPDX-License-Identifier: MIT */
/* layer 7: completions · a queue that futures come to when they end */
/*
 * A node, in a cell, hangs on each future that was added; when it fires it writes an entry
 * into the queue's ring, and is free. Nothing can fail then: who adds has seen to it that
 * the ring has room for all that are left. The ring is behind a lock, held for some
 * instructions; so it is exact what "empty" means, and when it changes:
 *
 *   left      1 for the owner, 1 for each future added and not taken
 *   arrivals  the ring; `ready`: entries in it
 *   sleepers  threads that sleep on `signal`, or are about to; or doze for it (doze.h)
 *   event     the descriptor, once somebody has asked for it: written when `ready` leaves
 *             0, read when it comes back to 0, both under the lock
 *
 * One sleeper is woken when `ready` leaves 0, and by whoever takes and leaves something.
 *
 * Lifetime: who fires writes its entry under the lock, and its last touch is giving the
 * lock back, before which nobody can take the entry. After a destroy each node that was
 * left drops its share of `left`; the last one frees the queue.
 */
#include "completions.h"

#include "callback.h"
#include "cpus.h"
#include "doze.h"
#include "event.h"
#include "executor.h"

_Static_assert(sizeof(struct node) <= sizeof(tl_task), "a node lies in a cell");

TL_API tl_completions *tl_completions_create(void)
{
	tl_completions *queue = aligned_alloc(LINE, sizeof *queue);
	if (!queue)
		return fail_with(-ENOMEM);
	*queue = (tl_completions){
		.left = 1,
		.process = process_number(),
		.room = COMPLETIONS_FIRST,
		.event = -1,
		.spin = cpus_allowed() < 2 ? 0 : TAKE_SPIN,
	};
	if (!arrivals_init(&queue->arrivals)) {
		free(queue);
		return fail_with(-ENOMEM);
	}
	return queue;
}

static void queue_drop(tl_completions *queue, uint32_t n)
{
	if (fetch_sub_acq_rel(&queue->left, n) != n)
		return;
	free(queue->arrivals.ring);
	free(queue);
}

/* ---- Coming to it --------------------------------------------------------------- */

static bool queue_signals(tl_completions *queue)
{
	if (!queue->sleepers)
		return false;
	store_relaxed(&queue->signal, queue->signal + 1);
	return true;
}

static void node_comes(tl_future *future, void *context)
{
	struct node *node = context;
	tl_completions *queue = node->queue;
	tl_completion entry = { future, node->tag };
	bool wake = false;
	callback_give_back(&node->callback);
	cell_free((tl_task *)(void *)node);
	if (!process_is(queue->process))
		return; /* completed in a child of a fork: the queue is the parent's */

	uint32_t *signal = &queue->signal;
	lock(&queue->lock);
	bool destroyed = queue->destroyed;
	if (!destroyed) {
		arrivals_put(&queue->arrivals, entry);
		if (queue->arrivals.ready == 1) {
			store_relaxed(&queue->filled, 1u);
			if (queue->event >= 0)
				event_set(queue->event);
			wake = queue_signals(queue);
		}
	}
	unlock(&queue->lock);
	if (wake)
		word_wake(signal, 1);
	if (destroyed)
		queue_drop(queue, 1);
}

/* Room for so many entries. */
static COLD bool queue_grow(tl_completions *queue, uint32_t wanted)
{
	lock(&queue->lock);
	bool room = queue->arrivals.capacity >= wanted ||
	            arrivals_grow(&queue->arrivals, wanted);
	store_relaxed(&queue->room, queue->arrivals.capacity);
	unlock(&queue->lock);
	return room;
}

TL_API int tl_completions_add(tl_completions *completions, tl_future *future, void *tag)
{
	if (!completions || !future)
		return -EINVAL;
	if (!process_is(completions->process))
		return -EOWNERDEAD;
	struct node *node = (struct node *)(void *)cell_new();
	if (!node)
		return -ENOMEM;
	uint32_t others = fetch_add_relaxed(&completions->left, 1u);
	int error = 0;
	if (UNLIKELY(others > load_relaxed(&completions->room)) &&
	    !queue_grow(completions, others))
		error = -ENOMEM;
	node->callback = (tl_callback){ .function = node_comes, .context = node };
	node->queue = completions;
	node->tag = tag;
	if (!error)
		error = callback_at_once(future, &node->callback);
	if (error) {
		fetch_sub_relaxed(&completions->left, 1u);
		cell_free((tl_task *)(void *)node);
	}
	return error;
}

TL_API size_t tl_completions_left(const tl_completions *completions)
{
	return completions ? load_acquire(&completions->left) - 1 : 0;
}

/* ---- The descriptor, the end ------------------------------------------------------- */

TL_API int tl_completions_descriptor(tl_completions *completions)
{
	if (!completions)
		return -EINVAL;
	if (!process_is(completions->process))
		return -EOWNERDEAD;
	lock(&completions->lock);
	int event = completions->event;
	if (event < 0) {
		event = event_new();
		if (event >= 0) {
			completions->event = event;
			if (completions->arrivals.ready)
				event_set(event);
		}
	}
	unlock(&completions->lock);
	return event;
}

TL_API int tl_completions_destroy(tl_completions *completions)
{
	if (!completions)
		return 0;
	if (!process_is(completions->process))
		return -EOWNERDEAD;
	lock(&completions->lock);
	MISUSE(completions->sleepers, "a thread waits for completions here");
	completions->destroyed = true;
	uint32_t ready = completions->arrivals.ready;
	if (completions->event >= 0)
		event_close(completions->event);
	unlock(&completions->lock);
	queue_drop(completions, ready + 1);
	return 0;
}
