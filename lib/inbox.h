/* SPDX-License-Identifier: MIT */
/* layer 2: inbox · where tasks from outside wait: three queues, one behind the other */
/*
 *   level 0   an injector that is small, so that its lines stay in the caches
 *   level 1   an injector that is deep, in memory that is touched as far as it is used
 *   list      without a bound, through the tasks themselves, under a lock
 *   urgent    the same; not behind the others but in front of them
 *
 * A push goes into the first queue that has room, but never in front of what waits in a
 * later one; takers look in the same order. So of two tasks that one thread pushes, the
 * first is taken first. Only the list is slow: each step to the next task waits for
 * memory, while a ring's pointers let a taker fetch many tasks at once (1M tasks to one
 * worker: 47 ns each through the rings, 116 with a list behind 4,096 slots).
 */
#ifndef TL_INBOX_H
#define TL_INBOX_H

#include <sys/mman.h>

#include "injector.h"
#include "overflow.h"
#include "tune.h"

struct inbox {
	struct injector level[2];
	ON_OWN_LINE struct overflow list;
	ON_OWN_LINE struct overflow urgent;
	ON_OWN_LINE uint64_t slots[1 << SHALLOW_BITS];
};

#define DEEP_BYTES (sizeof(uint64_t) << DEEP_BITS)

/* In zeroed memory. False when there is no memory for the deep ring. */
static inline bool inbox_init(struct inbox *inbox)
{
	void *slots = mmap(NULL, DEEP_BYTES, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (slots == MAP_FAILED)
		return false;
	inbox->level[1].slots = slots;
	inbox->level[0].slots = inbox->slots;
	inbox->level[0].bits = SHALLOW_BITS;
	inbox->level[1].bits = DEEP_BITS;
	inbox->level[1].level = 1;
	return true;
}

static inline void inbox_free(struct inbox *inbox)
{
	munmap(inbox->level[1].slots, DEEP_BYTES);
}

static COLD int inbox_append(struct inbox *inbox, struct overflow *list, tl_task *task)
{
	int error = 0;
	lock(&list->lock);
	if (load_acquire(&inbox->level[1].tail) & CLOSED)
		error = -ESHUTDOWN;
	else
		overflow_append(list, task);
	unlock(&list->lock);
	return error;
}

static __attribute__((noinline)) int inbox_push_deep(struct inbox *inbox, tl_task *task)
{
	if (!overflow_count(&inbox->list)) {
		int error = injector_push(&inbox->level[1], task);
		if (LIKELY(error != -ENOSPC))
			return error;
	}
	return inbox_append(inbox, &inbox->list, task);
}

/* 0 or -ESHUTDOWN. Full edge on success. */
static inline int inbox_push_urgent(struct inbox *inbox, tl_task *task)
{
	return inbox_append(inbox, &inbox->urgent, task);
}

static inline int inbox_push(struct inbox *inbox, tl_task *task)
{
	if (LIKELY(!injector_count(&inbox->level[1]) && !overflow_count(&inbox->list))) {
		int error = injector_push(&inbox->level[0], task);
		if (LIKELY(error != -ENOSPC))
			return error;
	}
	return inbox_push_deep(inbox, task);
}

/* From now on pushes are refused: when this returns, the last one has succeeded. */
static inline void inbox_close(struct inbox *inbox)
{
	fetch_or_seq_cst(&inbox->level[0].tail, CLOSED);
	fetch_or_seq_cst(&inbox->level[1].tail, CLOSED);
	lock(&inbox->list.lock); /* who was about to append has done so, or won't */
	unlock(&inbox->list.lock);
	lock(&inbox->urgent.lock);
	unlock(&inbox->urgent.lock);
}

static inline void inbox_reopen(struct inbox *inbox)
{
	fetch_and_seq_cst(&inbox->level[1].tail, ~CLOSED);
	fetch_and_seq_cst(&inbox->level[0].tail, ~CLOSED);
}

/* How many tasks wait, about; with full edges, so that it finds all pushed before. */
static inline uint64_t inbox_count(struct inbox *inbox)
{
	return injector_count(&inbox->level[0]) + injector_count(&inbox->level[1]) +
	       overflow_count(&inbox->list) + overflow_count(&inbox->urgent);
}

/* How many were ever pushed. */
static inline uint64_t inbox_pushed(struct inbox *inbox)
{
	return (load_relaxed(&inbox->level[0].tail) & ~CLOSED) +
	       (load_relaxed(&inbox->level[1].tail) & ~CLOSED) +
	       load_relaxed(&inbox->list.pushed) + load_relaxed(&inbox->urgent.pushed);
}

/* Take over spots, each two above the one before, out of one of the injectors. */
static inline unsigned inbox_take(struct inbox *inbox, unsigned most, unsigned share,
                                  uint64_t *spot)
{
	for (unsigned level = 0; level < 2; level++) {
		uint64_t position;
		unsigned n = injector_take(&inbox->level[level], most, share, &position);
		if (n) {
			*spot = spot_make(level, position);
			return n;
		}
	}
	return 0;
}

/* Only by the owner of this spot: its task, or NULL if it was claimed. */
static inline tl_task *inbox_get(struct inbox *inbox, uint64_t spot)
{
	return injector_get(&inbox->level[spot_level(spot)], spot_position(spot));
}

static inline bool inbox_claim(struct inbox *inbox, uint64_t spot, tl_task *task)
{
	return injector_claim(&inbox->level[spot_level(spot)], spot_position(spot), task);
}

static inline void inbox_prefetch(const struct inbox *inbox, uint64_t spot, unsigned n)
{
	injector_prefetch(&inbox->level[spot_level(spot)], spot_position(spot), n);
}

#endif
