/* SPDX-License-Identifier: MIT */
/*
 * The deque of forks: its owner against thieves, who ask, take and call; joins of what
 * was taken; and whole pools, in which a fork has to wake who sleeps.
 *
 * Asserted: each branch is called once, before its join returns, and its frame is not
 * touched after that; a branch that needs another thread gets one, so nobody who sleeps
 * is forgotten.
 */
#include "still.h"

static tl_executor *pool;
static tl_task *root;
static tl_future met;
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

/* ---- Whole pools: the branch must run beside its forker ------------------------------- */

static void *arrive(tl_forks *at, void *argument)
{
	tl_future_set(&met, NULL);
	return count(at, argument);
}

static void *meet(void *argument)
{
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, arrive, &called[1]);
	tl_future_wait(&met, TL_FOREVER);
	model_assert(tl_join(&at, &branch) == &called[1]);
	tl_run_end_(at);
	return count(NULL, argument);
}

/* The branch is taken, and forks one that must run beside it: in the join of the first. */
static void *meet_inside(tl_forks *at, void *argument)
{
	tl_branch branch;
	tl_fork(&at, &branch, arrive, &called[2]);
	tl_future_wait(&met, TL_FOREVER);
	model_assert(tl_join(&at, &branch) == &called[2]);
	return count(at, argument);
}

static void *meet_in_join(void *argument)
{
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, meet_inside, &called[1]);
	model_assert(tl_join(&at, &branch) == &called[1]);
	tl_run_end_(at);
	return count(NULL, argument);
}

/* In a pool of two: if the other worker sleeps and nobody is about to wake it, then there is no
 * offer, and the next fork will make one. */
static void nobody_forgotten(void)
{
	struct split *split = self.worker->forks;
	struct worker *other = pool->workers[!self.worker->index];
	bool asleep = other && other->parker == PARKED &&
	              (pool->idle[0] >> other->index & 1) && !pool->role;
	model_assert(!asleep || !split->deque.limit_);
	for (unsigned i = 0; i < FORKS_MOST; i++)
		model_assert(!asleep || mark_of(split->slots[i].word_) != OFFERED);
}

static void *forks_one(void *argument)
{
	tl_forks *at = tl_run_begin_();
	tl_branch branch;
	tl_fork(&at, &branch, count, &called[1]);
	nobody_forgotten();
	count(at, argument);
	model_assert(tl_join(&at, &branch) == &called[1]);
	nobody_forgotten();
	tl_run_end_(at);
	return argument;
}

static void *count_task(void *argument)
{
	return count(NULL, argument);
}

static void two_threads(void)
{
	tl_options options = { .spin = TL_NONE };
	pool = tl_fixed_pool_create(2, &options);
	model_assert(pool);
}

static void two_searching(void)
{
	tl_options options = { .spin = 1 };
	pool = tl_fixed_pool_create(2, &options);
	model_assert(pool);
}

static void one_that_grows(void)
{
	tl_options options = { .max_workers = 2, .spin = TL_NONE };
	pool = tl_adaptive_pool_create(&options);
	model_assert(pool);
}

static void two_that_retire(void)
{
	one_that_grows();
	model_assert(pool_reserve_thread(pool));
	store_relaxed(&pool->coming, 0u);
	model_assert(pool_start_thread(pool, true) == 0);
}

static void runs(tl_function *function, unsigned *counter)
{
	tl_task *task = new_task(function, counter);
	model_assert(tl_submit_task(pool, task) == 0);
	finish_task(task);
}

static void meets(void)
{
	runs(meet, &called[0]);
}

static void meets_in_join(void)
{
	runs(meet_in_join, &called[0]);
}

static void forks(void)
{
	runs(forks_one, &called[0]);
}

static void forks_again(void)
{
	forks();
	called[0] = called[1] = 0;
	forks();
}

static void other_task(void)
{
	runs(count_task, &called[3]);
}

static void have_met(void)
{
	model_assert(called[0] == 1 && called[1] == 1);
	model_assert(!pool->joiners[0] && !pool_has_work(pool));
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
	MODEL("fork-park", "forked beside one that parks", two_threads, 2, 0, have_met,
	      meets),
	MODEL("fork-search", "beside one that searches", two_searching, 2, 0, have_met,
	      meets),
	MODEL("fork-busy", "beside one that is busy first", two_threads, 1, 0, have_met,
	      meets, other_task),
	MODEL("fork-join", "a join runs other forks", two_threads, 2, 0, have_met,
	      meets_in_join),
	MODEL("fork-pool", "a fork in a pool of two", two_threads, 1, 0, have_met, forks,
	      other_task),
	MODEL("fork-asked", "who sleeps is woken or has asked", two_threads, 2, 0,
	      have_met, forks),
	MODEL("fork-asked-again", "in two regions", two_searching, 1, 0, have_met,
	      forks_again),
	MODEL("fork-grows", "a pool grows for a fork", one_that_grows, 2, 0, have_met,
	      meets),
	MODEL("fork-retires", "beside one that retires", two_that_retire, 1, 1, have_met,
	      meets),
	{ 0 },
};
