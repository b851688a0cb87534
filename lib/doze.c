/* SPDX-License-Identifier: MIT */
/* layer 3: doze · waking by a word's address who sleeps on another word */
#include "doze.h"

#include "atomic.h"
#include "futex.h"
#include "thread.h"

#define LISTS 16 /* a power of two */

static struct dozers {
	ON_OWN_LINE struct process_lock lock;
	uint32_t process; /* whose threads they are */
	struct dozer *first;
} dozers[LISTS];

static struct dozers *dozers_of(const uint32_t *word)
{
	return &dozers[(uintptr_t)word / LINE % LISTS];
}

/* In a child of a fork the parent's dozers are not there. Futures may be completed in signal
 * handlers. */
static void dozers_lock(struct dozers *list, sigset_t *callers)
{
	signals_hold(callers);
	process_lock(&list->lock);
	if (UNLIKELY(!process_is(list->process))) {
		store_release(&list->first, (struct dozer *)NULL);
		list->process = process_number();
	}
}

static void dozers_unlock(struct dozers *list, const sigset_t *callers)
{
	process_unlock(&list->lock);
	signals_let_go(callers);
}

static void doze_begin(struct dozer *dozer)
{
	struct dozers *list = dozers_of(dozer->word);
	sigset_t callers;
	dozers_lock(list, &callers);
	dozer->next = list->first;
	store_release(&list->first, dozer);
	dozers_unlock(list, &callers);
}

static void doze_end(struct dozer *dozer)
{
	struct dozers *list = dozers_of(dozer->word);
	sigset_t callers;
	dozers_lock(list, &callers);
	struct dozer **link = &list->first;
	while (*link && *link != dozer)
		link = &(*link)->next;
	if (*link)
		store_release(link, dozer->next);
	dozers_unlock(list, &callers);
}

static COLD void dozers_rouse(struct dozers *list, const uint32_t *word)
{
	sigset_t callers;
	dozers_lock(list, &callers);
	for (struct dozer *dozer = list->first; dozer; dozer = dozer->next)
		if (dozer->word == word)
			dozer_rouse(dozer->worker);
	dozers_unlock(list, &callers);
}

static void word_wake(const uint32_t *word, int count)
{
	struct dozers *list = dozers_of(word);
	futex_wake(word, count);
	if (UNLIKELY(load_acquire(&list->first) != NULL))
		dozers_rouse(list, word);
}
