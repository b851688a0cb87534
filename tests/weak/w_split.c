/* SPDX-License-Identifier: MIT */
/*
 * The deque of forks: its owner against thieves and askers. Who gets a branch reads what
 * the owner wrote into it, and the owner what the thief did: a second one to get it, or
 * one who comes before its contents, is a data race, or finds the wrong contents.
 */
#include "ground.h"

#define FORKS_MOST 4
#include "split.h"

#define BRANCHES 2

struct call {
	struct tl_branch_ base;
	long argument, result;
};

static struct split split;
static struct call calls[BRANCHES];

/* As in threadlet/fork.h, which finds the deque by its address. */
static void forks(unsigned i, long argument)
{
	calls[i].argument = argument;
	store_relaxed(&split.slots[i].word_, (uintptr_t)&calls[i]);
}

static void offers(unsigned n)
{
	split_offer(&split, &split.slots[n], &split.slots[n]);
}

static bool takes(void)
{
	struct call *call = (struct call *)split_take(&split, 1);
	if (!call)
		return false;
	call->result = call->argument + 1;
	exchange_acq_rel(&call->base.state_, (uint32_t)CALLED);
	return true;
}

static void joins(unsigned i, long argument)
{
	if (split_withdraw(&split, &split.slots[i], &calls[i].base)) {
		calls[i].result = calls[i].argument + 1;
	} else {
		__VERIFIER_loop_begin();
		__VERIFIER_spin_start();
		__VERIFIER_spin_end(load_acquire(&calls[i].base.state_) == CALLED);
		split_shrink(&split, &split.slots[i]);
	}
	assert(calls[i].result == argument + 1);
	calls[i].argument = 0; /* its frame is used for something else */
}

static void *steals(void *unused)
{
	takes();
	return unused;
}

static void *forks_two(void *unused)
{
	forks(0, 10);
	forks(1, 20);
	offers(2);
	joins(1, 20);
	joins(0, 10);
	return unused;
}

int split_two(void)
{
	BESIDE(forks_two, steals, steals);
	return 0;
}

/* Slot and frame are used again: a thief with an old look finds the new branch. */
static void *forks_in_turn(void *unused)
{
	forks(0, 10);
	offers(1);
	joins(0, 10);
	forks(0, 20);
	offers(1);
	joins(0, 20);
	return unused;
}

int split_again(void)
{
	BESIDE(forks_in_turn, steals, steals);
	return 0;
}

/* Who looks for work finds each offer whose edge came before: S1, W3. */
static uint32_t asleep;
static bool found, seen_asleep;

static void *offers_then_looks(void *unused)
{
	forks(0, 10);
	offers(1);
	seen_asleep = load_seq_cst(&asleep);
	return unused;
}

static void *sleeps_then_looks(void *unused)
{
	exchange_seq_cst(&asleep, 1u);
	found = split_has_offer(&split);
	return unused;
}

int split_edge(void)
{
	BESIDE(offers_then_looks, sleeps_then_looks);
	assert(seen_asleep || found);
	return 0;
}

/* Who stops being asked sees who slept before that, or is asked again: A1, F1, F2. */
static void *answers_then_looks(void *unused)
{
	exchange_seq_cst(&split.deque.limit_, (uintptr_t)1);
	seen_asleep = load_seq_cst(&asleep);
	return unused;
}

static void *sleeps_then_asks(void *unused)
{
	exchange_seq_cst(&asleep, 1u);
	split_ask(&split);
	return unused;
}

int split_asked(void)
{
	BESIDE(answers_then_looks, sleeps_then_asks);
	assert(seen_asleep || !split.deque.limit_);
	return 0;
}

/* Of those who win the last offers the later one sees no other, and asks: T1, T2. */
static void *steals_then_asks(void *unused)
{
	if (takes() && !split_has_offer(&split))
		split_ask(&split);
	return unused;
}

static void two_offered(void)
{
	forks(0, 10);
	forks(1, 20);
	offers(2);
	split.deque.limit_ = 1;
}

int split_last(void)
{
	two_offered();
	BESIDE(steals_then_asks, steals_then_asks);
	assert(split_has_offer(&split) || !split.deque.limit_);
	return 0;
}

/* So does an owner who takes one back: J1, J2. */
static void *withdraws_then_asks(void *unused)
{
	if (split_withdraw(&split, &split.slots[1], &calls[1].base) &&
	    mark_of(load_seq_cst(&split.slots[0].word_)) != OFFERED)
		split_ask(&split);
	return unused;
}

int split_back(void)
{
	two_offered();
	BESIDE(withdraws_then_asks, steals_then_asks);
	assert(split_has_offer(&split) || !split.deque.limit_);
	return 0;
}
