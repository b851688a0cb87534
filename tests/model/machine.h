/* SPDX-License-Identifier: MIT */
/*
 * The machine on which a model runs: threads that take turns, memory, a queue of
 * sleepers at each word. Internal to the explorer; models see explore.h.
 *
 * The search (search.c) runs the model again and again, each time with other choices.
 * What two runs have in common is told by hashes of what happened before what:
 *
 *   a read   hash(thread) = mix(hash(thread), the write it sees)
 *   a write  the same, with the reads of the value that it replaces, too
 *
 * Two runs whose threads have the same hashes have done the same steps in the same
 * order, but for steps that don't depend on each other, so they are in the same state:
 * what follows is explored once.
 */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include "explore.h"

#define THREADS 8
#define BUFFER 8 /* stores that a thread may have on their way */

/* A word of 4 bytes, or the first half of one of 8. */
struct word {
	uint64_t written;      /* hash of the last write */
	uint64_t read;         /* sum of the hashes of the reads since */
	uint64_t queued;       /* hash of the last change of its sleepers */
	uint32_t run;          /* the run to which all that belongs */
	uint32_t freed;        /* the run in which its memory was freed */
	uint8_t reads, writes; /* which threads have done so, in any run */
	bool shared;           /* two threads meet here: a step */
};

enum thread_state { UNUSED, READY, ASLEEP, JOINING, ENDED };

struct store {
	void *address;
	size_t size;
	uint64_t value, hash;
	const char *text, *where;
};

struct thread {
	void *stack;
	enum thread_state state;
	uint64_t hash;    /* of all it has done */
	uint64_t flushed; /* of what has left its store buffer */
	void *(*function)(void *);
	void (*body)(void);
	void *argument;
	const uint32_t *sleeps_on;
	int64_t clock;    /* moves on with each look at it */
	int64_t patience; /* how long it sleeps; INT64_MAX: for ever */
	int result;       /* of its sleep */
	unsigned turn;    /* its place among the sleepers */
	unsigned joins;
	unsigned stores;
	struct store buffer[BUFFER];
	uint64_t local[LOCAL_BYTES / 8];
	int saved_errno;
	bool own;                 /* started by the library, not by the model */
	const char *text, *where; /* the step it stands before */
};

struct machine {
	const struct model *model;
	bool buffered; /* TSO, not SC */
	bool tracing;  /* replays one schedule and prints it */
	bool alone;    /* setup or check: nobody else runs */
	unsigned threads, current;
	unsigned turns;
	uint32_t run;
	unsigned steps; /* all operations of this run: the position in a replay */
	uint64_t seed;  /* hash of what setup has chosen */
	unsigned used;  /* preemptions and delayed stores so far */
	unsigned timeouts, spurious, failures; /* left */
	bool found_shared; /* a word turned out to be shared: begin again */
	struct thread thread[THREADS];
};

extern struct machine machine;

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 3))) *
	             UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 32;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 29;
}

static inline struct thread *current(void)
{
	return &machine.thread[machine.current];
}

/* ---- coroutine.c ----------------------------------------------------------------- */

void threads_reset(void);
unsigned thread_new(void (*body)(void), void *(*function)(void *), void *argument);
void thread_switch(unsigned to);
void thread_run_first(unsigned first); /* from the explorer; returns on leave */
_Noreturn void thread_leave(void);     /* from a thread: back to the explorer */

/* ---- memory.c -------------------------------------------------------------------- */

void memory_init(void);
void memory_reset(void);
void memory_forget(void);
void *stack_of(unsigned thread, size_t *size);
struct word *word_at(const void *address);
void memory_check(const void *address, const char *what);
const char *address_name(const void *address);

void store_flush(struct thread *thread);
void stores_drain(struct thread *thread);
bool store_find(const struct thread *thread, const void *address, uint64_t *value);

/* ---- access.c, system.c ---------------------------------------------------------- */

void word_share(struct word *word);
void sleeper_leaves(struct thread *thread, int result);

/* ---- choice.c: what comes next --------------------------------------------------- */

void step(void);                                 /* count an operation */
void point(const char *text, const char *where); /* before one that others may see */
void block(void);                                /* until another thread has gone on */
unsigned choose(unsigned n, unsigned cost);      /* other than 0 costs so much */
bool choose_delay(bool forced);

/* ---- search.c -------------------------------------------------------------------- */

enum outcome { FINISHED, KNOWN, FAILED };

struct result {
	uint64_t runs, steps, states;
	double seconds;
	bool complete;  /* at this bound */
	bool unbounded; /* and no larger bound shows more */
	bool failed;
};

/* All runs with at most `bound`, in at most so many seconds. */
void search(const struct model *model, bool buffered, unsigned bound, double seconds,
            struct result *result);
enum outcome run_once(void);

/* ---- trace.c --------------------------------------------------------------------- */

void trace(const char *text, const char *where, const void *address, const char *format,
           ...) __attribute__((format(printf, 4, 5)));
void show_failure(void);
bool replay(const struct model *model, const char *string);

#endif
