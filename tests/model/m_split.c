/* SPDX-License-Identifier: MIT */
/*
 * The deque of forks: its owner against thieves, who ask, take and call; joins of what
 * was taken.
 *
 * Asserted: each branch is called once, before its join returns, and its frame is not
 * touched after that; while somebody sleeps, a deque has an offer or is asked.
 */
#include "still.h"

static tl_executor *pool;
static tl_task *root;
static unsigned called[4];

static void *count(tl_forks *at, void *argument)
{
	(void)at;
	++*(unsigned *)argument;
	return argument;
}

static void *count_two(tl_forks *at, void *argument)
{
	tl_branch inner;
	unsigned *counters = argument;
	tl_fork(&at, &inner, count, &counters[1]);
	count(at, counters);
	model_assert(tl_join(&at, &inner) == &counters[1]);
	return argument;
}

/* ---- Without threads of the pool: an owner, and thieves that steal once or twice ---- */

/* And one more that sleeps all the time: nobody has to wake it, but it wants work. */
static void workers_asleep(unsigned n)
{
	pool = still_pool(n + 1);
	pool->idle[0] = (UINT64_C(2) << n) - 2;
	root = model_allocate(64, sizeof *root);
	tl_task_init(root, NULL, NULL);
}

static void one_asleep(void)
{
	workers_asleep(2);
}

static void two_asleep(void)
{
	workers_asleep(3);
}

/* Nobody has asked yet. */
static void not_asked(void)
{
	workers_asleep(2);
	struct split *split = forks_of(pool->workers[0]);
	split->deque.limit_ = (uintptr_t)split_end(split);
}

static tl_forks *begin(struct frame *frame)
{
	play(pool, 0);
	frame->task = root;
	self.frame = frame;
	return tl_run_begin_();
}

static void forks_two(void)
{
	struct frame frame = { 0 };
	tl_forks *at = begin(&frame);
	tl_branch a, b;
	tl_fork(&at, &a, count, &called[0]);
	tl_fork(&at, &b, count, &called[1]);
	model_assert(tl_join(&at, &b) == &called[1] && called[1] == 1);
	model_assert(tl_join(&at, &a) == &called[0] && called[0] == 1);
	tl_run_end_(at);
}

/* The same slot and the same frame again: what a late thief sees is another branch. */
static void forks_in_turn(void)
{
	struct frame frame = { 0 };
	tl_forks *at = begin(&frame);
	tl_branch *branch = model_allocate(64, sizeof *branch);
	for (unsigned i = 0; i < 2; i++) {
		tl_fork(&at, branch, count, &called[i]);
		model_assert(tl_join(&at, branch) == &called[i] && called[i] == 1);
	}
	model_free(branch);
	tl_run_end_(at);
}

static void forks_and_frees(void)
{
	struct frame frame = { 0 };
	tl_forks *at = begin(&frame);
	tl_branch *branch = model_allocate(64, sizeof *branch);
	tl_fork(&at, branch, count_two, called);
	model_assert(tl_join(&at, branch) == called && called[0] == 1 && called[1] == 1);
	model_free(branch);
	tl_run_end_(at);
}

/* More than there is room for. */
static void forks_many(void)
{
	struct frame frame = { 0 };
	tl_forks *at = begin(&frame);
	tl_branch branch[4];
	for (unsigned i = 0; i < 4; i++)
		tl_fork(&at, &branch[i], count, &called[i]);
	for (unsigned i = 4; i-- > 0;)
		model_assert(tl_join(&at, &branch[i]) == &called[i] && called[i] == 1);
	tl_run_end_(at);
}

static void steals(unsigned index, unsigned times)
{
	struct worker *worker = play(pool, index);
	while (times-- > 0) {
		forks_ask(pool);
		if (forks_find(worker))
			forks_call_found(worker);
	}
}

static void thief(void)
{
	steals(1, 1);
}

static void thief_of_two(void)
{
	steals(1, 2);
}

static void other_thief(void)
{
	steals(2, 1);
}

static void two_called(void)
{
	struct split *split = pool->workers[0]->forks;
	model_assert(called[0] == 1 && called[1] == 1);
	model_assert(!split->offered && !split->slots[0].word_ && !split->slots[1].word_);
	/* Without an offer it is asked: there was one all the time who wants work. */
	model_assert(!split->deque.limit_);
}

static void four_called(void)
{
	two_called();
	model_assert(called[2] == 1 && called[3] == 1);
}

/* Worker 0 waits in a join while the thief offers two more: it is woken, takes one, and has
 * to see to it that the one who sleeps comes for the other. */
static uint32_t offered_two, looked;

static void wait_for(uint32_t *word)
{
	while (!load_acquire(word))
		futex_wait(word, 0, TL_FOREVER);
}

static void let_go(uint32_t *word)
{
	store_release(word, 1u);
	futex_wake(word, 1);
}

static void *looks_at_rest(tl_forks *at, void *argument)
{
	struct split *split = pool->workers[1]->forks;
	if (self.worker->index == 0) {
		wait_for(&offered_two);
		bool asleep = (pool->idle[0] >> 2 & 1) && !pool->role;
		for (unsigned i = 0; i < FORKS_MOST; i++)
			model_assert(!asleep ||
			             mark_of(split->slots[i].word_) != OFFERED);
		let_go(&looked);
	}
	return count(at, argument);
}

static void *offers_two(tl_forks *at, void *argument)
{
	tl_branch a, b;
	if (self.worker->index == 0)
		return argument;
	exchange_seq_cst(&pool->idle[0], UINT64_C(0));
	tl_fork(&at, &a, looks_at_rest, &called[0]);
	tl_fork(&at, &b, looks_at_rest, &called[1]);
	exchange_seq_cst(&pool->role, 0u); /* the last one falls asleep only now */
	exchange_seq_cst(&pool->idle[0], UINT64_C(4));
	forks_offer_all(self.worker);
	let_go(&offered_two);
	if (mark_of(split_of(at)->slots[1].word_) == TAKEN)
		wait_for(&looked);
	tl_join(&at, &b);
	tl_join(&at, &a);
	return argument;
}

static void joins_beside_sleeper(void)
{
	struct frame frame = { 0 };
	tl_forks *at = begin(&frame);
	tl_branch branch;
	tl_fork(&at, &branch, offers_two, NULL);
	tl_join(&at, &branch);
	tl_run_end_(at);
}

#define MODEL(title, text, where, most, outs, end, ...)                                  \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most,                 \
		.daemons = true, .timeouts = outs                                        \
	}

const struct model models[] = {
	MODEL("split", "owner and two thieves", two_asleep, 3, 0, two_called, forks_two,
	      thief, other_thief),
	MODEL("split-one", "owner and a thief of two", one_asleep, 4, 0, two_called,
	      forks_two, thief_of_two),
	MODEL("split-ask", "asked beside the forks", not_asked, 4, 0, two_called,
	      forks_two, thief_of_two),
	MODEL("split-again", "slot and frame are used again", one_asleep, 4, 0,
	      two_called, forks_in_turn, thief_of_two),
	MODEL("split-frees", "the frame is gone after the join", two_asleep, 3, 0,
	      two_called, forks_and_frees, thief, other_thief),
	MODEL("split-full", "forks beyond the end", one_asleep, 3, 0, four_called,
	      forks_many, thief_of_two),
	MODEL("split-pass", "a joiner wakes the next", one_asleep, 3, 0, NULL,
	      joins_beside_sleeper, thief),
	{ 0 },
};
