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
#include "arrivals.h"
#include "blocking.h"
#include "callback.h"
#include "clock.h"
#include "cpus.h"
#include "doze.h"
#include "event.h"
#include "lock.h"
#include "meanwhile.h"
#include "seek.h"
#include "timers.h"
#include "wait.h"

struct tl_completions {
	ON_OWN_LINE uint32_t left; /* not under the lock */
	ON_OWN_LINE uint32_t process;
	uint32_t room; /* the ring's: looked at without the lock */
	int event;     /* -1: none */
	int64_t spin;  /* ns that who takes looks before it sleeps */
	ON_OWN_LINE struct lock lock;
	struct arrivals arrivals;
	uint32_t filled; /* is anything ready? For those without the lock */
	uint32_t signal; /* a futex */
	uint32_t sleepers;
	bool destroyed;
};

struct node {
	tl_callback callback;
	tl_completions *queue;
	void *tag;
};

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

/* With the lock held: one sleeper is to be woken, if there is any, after the unlock. */
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
		error = tl_future_on_done(future, &node->callback);
	if (error) {
		fetch_sub_relaxed(&completions->left, 1u);
		cell_free((tl_task *)(void *)node);
	}
	return error;
}

/* ---- Taking ------------------------------------------------------------------------ */

static bool leads_here(const tl_callback *node, const void *queue)
{
	return node->function == node_comes &&
	       ((const struct node *)(const void *)node)->queue == queue;
}

static bool will_come(tl_task *task, const void *queue)
{
	return callbacks_have(&task->future, leads_here, queue);
}

/* In a task of a pool: run one that is queued there and will come to the queue. */
static bool run_one(tl_completions *queue, struct worker *helper, bool again)
{
	struct sought sought = { .wanted = will_come, .by = queue, .again = again };
	tl_task *task = pool_seek(helper, &sought);
	if (task)
		wait_execute(helper, task);
	return task;
}

static int64_t longer(int64_t nap)
{
	return nap ? nap < LOOK_AGAIN_MOST ? 2 * nap : nap : NAP_FIRST;
}

struct signal {
	tl_completions *queue;
	uint32_t seen;
};

/* D2 of doze.h. E1 is under the lock, too. */
static bool signal_awaits(void *what)
{
	struct signal *signal = what;
	lock(&signal->queue->lock);
	bool over = signal->queue->signal != signal->seen;
	unlock(&signal->queue->lock);
	return over;
}

/* Until something may be there, or -ETIMEDOUT; -EAGAIN: no stack is left to help. */
static int queue_wait(tl_completions *queue, uint32_t seen, int64_t deadline,
                      int64_t *nap)
{
	struct worker *worker = self.worker;
	bool helper = worker && !worker->pool->ordered && pool_is_ours(worker->pool);
	int64_t until = deadline;
	if (helper && stack_is_short())
		return -EAGAIN;
	if (helper) {
		if (run_one(queue, worker, *nap > 0))
			return deadline != TL_FOREVER && clock_now() >= deadline
			               ? -ETIMEDOUT
			               : 0;
		*nap = longer(*nap);
		int64_t next = deadline_after(*nap);
		until = next < deadline ? next : deadline;
	}
	if (UNLIKELY(meanwhile_worker() != NULL)) {
		struct signal signal = { queue, seen };
		struct awaited awaited = {
			.word = &queue->signal,
			.await = signal_awaits,
			.what = &signal,
		};
		return meanwhile(worker, &awaited, deadline);
	}
	struct worker *blocked = thread_blocks();
	int error = futex_wait(&queue->signal, seen, until);
	thread_unblocks(blocked);
	if (until == deadline)
		return error;
	worker_has_napped(worker);
	return 0;
}

/* Whoever completes futures one after the other would have to wake us for each of the first
 * ones: look for a moment, and seldom, so that he has the queue's lines to himself. */
static void queue_watch(tl_completions *queue, int64_t deadline)
{
	int64_t looks = queue->spin / LOOK_LEAST;
	int64_t end = queue->spin ? clock_now() + queue->spin : 0;
	if (end > deadline)
		end = deadline;
	while (looks-- > 0 && clock_now() < end) {
		for (int i = 0; i < TAKE_PAUSES; i++)
			cpu_relax();
		if (load_relaxed(&queue->filled))
			return;
	}
}

/* The same with the lock held, before and after. */
static int queue_sleep(tl_completions *queue, int64_t deadline, int64_t *nap)
{
	if (!self.worker) {
		unlock(&queue->lock);
		queue_watch(queue, deadline);
		lock(&queue->lock);
		if (queue->arrivals.ready)
			return 0;
	}
	uint32_t seen = queue->signal;
	queue->sleepers++;
	unlock(&queue->lock);
	int error = queue_wait(queue, seen, deadline, nap);
	lock(&queue->lock);
	queue->sleepers--;
	return error;
}

static uint32_t queue_get(tl_completions *queue, tl_completion *taken, size_t most)
{
	uint32_t n = arrivals_take(&queue->arrivals, taken, most);
	if (n && !queue->arrivals.ready) {
		store_relaxed(&queue->filled, 0u);
		if (queue->event >= 0)
			event_clear(queue->event);
	}
	return n;
}

TL_API int tl_completions_take(tl_completions *completions, tl_completion *taken,
                               size_t n, int64_t timeout)
{
	if (!completions || !taken || !n || n > INT_MAX || timeout < 0)
		return -EINVAL;
	if (!process_is(completions->process))
		return -EOWNERDEAD;
	int64_t deadline = timeout ? -1 : 0, nap = 0;
	int error = 0;
	lock(&completions->lock);
	while (!completions->arrivals.ready && !error) {
		if (deadline < 0)
			deadline = deadline_after(timeout);
		error = timeout ? queue_sleep(completions, deadline, &nap) : -ETIMEDOUT;
	}
	uint32_t got = queue_get(completions, taken, n);
	bool wake = completions->arrivals.ready && queue_signals(completions);
	unlock(&completions->lock);
	if (wake)
		word_wake(&completions->signal, 1);
	if (!got)
		return error;
	fetch_sub_relaxed(&completions->left, got);
	return (int)got;
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
