/* SPDX-License-Identifier: MIT */
/* layer 6: uring_ring · the words of a ring of operations, and the life of one */
/*
 * libthreadlet-uring stands on the public face of libthreadlet, and on layer 1.
 *
 *   state    list      meaning
 *   IDLE               set up
 *   DROPPED            cancelled before it was submitted: never will be
 *   WAITING  waiting   accepted; the driver has not taken it yet
 *   FLYING   flying    the kernel has it (or a thread that makes the blocking call)
 *   STOPPING stopping  the kernel has it, and is to be asked to stop it
 *   ENDING             its result is known, its future ends next
 *
 * All but IDLE to DROPPED happens under the ring's lock, which is held for some
 * instructions an operation. An operation ends in one place, operations_end, whose last
 * touch of it is the end of its future. Until its canceller has returned that doesn't
 * happen (threadlet.h), so the canceller may touch the operation and the ring.
 *
 * The driver sleeps in the kernel only after it has said `asleep` under the lock, with
 * nothing to hand over. Who gives it something and finds that takes it back and writes
 * to the eventfd, of which a read is under way in the ring whenever the driver sleeps.
 */
#ifndef TL_URING_RING_H
#define TL_URING_RING_H

#include <pthread.h>
#include <threadlet/uring.h>

#include "atomic.h"
#include "base.h"
#include "lock.h"
#include "process.h"

enum { IDLE, DROPPED, WAITING, FLYING, STOPPING, ENDING };

struct list {
	tl_operation *first, *last;
};

struct tl_uring {
	struct lock lock;
	bool asleep;  /* the driver; its waker takes it back */
	bool closed;  /* no operation is accepted any more */
	bool stop;    /* the driver ends */
	bool drained; /* the promise below has been given its end */
	struct list waiting, flying, stopping;
	uint64_t submitted, completed, cancelled, wakes; /* under the lock */

	/* The driver's own. */
	struct io_uring ring;
	bool armed;    /* a read of the eventfd is under way */
	uint64_t read; /* what it reads */
	uint64_t enters;

	tl_executor *blocking; /* in place of the driver */
	struct lock accepting; /* for its accepts */
	pthread_t driver;
	int wake; /* the eventfd */
	int refused;
	unsigned entries;
	uint32_t process;
	tl_future opened, empty; /* promises: the ring is there; closed, none under way */
	char name[16];
};

static inline void list_append(struct list *list, tl_operation *operation)
{
	operation->next_ = NULL;
	operation->previous_ = list->last;
	*(list->last ? &list->last->next_ : &list->first) = operation;
	list->last = operation;
}

static inline void list_remove(struct list *list, tl_operation *operation)
{
	tl_operation *next = operation->next_, *previous = operation->previous_;
	*(previous ? &previous->next_ : &list->first) = next;
	*(next ? &next->previous_ : &list->last) = previous;
}

static inline struct list *list_of(tl_uring *ring, const tl_operation *operation)
{
	switch (load_relaxed(&operation->state_)) {
	case WAITING: return &ring->waiting;
	case STOPPING: return &ring->stopping;
	default: return &ring->flying;
	}
}

/* Under the lock: from its list to that of the state. */
static inline void operation_move(tl_uring *ring, tl_operation *operation, uint32_t state)
{
	list_remove(list_of(ring, operation), operation);
	store_relaxed(&operation->state_, state);
	if (state != ENDING)
		list_append(list_of(ring, operation), operation);
}

/* The ring whose operations this thread ends, if any: it is its driver, or makes blocking
 * calls for it. Known without a look into the ring, which may be gone. */
static __thread tl_uring *driven;

static inline bool is_driver(const tl_uring *ring)
{
	return driven == ring;
}

/* The ring that has it; another one that is asked to take it looks at the word, too. */
static inline tl_uring *operation_ring(const tl_operation *operation)
{
	return load_acquire(&operation->ring_);
}

/* End the futures of n operations, whose results are known. */
static void operations_end(tl_uring *ring, tl_operation *const *operations, size_t n);

/* Ask to stop it, under the lock. Returns whether the driver has to be told. */
static bool operation_ask(tl_uring *ring, tl_operation *operation);

/* Under the lock: are closing and the last end both past? Then the promise `empty` is to
 * be set, after the lock, by who is told so here. */
static bool ring_empties(tl_uring *ring);

/* Under the lock: is the driver asleep? Then driver_wake is owed, after the lock. */
static bool driver_claim(tl_uring *ring);
static void driver_wake(tl_uring *ring);

/* Start the driver; 0, or why there is no ring. End it. */
static int driver_start(tl_uring *ring);
static void driver_stop(tl_uring *ring);

/* Under the lock: have a thread take one more operation that waits. One that a thread has
 * may be interrupted by its eventfd. */
static int blocking_submit(tl_uring *ring);
static void blocking_interrupt(tl_operation *operation);

/* Each of these threads begins so. */
static void blocking_begin(void *ring);

#endif
