/* SPDX-License-Identifier: MIT */
/* layer 2: split · the deque of forked branches · no threads, no calls */
/*
 * A stack of branches, of which the lower part is offered to thieves. The owner's end is
 * in include/threadlet/fork.h: while nobody asks for work, a fork stores the branch into
 * its slot and a join puts NULL there, without any atomic operation. As in the other
 * queues the slot is the claim, and indexes only say where to look:
 *
 *   word     written by      meaning
 *   limit    owner, askers   0: somebody asks for work, so the next fork goes to forks.c;
 *                            else the address of the last slot, which is never used
 *   offered  owner           no offer at this index or above it
 *   slot     owner           NULL, from the owner's end on
 *            owner           KEPT: a branch that only the owner may take
 *            owner           OFFERED: the branch is whoever's puts something else there
 *            thief           TAKEN, with the thief's number, until it is joined
 *            owner           REGION: the branches above belong to this task
 *
 * An offer is withdrawn only by winning its slot, so a thief that comes with an old index
 * finds an offer that is rightly his, or none: KEPT is never taken by him. A branch lies
 * in its owner's frame, so nobody looks into it before he has won it.
 */
#ifndef TL_SPLIT_H
#define TL_SPLIT_H

#include <threadlet/fork.h>

#include "atomic.h"
#include "base.h"
#include "tune.h"

struct worker;

enum mark { KEPT, OFFERED, TAKEN, REGION, MARKS = 3 };

/* Of a branch; 0, as the header knows, is the owner's to call. */
enum { CALL_IT, OUT, OUT_AWAITED, CALLED };

struct split {
	struct tl_deque_ deque; /* its limit */
	struct worker *owner;
	uint64_t offered;
	ON_OWN_LINE tl_forks slots[FORKS_MOST];
} __attribute__((aligned(TL_DEQUE_SIZE_)));

_Static_assert(sizeof(struct split) == TL_DEQUE_SIZE_,
               "the header finds it by its address");

static inline struct split *split_of(tl_forks *at)
{
	return (struct split *)((uintptr_t)at & ~(uintptr_t)(TL_DEQUE_SIZE_ - 1));
}

/* The last slot stays NULL: a fork that comes here is not in the deque. */
static inline tl_forks *split_end(struct split *split)
{
	return &split->slots[FORKS_MOST - 1];
}

static inline enum mark mark_of(uintptr_t word)
{
	return (enum mark)(word & MARKS);
}

/* Anyone: have the next fork go to forks.c. */
static inline void split_ask(struct split *split)
{
	if (load_seq_cst(&split->deque.limit_))
		exchange_seq_cst(&split->deque.limit_, (uintptr_t)0);
}

/* Owner: where the offers end. */
static inline tl_forks *split_offers_end(struct split *split)
{
	return &split->slots[load_relaxed(&split->offered)];
}

/* Owner: the first free slot. */
static inline tl_forks *split_head(struct split *split)
{
	tl_forks *at = split_offers_end(split);
	while (at < split_end(split) && load_relaxed(&at->word_))
		at++;
	return at;
}

/* Owner: in whose task the branches from this slot on are forked. */
static inline tl_task *split_task(struct split *split, tl_forks *at)
{
	while (at-- > split->slots) {
		uintptr_t word = load_relaxed(&at->word_);
		if (mark_of(word) == REGION)
			return (tl_task *)(word & ~(uintptr_t)MARKS);
	}
	return NULL;
}

/* Owner: offer what lies above the offers, up to the slot `to`, at least one branch; true
 * if there was one. Full edge: seq_cst exchange of `offered`. */
static inline bool split_offer(struct split *split, tl_forks *to, tl_forks *head)
{
	tl_forks *at = split_offers_end(split);
	tl_task *task = split_task(split, at);
	bool any = false;
	for (; at < to || (!any && at < head); at++) {
		uintptr_t word = load_relaxed(&at->word_);
		if (mark_of(word) == REGION) {
			task = (tl_task *)(word & ~(uintptr_t)MARKS);
			continue;
		}
		struct tl_branch_ *branch = (struct tl_branch_ *)word;
		branch->task_ = task;
		store_relaxed(&branch->state_, (uint32_t)OUT);
		store_release(&at->word_, word | OFFERED);
		any = true;
	}
	if (any)
		exchange_seq_cst(&split->offered, (uint64_t)(at - split->slots));
	return any;
}

/* Owner: the slot has been joined, or its region is over. */
static inline void split_shrink(struct split *split, tl_forks *at)
{
	store_relaxed(&at->word_, (uintptr_t)0);
	if (at < split_offers_end(split))
		store_relaxed(&split->offered, (uint64_t)(at - split->slots));
}

/* Owner: take an offered branch back, unless a thief has it. */
static inline bool split_withdraw(struct split *split, tl_forks *at,
                                  struct tl_branch_ *branch)
{
	uintptr_t offer = (uintptr_t)branch | OFFERED;
	if (!cas_seq_cst(&at->word_, &offer, (uintptr_t)0))
		return false;
	split_shrink(split, at);
	return true;
}

/* Owner: what is forked from this slot on is forked in that task. Returns the slot of the
 * first fork: the last one, where nothing is in the deque, when there is no room. */
static inline tl_forks *split_open(struct split *split, tl_forks *at, tl_task *task)
{
	if (at + 1 >= split_end(split))
		return split_end(split);
	store_relaxed(&at->word_, (uintptr_t)task | REGION);
	return at + 1;
}

static inline void split_close(struct split *split, tl_forks *at)
{
	if (at != split_end(split))
		split_shrink(split, at - 1);
}

/* Anyone: is there an offer? Finds every offer whose edge came before the caller's. */
static inline bool split_has_offer(struct split *split)
{
	uint64_t offered = load_seq_cst(&split->offered);
	for (uint64_t i = 0; i < offered; i++)
		if (mark_of(load_seq_cst(&split->slots[i].word_)) == OFFERED)
			return true;
	return false;
}

/* Anyone: the oldest offer, or NULL. With an old look it may be a younger one. */
static inline struct tl_branch_ *split_take(struct split *split, unsigned thief)
{
	uint64_t offered = load_relaxed(&split->offered);
	for (uint64_t i = 0; i < offered; i++) {
		uintptr_t *slot = &split->slots[i].word_, word = load_relaxed(slot);
		if (mark_of(word) == OFFERED &&
		    cas_seq_cst(slot, &word, (uintptr_t)thief << 2 | TAKEN))
			return (struct tl_branch_ *)(word & ~(uintptr_t)MARKS);
	}
	return NULL;
}

#endif
