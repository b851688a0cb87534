/* SPDX-License-Identifier: MIT */
/*
 * The library's ground (layer 1) as the explorer supplies it. A model includes this
 * before anything of lib/, whose own ground files then find their guards defined. So
 * the code under test is the library's, to the line; only what it stands on is not.
 *
 * The tuned constants are tiny, so that a few tasks reach every bend: full rings,
 * wrapped indexes, lists. A model may define its own before it includes this.
 */
#ifndef MODEL_GROUND_H
#define MODEL_GROUND_H

#define TL_ATOMIC_H
#define TL_FUTEX_H
#define TL_CLOCK_H
#define TL_THREAD_H
#define TL_ASLEEP_H
#define TL_LOCAL_H
#define TL_PROCESS_H
#define TL_TUNE_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "explore.h"

/* ---- tune ----------------------------------------------------------------------- */

#ifndef SHALLOW_BITS
#define SHALLOW_BITS 1
#endif
#ifndef DEEP_BITS
#define DEEP_BITS 1
#endif
#ifndef RING_SLOTS
#define RING_SLOTS 2
#endif
#define RING_AHEAD 64
#define STEAL_MOST 2
#define LOOK_EVERY 0
#define LOOK_MOST 0
#define LOOK_SHARE 1
#define LOOK_STREAM 1
#define RANGE_FEW 1
#define HOLD_PAUSES 0
#define ARENA_RINGS 3
#ifndef TRIM_RINGS
#define TRIM_RINGS 64
#endif
#ifndef RANGE_MOST
#define RANGE_MOST 2
#endif
#define RANGE_AHEAD 64
#ifndef OVERFLOW_MOST
#define OVERFLOW_MOST 2
#endif
#ifndef OUTSIDE_EVERY
#define OUTSIDE_EVERY 61
#endif
#ifndef OLDEST_EVERY
#define OLDEST_EVERY 16
#endif
#ifndef RELIEVE_EVERY
#define RELIEVE_EVERY 16
#endif
#ifndef URGENT_MOST
#define URGENT_MOST 1
#endif
#ifndef SERIAL_TURN
#define SERIAL_TURN 2
#endif
#ifndef SPIN_PAUSES
#define SPIN_PAUSES 1
#endif
#ifndef LOCK_PAUSES
#define LOCK_PAUSES 0
#endif
#ifndef FORKS_MOST
#define FORKS_MOST 5
#endif
#define LOOP_CHUNK 1
#ifndef SPIN_DEFAULT
#define SPIN_DEFAULT 1
#endif
#ifndef WAIT_ON_STACK
#define WAIT_ON_STACK 4
#endif
#define CLOCK_EVERY 0
#define CLOCK_TASKS 1
#define TIMERS_MOST 2
#define WAIT_SPIN LOOK_LEAST /* one look */
#define TAKE_SPIN LOOK_LEAST /* one look */
#define TAKE_PAUSES 1
#define HOT_PAUSES 1
#define LOOK_LEAST 1
#define NAP_FIRST 1
#define NAP_MOST 1
#define IDLE_TIMEOUT_DEFAULT (INT64_C(1) << 40)
#define DEFAULT_WORKERS_MOST 2
#define COMPLETIONS_FIRST 1
#define LOOK_AGAIN_MOST 1
#define CHUNKS_MOST ((size_t)2)
#define TRIM_CELLS 1
#define TRIM_KEPT 1
#define MAGAZINE_CELLS 2
#define CELLS_AHEAD 1
#define TASKS_AHEAD 1
#define STACK_RESERVE ((size_t)1)
#define PAGE ((size_t)256)
#define CHUNK_PAGES 4
#define FIRST_CELL_PAGE 1

/* ---- process: no model forks ------------------------------------------------------- */

#define process_number() UINT32_C(1)
#define process_is(number) ((number) == 1)
#define process_leave_child(number) ((void)(number))

/* ---- atomic --------------------------------------------------------------------- */

/* A cast keeps the type of what is read; mostly nobody looks at it. */
#pragma GCC diagnostic ignored "-Wunused-value"

#define MODEL_TYPE(p) __typeof__(1 ? *(p) : *(p))
#define MODEL_LOAD(p, order, text)                                                       \
	((MODEL_TYPE(p))model_load((p), sizeof *(p), order, text, __func__))
#define MODEL_STORE(p, v, order, text)                                                   \
	model_store((p), sizeof *(p), (uint64_t)(v), order, text, __func__)
#define MODEL_MODIFY(p, v, change, order, text)                                          \
	((MODEL_TYPE(p))model_modify((p), sizeof *(p), change, (uint64_t)(v), order,     \
	                             text, __func__))
#define MODEL_CAS(p, e, v, order, text)                                                  \
	model_cas((p), sizeof *(p), (e), (uint64_t)(v), order, text, __func__)

#define load_relaxed(p) MODEL_LOAD(p, MODEL_RELAXED, "load_relaxed(" #p ")")
#define load_acquire(p) MODEL_LOAD(p, MODEL_ACQUIRE, "load_acquire(" #p ")")
#define load_seq_cst(p) MODEL_LOAD(p, MODEL_SEQ_CST, "load_seq_cst(" #p ")")
#define store_relaxed(p, v)                                                              \
	MODEL_STORE(p, v, MODEL_RELAXED, "store_relaxed(" #p ", " #v ")")
#define store_release(p, v)                                                              \
	MODEL_STORE(p, v, MODEL_RELEASE, "store_release(" #p ", " #v ")")

#define exchange_acq_rel(p, v)                                                           \
	MODEL_MODIFY(p, v, MODEL_EXCHANGE, MODEL_ACQ_REL,                                \
	             "exchange_acq_rel(" #p ", " #v ")")
#define exchange_seq_cst(p, v)                                                           \
	MODEL_MODIFY(p, v, MODEL_EXCHANGE, MODEL_SEQ_CST,                                \
	             "exchange_seq_cst(" #p ", " #v ")")
#define cas_acq_rel(p, e, v)                                                             \
	MODEL_CAS(p, e, v, MODEL_ACQ_REL, "cas_acq_rel(" #p ", " #e ", " #v ")")
#define cas_seq_cst(p, e, v)                                                             \
	MODEL_CAS(p, e, v, MODEL_SEQ_CST, "cas_seq_cst(" #p ", " #e ", " #v ")")

/* The part of the library that is in threadlet/fork.h. */
#define TL_FORK_LOAD_(p) load_relaxed(p)
#define TL_FORK_STORE_(p, v) store_relaxed(p, v)

/* Not in the library: for mutants. */
#define exchange_relaxed(p, v)                                                           \
	MODEL_MODIFY(p, v, MODEL_EXCHANGE, MODEL_RELAXED,                                \
	             "exchange_relaxed(" #p ", " #v ")")
#define cas_relaxed(p, e, v)                                                             \
	MODEL_CAS(p, e, v, MODEL_RELAXED, "cas_relaxed(" #p ", " #e ", " #v ")")

#define fetch_add_acq_rel(p, v)                                                          \
	MODEL_MODIFY(p, v, MODEL_ADD, MODEL_ACQ_REL, "fetch_add_acq_rel(" #p ", " #v ")")
#define fetch_sub_acq_rel(p, v)                                                          \
	MODEL_MODIFY(p, v, MODEL_SUB, MODEL_ACQ_REL, "fetch_sub_acq_rel(" #p ", " #v ")")
#define fetch_and_acq_rel(p, v)                                                          \
	MODEL_MODIFY(p, v, MODEL_AND, MODEL_ACQ_REL, "fetch_and_acq_rel(" #p ", " #v ")")
#define fetch_or_acq_rel(p, v)                                                           \
	MODEL_MODIFY(p, v, MODEL_OR, MODEL_ACQ_REL, "fetch_or_acq_rel(" #p ", " #v ")")
#define fetch_add_seq_cst(p, v)                                                          \
	MODEL_MODIFY(p, v, MODEL_ADD, MODEL_SEQ_CST, "fetch_add_seq_cst(" #p ", " #v ")")
#define fetch_sub_seq_cst(p, v)                                                          \
	MODEL_MODIFY(p, v, MODEL_SUB, MODEL_SEQ_CST, "fetch_sub_seq_cst(" #p ", " #v ")")
#define fetch_or_seq_cst(p, v)                                                           \
	MODEL_MODIFY(p, v, MODEL_OR, MODEL_SEQ_CST, "fetch_or_seq_cst(" #p ", " #v ")")
#define fetch_and_seq_cst(p, v)                                                          \
	MODEL_MODIFY(p, v, MODEL_AND, MODEL_SEQ_CST, "fetch_and_seq_cst(" #p ", " #v ")")

/* Relaxed counters of 64 bits are statistics; those of 32 bits are reference counts. */
#define MODEL_COUNT(p, v, change, text)                                                  \
	(sizeof *(p) == 8 ? (model_statistic((uint64_t *)(void *)(p),                    \
	                                     change == MODEL_ADD ? (uint64_t)(v)         \
	                                                         : -(uint64_t)(v)),      \
	                     (MODEL_TYPE(p))0)                                           \
	                  : MODEL_MODIFY(p, v, change, MODEL_RELAXED, text))
#define fetch_add_relaxed(p, v)                                                          \
	MODEL_COUNT(p, v, MODEL_ADD, "fetch_add_relaxed(" #p ", " #v ")")
#define fetch_sub_relaxed(p, v)                                                          \
	MODEL_COUNT(p, v, MODEL_SUB, "fetch_sub_relaxed(" #p ", " #v ")")
#define count_up(p, n) model_statistic((p), (uint64_t)(n))
#define cpu_relax() model_relax()

/* ---- futex, clock --------------------------------------------------------------- */

#define futex_wait(word, expected, deadline)                                             \
	model_futex_wait(word, expected, deadline,                                       \
	                 "futex_wait(" #word ", " #expected ")", __func__)
#define futex_wake(word, count)                                                          \
	model_futex_wake(word, count, "futex_wake(" #word ", " #count ")", __func__)

#define clock_now() model_clock()
#define deadline_after(duration) model_deadline(duration)

static inline int64_t model_deadline(int64_t duration)
{
	int64_t now = model_clock();
	return duration > INT64_MAX - now ? INT64_MAX : now + duration;
}

/* ---- threads, memory ------------------------------------------------------------ */

#define thread_begin(name) ((void)(name))
#define signals_hold(callers) ((void)(callers))
#define signals_let_go(callers) ((void)(callers))
#define thread_wakes_in_time() ((void)0)

static inline void thread_stack(uintptr_t *lowest, size_t *size)
{
	*lowest = 0;
	*size = SIZE_MAX;
}

static inline int thread_start(pthread_t *handle, size_t stack_size,
                               void *(*function)(void *), void *argument)
{
	(void)stack_size;
	unsigned long number = model_thread_start(function, argument);
	if (handle && number)
		*handle = (pthread_t)number;
	return number ? 0 : -EAGAIN;
}

/* Nobody has used any CPU, and whoever is in a task sleeps: a model of evidence has tasks
 * that do, or doesn't mind. */
#define EVIDENCE_TICK 1
#define thread_number() 0
#define thread_cpu_time(thread) ((void)(thread), INT64_C(0))
#define thread_sleeps(number) ((void)(number), true)

static inline void *model_map(size_t size)
{
	void *block = model_allocate(64, size);
	memset(block, 0, size);
	return block;
}

#define pthread_join(thread, result) model_thread_join((unsigned long)(thread))
#define malloc(size) model_allocate(16, size)
#define aligned_alloc(alignment, size) model_allocate(alignment, size)
#define free(block) model_free(block)
#define mmap(at, size, protection, flags, file, offset) model_map(size)
#define munmap(block, size) model_free(block)

#include "base.h"

/* ---- local ---------------------------------------------------------------------- */

struct worker;
struct magazine;

struct frame {
	tl_task *task;
	struct frame *below;
	int error;
};

struct note {
	tl_future *future;
	const tl_group *group;
	const struct frame *frames;
	struct worker *worker;
	unsigned branches;
	struct note *next, *todo;
	uint32_t search;
};

struct visit {
	const tl_executor *executor;
	struct visit *below;
};

struct local {
	struct worker *worker;
	struct frame *frame;
	struct visit *visit;
	struct magazine *loaded, *reserve;
	uintptr_t submitted, step;
	tl_callback *firing, *put_off;
	unsigned branches;
	struct note note;
	uintptr_t stack;
	size_t stack_reserve;
	bool fires;
	bool registered; /* something is to be done when this thread ends: m_cell.c */
};

_Static_assert(sizeof(struct local) <= LOCAL_BYTES, "explore.h has a copy of this");
#define self (*(struct local *)model_local)

#endif
