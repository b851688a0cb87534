/* SPDX-License-Identifier: MIT */
/* layer 3: doze · waking by a word's address who sleeps on another word */
/*
 * A worker that waits for a word, but may be woken for work as well (meanwhile.c), sleeps
 * on its parker. It is a dozer of that word. Who changes a word for which threads wait
 * wakes those that sleep on it, and rouses the dozers; both are found by the address
 * alone, so the word's memory may be gone by then.
 *
 *   dozer   D1 is listed
 *           D2 says in the word that somebody waits, by a read-modify-write, also if that is
 *              said there already; or finds that it is over
 *   waker   E1 changes the word by a read-modify-write, and finds that somebody waits
 *           E2 looks into the list
 *
 * E1 comes before D2, which then finds that it is over; or after it: then E1 has read
 * what D2 wrote, or what was written after that, so E2 finds what D1 has done. A dozer is
 * roused under the lock that it needs for leaving the list: until then it is there. It may be
 * roused for nothing (an address that is used again), so it looks.
 */
#ifndef TL_DOZE_H
#define TL_DOZE_H

#include "lock.h"

struct dozer {
	const uint32_t *word;
	struct worker *worker;
	struct dozer *next;
};

/* D1; and off the list. */
static void doze_begin(struct dozer *dozer);
static void doze_end(struct dozer *dozer);

/* Wake so many who sleep on this word, and all its dozers. */
static void word_wake(const uint32_t *word, int count);

/* sleep.c: what this worker waits for may be over. */
static void dozer_rouse(struct worker *worker);

#endif
