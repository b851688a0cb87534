/* SPDX-License-Identifier: MIT */
/* layer 3: future · the state word of a future, and what waits on it */
/*
 *   bits   name       set by                     meaning
 *   0-2    state      see below                  where its life is
 *   3      WAITERS    a waiter                   somebody may sleep on the word; stays
 *   4      CALLBACKS  who registers one          look at the list when ending; stays
 *   5      CANCEL     tl_future_cancel           queued: never run it; running: stop
 *   6      LEFT       the canceller              he no longer touches the queue
 *   7      CELL       tl_submit and others       our memory, counted by references
 *   8      HELD       a waiter outside the pool  he looks for it in the pool's queues
 *                     tl_future_init_...         of a promise: it has a canceller
 *   9      GROUPED    tl_group_submit, ..._task  a group stands where the executor would
 *   10-31  references retain, release            user's, and one of the executor's: 4
 *                                                million; a debug build notices more
 *
 *   from      to        who, by CAS on the word
 *   NEW       QUEUED    submit (of your own task; a cell is born QUEUED)
 *   NEW       SETTLING  whoever completes a promise or cancels what was never submitted
 *   QUEUED    RUNNING   who has won its slot, unless CANCEL is set
 *   QUEUED    NEW       submit, when the executor had been shut down
 *   QUEUED    ended     who has won its slot, CANCEL being set
 *   RUNNING   ended     the thread that ran it
 *   RUNNING   NEW       the same, if it will run again (tl_every)
 *   SETTLING  ended     who had made it SETTLING
 *
 * Publishing: value and error are written first, then one CAS (release) sets the end
 * state and drops the executor's reference. After it the completer touches nothing of
 * the future: its owner may have freed or unmapped it. It only wakes by address, which
 * the kernel allows on memory that is gone, so every wait loops.
 *
 * With callbacks, the list is first swapped for FIRED, then the end is published, then
 * the nodes run. Who comes to register and finds FIRED waits for the end, which is
 * instructions away, and runs his node himself (callback.c). Each node holds a reference,
 * so that a cell is still there when its callbacks run.
 *
 * Cancelling what is queued: CANCEL is set while the word says QUEUED. From then on the
 * task won't run, and can't end before LEFT is set, unless the canceller himself wins
 * its slot. So the executor, which outlives its tasks, is still there for him to
 * touch. Who takes a cancelled task out of the queue waits for LEFT, then ends it.
 *
 * A promise with a canceller (in the place of its value) is cancelled likewise: CANCEL is
 * set while the word says NEW and HELD, and until LEFT is set nobody makes it SETTLING.
 * If the canceller has withdrawn it, LEFT and SETTLING come in one step.
 *
 * HELD does the same for a waiter that wants to run a queued task (TL_WAITERS_RUN): he
 * sets it while the word says QUEUED and not CANCEL, and until he clears it, instructions
 * later, the task neither runs nor ends, whoever has won its slot.
 */
#ifndef TL_FUTURE_H
#define TL_FUTURE_H

#include "atomic.h"
#include "cell.h"
#include "misuse.h"
#include "process.h"

enum state { NEW, QUEUED, RUNNING, SETTLING, DONE, FAILED, CANCELLED };

#define STATE UINT32_C(0x07)
#define WAITERS UINT32_C(0x08)
#define CALLBACKS UINT32_C(0x10)
#define CANCEL UINT32_C(0x20)
#define LEFT UINT32_C(0x40)
#define CELL UINT32_C(0x80)
#define HELD UINT32_C(0x100)
#define GROUPED UINT32_C(0x200)
#define REFERENCE UINT32_C(0x400)

static inline enum state state_of(uint32_t word)
{
	return (enum state)(word & STATE);
}

static inline bool has_ended(uint32_t word)
{
	return (word & STATE) >= DONE;
}

static inline uint32_t with_state(uint32_t word, enum state state)
{
	return (word & ~STATE) | (uint32_t)state;
}

static inline tl_task *task_of(tl_future *future)
{
	return CONTAINER_OF(future, tl_task, future);
}

/* Is it a task that will be queued at some time (timed.c)? Other cells are born QUEUED. */
static inline bool is_timed(uint32_t word)
{
	return (word & (STATE | CELL)) == (NEW | CELL);
}

/*
 * Is this a task that threads of a parent process had when this process was forked off?
 * Then it will never end here. A promise belongs to no process. The task isn't asked for
 * its pool, which may be gone once the task has ended.
 */
static inline bool is_orphan(tl_future *future)
{
	uint32_t word = load_acquire(&future->word_);
	bool task = word & (STATE | CELL); /* or a promise that is NEW */
	return task && state_of(word) <= RUNNING &&
	       UNLIKELY(!process_is(load_relaxed(&task_of(future)->process_)));
}

/* In a debug build: is this a future, and not one that has been given back? */

#ifdef TL_DEBUG
static inline const char *future_trouble(const tl_future *future)
{
	if ((uintptr_t)future % sizeof(void *))
		return "this is not the address of a future";
	uint32_t word = load_relaxed(&future->word_);
	if ((word & CELL) && (uintptr_t)future % LINE)
		return "this is not a future, or not set up";
	if (word == CELL_GONE)
		return "this future was given back before";
	bool counted = word >= REFERENCE;
	if ((word & STATE) > CANCELLED || counted != !!(word & CELL))
		return "this is not a future, or not set up";
	return NULL;
}

#define CHECK_FUTURE(future) MISUSE(future_trouble(future), future_trouble(future))

/* Before one more reference; with room for threads that take theirs meanwhile. */
#define CHECK_REFERENCES(word)                                                           \
	MISUSE((word) > UINT32_MAX - TL_MAX_WORKERS * REFERENCE,                         \
	       "4 million references to one future")
#else
#define CHECK_FUTURE(future) ((void)0)
#define CHECK_REFERENCES(word) ((void)0)
#endif

/* Nobody but the thread that asks has a reference, and nobody can get one: it was sent off
 * without a handle, or the handle has been given back. With an acquire load. */
static inline bool is_alone(uint32_t word)
{
	return (word & ~STATE) == (CELL | REFERENCE);
}

/* Publish the end. Returns the callbacks, oldest first: the caller hands them to
 * future_fire. Without any, the future may be gone on return. */
static tl_callback *future_end(tl_future *future, enum state state);
static void future_fire(tl_callback *list);

/* Both of these. */
static inline void future_finish(tl_future *future, enum state state)
{
	tl_callback *list = future_end(future, state);
	if (list)
		future_fire(list);
}

/* Sleep until the word is no longer `word`, with WAITERS set in it. */
static int future_park(tl_future *future, uint32_t word, int64_t deadline);

/* The error of a failure: negative, whatever was given. */
static inline int error_normal(int error)
{
	return error > 0 ? -error : error ? error : -EINVAL;
}

#endif
