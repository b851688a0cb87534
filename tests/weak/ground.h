/* SPDX-License-Identifier: MIT */
/*
 * The library's ground (layer 1) for GenMC, which interprets what clang makes of a
 * client, and explores all executions that a weak memory model allows. A client includes
 * this before anything of lib/, whose own ground files then find their guards defined;
 * atomic.h is the library's own.
 *
 * A sleep awaits a change of the wakes of its word: GenMC's liveness check reports it if
 * there will never be one. (It finds such loops by itself, too, but not in nested ones.) A wake wakes all that sleep on the word, so
 * some wakes here are spurious; none is missing. No time passes, no thread is started
 * but by the client, nobody forks.
 */
#ifndef WEAK_GROUND_H
#define WEAK_GROUND_H

#define TL_FUTEX_H
#define TL_CLOCK_H
#define TL_PROCESS_H
#define TL_LOCAL_H
#define TL_CELL_H
#define TL_TUNE_H

#include <assert.h>
#include <genmc.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#define __builtin_ia32_pause() ((void)0) /* GenMC doesn't know it */
#include "atomic.h"
#include "base.h"

/* GenMC's errno.h ends before these. */
#ifndef ECANCELED
#define ECANCELED 125
#define EOWNERDEAD 130
#endif

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wundefined-internal"

/* Not in the library: for mutants. */
#define exchange_relaxed(p, v) __atomic_exchange_n((p), (v), __ATOMIC_RELAXED)
#define exchange_release(p, v) __atomic_exchange_n((p), (v), __ATOMIC_RELEASE)
#define exchange_acquire(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQUIRE)
#define fetch_and_acq_rel(p, v) __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)
#define cas_relaxed(p, expected, v)                                                      \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELAXED,       \
	                            __ATOMIC_RELAXED)

#define cas_release(p, expected, v)                                                      \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELEASE,       \
	                            __ATOMIC_RELAXED)

/* ---- tune ----------------------------------------------------------------------- */

#define SHALLOW_BITS 1
#define DEEP_BITS 1
#define RING_SLOTS 2
#define RING_AHEAD 64
#define STEAL_MOST 2
#define LOOK_EVERY 0
#define LOOK_MOST 0
#define LOOK_SHARE 1
#define LOOK_STREAM 1
#define RANGE_FEW 1
#define HOLD_PAUSES 0
#define RANGE_MOST 2
#define OUTSIDE_EVERY 61
#define OLDEST_EVERY 16
#define RELIEVE_EVERY 16
#define RANGE_AHEAD 64
#define OVERFLOW_MOST 2
#define URGENT_MOST 16
#define CLOCK_EVERY 0
#define CLOCK_TASKS 1
#define TIMERS_MOST 1
#ifndef FORKS_MOST
#define FORKS_MOST 504
#endif
#define SPIN_PAUSES 0
#define LOCK_PAUSES 0
#define LOOK_LEAST 1
#define WAIT_SPIN 0
#define WAIT_LOOKS 0
#define NAP_FIRST 1
#define NAP_MOST 1
#define CHUNKS_MOST ((size_t)2)
#define TRIM_CELLS 4096
#define TRIM_KEPT 16

/* ---- process, clock, cells --------------------------------------------------------- */

#define process_number() UINT32_C(1)
#define process_is(number) ((void)(number), true)
#define process_leave_child(number) ((void)(number))
#define clock_now() INT64_C(0)
#define deadline_after(duration) (duration)

static inline tl_task *cell_new(void)
{
	return malloc(sizeof(tl_task));
}

static inline void cell_free(tl_task *cell)
{
	free(cell);
}

static inline bool cell_trim_may_come(void)
{
	return false;
}

static inline bool cell_trim(const uint32_t *interrupt)
{
	(void)interrupt;
	return true;
}

/* ---- local: GenMC has no thread-local structs --------------------------------------- */

struct worker;

struct frame {
	tl_task *task;
	struct frame *below;
	int error;
};

struct visit {
	const tl_executor *executor;
	struct visit *below;
};

struct local {
	struct worker *worker;
	struct frame *frame;
	struct visit *visit;
	tl_callback *firing, *put_off;
	bool fires;
};

static struct local locals[6];
#define self locals[pthread_self()]

/* ---- futex ------------------------------------------------------------------------ */

/* The words on which this client's threads may sleep: set up before they start. GenMC
 * wants all accesses to be of one size: `half` of a word that is otherwise used whole. */
static struct {
	const uint32_t *word;
	bool half;
	uint32_t wakes;
} sleep_words[3];

static inline unsigned sleeps_on(const uint32_t *word)
{
	unsigned i = 0;
	while (i < 3 && sleep_words[i].word != word)
		i++;
	return i;
}

/* A waker changes the word, then wakes: who has not seen the wake yet gets it, and who
 * has seen it sees the word. */
static inline int futex_wait(const uint32_t *word, uint32_t expected, int64_t deadline)
{
	unsigned i = sleeps_on(word);
	assert(i < 3 && deadline == TL_FOREVER);
	uint32_t before = load_acquire(&sleep_words[i].wakes);
	uint32_t seen =
		sleep_words[i].half
			? (uint32_t)load_relaxed((const uint64_t *)(const void *)word)
			: load_relaxed(word);
	if (seen != expected)
		return 0;
	__VERIFIER_loop_begin();
	__VERIFIER_spin_start();
	__VERIFIER_spin_end(load_acquire(&sleep_words[i].wakes) != before);
	return 0;
}

/* By address: the word may be gone. Who never sleeps needs no wakes. */
static inline void futex_wake(const uint32_t *word, int count)
{
	unsigned i = sleeps_on(word);
	(void)count;
	if (i < 3)
		fetch_add_acq_rel(&sleep_words[i].wakes, 1u);
}

/* ---- doze.h ------------------------------------------------------------------------ */

/* Nobody dozes here, but in the client of that. */
#ifndef WITH_DOZERS
#define TL_DOZE_H
static inline void word_wake(const uint32_t *word, int count)
{
	futex_wake(word, count);
}
#endif

/* ---- threads ---------------------------------------------------------------------- */

/* Run these at once; returns when all have ended. */
static inline void beside(unsigned n, void *(*const functions[])(void *))
{
	pthread_t threads[4];
	for (unsigned i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, functions[i], NULL);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

#define BESIDE(...)                                                                      \
	do {                                                                             \
		void *(*const functions[])(void *) = { __VA_ARGS__ };                    \
		beside(sizeof functions / sizeof *functions, functions);                 \
	} while (0)

#endif
