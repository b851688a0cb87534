/* SPDX-License-Identifier: MIT */
/*
 * What the library and the models call: each of these is a step that the explorer
 * orders, remembers and, when something fails, prints. `text` is the source of the
 * call and `where` its function, so that a trace reads like the code.
 */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_order {
	MODEL_RELAXED,
	MODEL_ACQUIRE,
	MODEL_RELEASE,
	MODEL_ACQ_REL,
	MODEL_SEQ_CST
};
enum model_change { MODEL_EXCHANGE, MODEL_ADD, MODEL_SUB, MODEL_OR, MODEL_AND };

/* ---- Atomic accesses of 4 or 8 bytes -------------------------------------------- */

uint64_t model_load(const void *word, size_t size, enum model_order order,
                    const char *text, const char *where);
void model_store(void *word, size_t size, uint64_t value, enum model_order order,
                 const char *text, const char *where);
uint64_t model_modify(void *word, size_t size, enum model_change change, uint64_t operand,
                      enum model_order order, const char *text, const char *where);
bool model_cas(void *word, size_t size, void *expected, uint64_t value,
               enum model_order order, const char *text, const char *where);

/* A statistic of 8 bytes that decides nothing: added to, never a step. */
void model_statistic(uint64_t *counter, uint64_t n);

/* ---- The system ----------------------------------------------------------------- */

int model_futex_wait(const uint32_t *word, uint32_t expected, int64_t deadline,
                     const char *text, const char *where);
void model_futex_wake(const uint32_t *word, int count, const char *text,
                      const char *where);
int64_t model_clock(void);
void model_relax(void);

/* The number of the new thread, or 0 when none could be started. */
unsigned long model_thread_start(void *(*function)(void *), void *argument);
void model_thread_join(unsigned long number);

void *model_allocate(size_t alignment, size_t size);
void model_free(void *block);
bool model_is_freed(const void *block);

/* The running thread's own memory, LOCAL_BYTES of zeros when it starts. */
#define LOCAL_BYTES 192
extern void *model_local;

/* ---- For models ----------------------------------------------------------------- */

/* One of n ways to go on; all are explored. */
unsigned model_choose(unsigned n);

_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define model_assert(condition)                                                          \
	((condition)                                                                     \
	         ? (void)0                                                               \
	         : model_fail("%s:%d: `%s' is false", __FILE__, __LINE__, #condition))

struct model {
	const char *name;
	const char *property;     /* what it shows, in a few words */
	void (*setup)(void);      /* alone, before the threads */
	void (*threads[6])(void); /* at the same time */
	void (*check)(void);      /* alone, after them */
	bool daemons;             /* threads of the library may be asleep at the end */
	unsigned bound;           /* preemptions and delayed stores, by default */
	unsigned timeouts;        /* how many waits may time out at any moment */
	unsigned spurious;        /* how many may end for no reason */
	unsigned failures;        /* how many thread starts may fail */
	bool fails;               /* a planted bug: the explorer must find it in TSO... */
	bool fails_in_order;      /* ... in sequentially consistent memory... */
	bool fails_watched;       /* ... and here when plain accesses are watched */
};

/* Ends with an entry of zeros. Each program has its own. */
extern const struct model models[];

#endif
