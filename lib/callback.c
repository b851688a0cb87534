/* SPDX-License-Identifier: MIT */
/* layer 3: callback · functions to run when a future ends */
/*
 * A node's word: LISTED, AWAITED, HOLDS, AT_ONCE, and above them the number of the process.
 *
 * A node is LISTED until its function has returned (fire.c); the last touch of ours makes it
 * FREE. A remover that comes too late to unlink it sets AWAITED, to be woken then. HOLDS:
 * the node holds a reference (the future itself may not be looked at: it may be gone).
 *
 * The list: who registers puts his node at its head, who ends the future takes it all and
 * leaves FIRED, each by one CAS on the head. So does who removes the only node: while he has
 * seen it at the head, with none behind it, none can come behind it. Only who removes from
 * among others needs the list to himself: he takes one of a few locks, chosen by the
 * future's address, and puts BUSY into the head; whoever finds that waits for the lock.
 * (With the locks for all, their lines went from CPU to CPU: a future from a pool through a
 * completion queue cost 184 ns, then 141. Since the only node goes without, tl_wait for any
 * of 1,000 costs 25 ns a future; it was 35: make bench-waiting.)
 */
#include "callback.h"

#include <limits.h>

#include "lock.h"

#define LOCKS 64 /* a power of two; two futures seldom meet in one */

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

/* A bit of the head: a remover is at work. */
#define BUSY ((uintptr_t)1)

static bool is_busy(const tl_callback *head)
{
	return UNLIKELY((uintptr_t)head & BUSY);
}

/* With the lock: nobody is at work. If the head is busy all the same, the remover has not
 * come along into this child of a fork, and has left a list that is whole. */
static tl_callback *list_lock(tl_future *future)
{
	process_lock(lock_of(future));
	tl_callback *head = load_acquire(&future->callbacks_);
	if (is_busy(head)) {
		head = (tl_callback *)((uintptr_t)head & ~BUSY);
		store_release(&future->callbacks_, head);
	}
	return head;
}

static COLD tl_callback *list_await(tl_future *future)
{
	tl_callback *head = list_lock(future);
	process_unlock(lock_of(future));
	return head;
}

/* The head as it was; from now on nobody else changes the list. Or FIRED: it is gone. */
static tl_callback *list_claim(tl_future *future)
{
	tl_callback *head = list_lock(future), *busy;
	do {
		if (head == FIRED)
			break;
		busy = (tl_callback *)((uintptr_t)head | BUSY);
	} while (!cas_acq_rel(&future->callbacks_, &head, busy));
	return head;
}

static void list_return(tl_future *future, tl_callback *head)
{
	if (head != FIRED)
		store_release(&future->callbacks_, head);
	process_unlock(lock_of(future));
}

static tl_callback *callbacks_detach(tl_future *future)
{
	tl_callback *list = load_acquire(&future->callbacks_), *oldest = NULL;
	do {
		if (is_busy(list))
			list = list_await(future);
	} while (!cas_acq_rel(&future->callbacks_, &list, FIRED));
	while (list) {
		tl_callback *next = list->next_;
		store_relaxed(&list->next_, oldest);
		oldest = list;
		list = next;
	}
	return oldest;
}

static bool callbacks_have(tl_future *future,
                           bool (*is_such)(const tl_callback *node, const void *by),
                           const void *by)
{
	if (!(load_acquire(&future->word_) & CALLBACKS))
		return false;
	tl_callback *head = list_claim(future), *node = head == FIRED ? NULL : head;
	while (node && !is_such(node, by))
		node = node->next_;
	list_return(future, head);
	return node;
}

/* Have the end look for the node, and the node hold the future; unless it has ended. */
static bool node_count(tl_future *future, tl_callback *node)
{
	uint32_t word = load_acquire(&future->word_), with;
	do {
		if (has_ended(word))
			return false;
		CHECK_REFERENCES(word);
		with = (word & CELL ? word + REFERENCE : word) | CALLBACKS;
	} while (!cas_acq_rel(&future->word_, &word, with));
	if (word & CELL)
		node->state_ |= HOLDS;
	return true;
}

/* Add the node to the list, unless who ends the future has taken it. */
static bool node_list(tl_future *future, tl_callback *node)
{
	tl_callback *head = load_acquire(&future->callbacks_);
	do {
		if (is_busy(head))
			head = list_await(future);
		if (head == FIRED)
			return false;
		node->next_ = head;
	} while (!cas_acq_rel(&future->callbacks_, &head, node));
	return true;
}

static int callback_register(tl_future *future, tl_callback *callback, uint32_t flags)
{
	if (!future || !callback || !callback->function)
		return -EINVAL;
	CHECK_FUTURE(future);
	if (is_orphan(future)) {
		store_relaxed(&callback->state_, (uint32_t)FREE);
		return -EOWNERDEAD;
	}
	callback->future_ = future;
	store_relaxed(&callback->state_, node_state(LISTED | flags));

	bool counted = node_count(future, callback);
	if (counted && node_list(future, callback))
		return 0;
	uint32_t word;
	while (!has_ended(word = load_acquire(&future->word_)))
		future_park(future, word, TL_FOREVER);
	if (!counted && (word & CELL)) {
		tl_future_retain(future);
		callback->state_ |= HOLDS;
	}
	callback->next_ = NULL;
	future_fire(callback);
	return 0;
}

TL_API int tl_future_on_done(tl_future *future, tl_callback *callback)
{
	return callback_register(future, callback, 0);
}

static int callback_at_once(tl_future *future, tl_callback *callback)
{
	return callback_register(future, callback, AT_ONCE);
}

/* Take the node out of this list; false if it isn't there. */
static bool list_unlink(tl_callback **list, tl_callback *node)
{
	tl_callback *before = *list;
	if (before == node) {
		*list = node->next_;
		return true;
	}
	if (before == FIRED)
		return false;
	while (before && before->next_ != node)
		before = before->next_;
	if (before)
		store_relaxed(&before->next_, node->next_);
	return before;
}

/* The same where there is nothing else in it. */
static bool list_empty(tl_future *future, tl_callback *node)
{
	tl_callback *head = load_acquire(&future->callbacks_);
	return head == node && !load_relaxed(&node->next_) &&
	       cas_acq_rel(&future->callbacks_, &head, (tl_callback *)NULL);
}

static bool node_remove(tl_future *future, tl_callback *node)
{
	if (LIKELY(list_empty(future, node)))
		return true;
	tl_callback *list = list_claim(future);
	bool removed = list_unlink(&list, node);
	list_return(future, list);
	return removed || list_unlink(&self.put_off, node);
}

static void node_free(tl_callback *node)
{
	tl_future *future = node->future_;
	uint32_t *word = &node->state_, state = exchange_acq_rel(word, (uint32_t)FREE);
	if (UNLIKELY(state & AWAITED)) /* by another who wants to remove it */
		futex_wake(word, INT_MAX);
	if (state & HOLDS)
		tl_future_release(future);
}

TL_API int tl_future_remove(tl_future *future, tl_callback *callback)
{
	if (!future || !callback)
		return -EINVAL;
	CHECK_FUTURE(future);
	if (node_remove(future, callback)) {
		node_free(callback);
		return 0;
	}
	if (self.firing == callback) {
		callback_give_back(callback);
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
