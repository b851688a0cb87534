/* SPDX-License-Identifier: MIT */
/* layer 3: callback · functions to run when a future ends */
/*
 * A node's word: LISTED, AWAITED, HOLDS, and above them the number of the process.
 *
 * A node is LISTED until its function has returned; the last touch of ours makes it
 * FREE. A remover that comes too late to unlink it sets AWAITED, to be woken then. HOLDS:
 * the node holds a reference (the future itself may not be looked at: it may be gone).
 * A callback that removes its own node clears self.firing, and the node isn't touched
 * again. A callback may complete a future that has callbacks, and so on a million
 * times: those are put off until the outermost one has returned.
 */
#include "callback.h"

#include <limits.h>

#include "lock.h"

#define LOCKS 64 /* a power of two; two futures seldom meet in one */

enum { FREE = 0, LISTED = 1, AWAITED = 2, HOLDS = 4, PROCESS = 8 };

static uint32_t node_state(uint32_t flags)
{
	return process_number() * PROCESS | flags;
}

/* Whoever may be running it does so in another process. */
static bool node_is_orphan(uint32_t state)
{
	return state / PROCESS != (process_number() * PROCESS) / PROCESS;
}

/* In the place of the list: the nodes have been detached, no more may come. */
static tl_callback fired;
#define FIRED (&fired)

static struct {
	ON_OWN_LINE struct process_lock lock;
} callback_locks[LOCKS];

static struct process_lock *lock_of(const tl_future *future)
{
	return &callback_locks[(uintptr_t)future / LINE % LOCKS].lock;
}

static tl_callback *callbacks_detach(tl_future *future)
{
	struct process_lock *l = lock_of(future);
	process_lock(l);
	tl_callback *list = future->callbacks_, *oldest = NULL;
	future->callbacks_ = FIRED;
	process_unlock(l);
	while (list) {
		tl_callback *next = list->next_;
		list->next_ = oldest;
		oldest = list;
		list = next;
	}
	return oldest;
}

static void node_fire(tl_callback *node)
{
	tl_future *future = node->future_;
	bool holds = load_relaxed(&node->state_) & HOLDS;
	self.firing = node;
	node->function(future, node->context);
	if (self.firing == node) {
		uint32_t *state = &node->state_;
		if (exchange_acq_rel(state, (uint32_t)FREE) & AWAITED)
			futex_wake(state, INT_MAX);
	}
	self.firing = NULL;
	if (holds)
		tl_future_release(future);
}

static void future_fire(tl_callback *list)
{
	tl_callback **end = &self.put_off;
	while (*end)
		end = &(*end)->next_;
	*end = list;
	if (self.fires)
		return;
	self.fires = true;
	while ((list = self.put_off)) {
		self.put_off = list->next_;
		node_fire(list);
	}
	self.fires = false;
}

/* Under the lock: add the node, unless the future has ended or is about to. */
static bool node_list(tl_future *future, tl_callback *node)
{
	uint32_t word = load_acquire(&future->word_), with;
	if (future->callbacks_ == FIRED)
		return false;
	do {
		if (has_ended(word))
			return false;
		CHECK_REFERENCES(word);
		with = (word & CELL ? word + REFERENCE : word) | CALLBACKS;
	} while (!cas_acq_rel(&future->word_, &word, with));
	/* A completer that sees the bit waits for our lock, and so finds the node. */
	if (word & CELL)
		node->state_ |= HOLDS;
	node->next_ = future->callbacks_;
	future->callbacks_ = node;
	return true;
}

TL_API int tl_future_on_done(tl_future *future, tl_callback *callback)
{
	if (!future || !callback || !callback->function)
		return -EINVAL;
	CHECK_FUTURE(future);
	if (is_orphan(future)) {
		store_relaxed(&callback->state_, (uint32_t)FREE);
		return -EOWNERDEAD;
	}
	callback->future_ = future;
	callback->next_ = NULL;
	store_relaxed(&callback->state_, node_state(LISTED));

	struct process_lock *l = lock_of(future);
	process_lock(l);
	bool listed = node_list(future, callback);
	process_unlock(l);
	if (listed)
		return 0;
	uint32_t word;
	while (!has_ended(word = load_acquire(&future->word_)))
		future_park(future, word, TL_FOREVER);
	if (word & CELL) {
		tl_future_retain(future);
		callback->state_ |= HOLDS;
	}
	future_fire(callback);
	return 0;
}

/* Take the node out of this list; false if it isn't there. */
static bool node_unlink(tl_callback **list, tl_callback *node)
{
	while (*list && *list != FIRED && *list != node)
		list = &(*list)->next_;
	if (*list != node)
		return false;
	*list = node->next_;
	if (exchange_acq_rel(&node->state_, (uint32_t)FREE) & HOLDS)
		tl_future_release(node->future_);
	return true;
}

TL_API int tl_future_remove(tl_future *future, tl_callback *callback)
{
	if (!future || !callback)
		return -EINVAL;
	CHECK_FUTURE(future);
	struct process_lock *l = lock_of(future);
	process_lock(l);
	bool removed = node_unlink(&future->callbacks_, callback);
	process_unlock(l);
	if (removed || node_unlink(&self.put_off, callback))
		return 0;
	if (self.firing == callback) {
		self.firing = NULL;
		return 0;
	}
	uint32_t *word = &callback->state_, state;
	while ((state = load_acquire(word)) != FREE) {
		if (node_is_orphan(state))
			return -EOWNERDEAD;
		if ((state & AWAITED) || cas_acq_rel(word, &state, state | AWAITED))
			futex_wait(word, state | AWAITED, TL_FOREVER);
	}
	return -EALREADY;
}
