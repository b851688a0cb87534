/* SPDX-License-Identifier: MIT */
/* A dozer and who ends what it waits for: it sees the end, or is roused; also where another
 * waiter has said before that somebody waits. */
#define WITH_DOZERS
#include "ground.h"

#define TL_THREAD_H
#ifndef __sigset_t_defined /* GenMC knows no signals */
typedef int sigset_t;
#endif
#define signals_hold(callers) ((void)(callers))
#define signals_let_go(callers) ((void)(callers))

#include "doze.c"

enum { WAITED = 1, OVER = 2 };

static uint32_t *word, roused;

static void dozer_rouse(struct worker *worker)
{
	(void)worker;
	store_relaxed(&roused, 1u);
}

static void *waits(void *unused)
{
	struct dozer *dozer = malloc(sizeof *dozer);
	dozer->word = word;
	dozer->worker = NULL;
	doze_begin(dozer);
	uint32_t seen = load_acquire(word);
	do {
		if (seen & OVER)
			break;
	} while (!cas_acq_rel(word, &seen, seen | WAITED));
	if (!(seen & OVER)) {
		__VERIFIER_loop_begin();
		__VERIFIER_spin_start();
		__VERIFIER_spin_end(load_relaxed(&roused));
	}
	doze_end(dozer);
	return unused;
}

static void *ends(void *unused)
{
	uint32_t seen = load_acquire(word);
	while (!cas_acq_rel(word, &seen, seen | OVER))
		;
	if (seen & WAITED)
		word_wake(word, 1);
	return unused;
}

static void waited(uint32_t already)
{
	word = malloc(sizeof *word);
	*word = already;
	sleep_words[0].word = process_lock_futex(&dozers_of(word)->lock);
	sleep_words[0].half = true;
	BESIDE(waits, ends);
}

int doze_first(void)
{
	waited(0);
	return 0;
}

int doze_beside(void)
{
	waited(WAITED);
	return 0;
}
