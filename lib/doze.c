/* SPDX-License-Identifier: MIT */
/* layer 3: doze · waking by a word's address who sleeps on another word */
#include "doze.h"

#include "atomic.h"
#include "futex.h"

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

/* In a child of a fork the parent's dozers are not there. */
static void dozers_lock(struct dozers *list)
{
	process_lock(&list->lock);
	if (UNLIKELY(!process_is(list->process))) {
		store_release(&list->first, (struct dozer *)NULL);
		list->process = process_number();
	}
}

static void doze_begin(struct dozer *dozer)
{
	struct dozers *list = dozers_of(dozer->word);
	dozers_lock(list);
	dozer->next = list->first;
	store_release(&list->first, dozer);
	process_unlock(&list->lock);
}

static void doze_end(struct dozer *dozer)
{
	struct dozers *list = dozers_of(dozer->word);
	dozers_lock(list);
	struct dozer **link = &list->first;
	while (*link && *link != dozer)
		link = &(*link)->next;
	if (*link)
		store_release(link, dozer->next);
	process_unlock(&list->lock);
}

static COLD void dozers_rouse(struct dozers *list, const uint32_t *word)
{
	dozers_lock(list);
	for (struct dozer *dozer = list->first; dozer; dozer = dozer->next)
		if (dozer->word == word)
			dozer_rouse(dozer->worker);
	process_unlock(&list->lock);
}

static void word_wake(const uint32_t *word, int count)
{
	struct dozers *list = dozers_of(word);
	futex_wake(word, count);
	if (UNLIKELY(load_acquire(&list->first) != NULL))
		dozers_rouse(list, word);
}
