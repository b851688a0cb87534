/* SPDX-License-Identifier: MIT */
/*
 * A thief that moves half of another worker's ring to its own, beside the owner, another
 * thief, a claimer, and a worker that looks before it sleeps.
 *
 * Asserted: each task that went in comes out exactly once; whoever looks finds what was
 * submitted before, or is told of it.
 */
#define RING_SLOTS 4
#include "counted.h"

static tl_executor *pool;

static void four(void)
{
	pool = still_pool(3);
	for (unsigned i = 0; i < 4; i++) {
		task[i].future.word_ = QUEUED;
		in[i] = worker_push(pool->workers[0], &task[i]);
	}
}

static void owner_pops_and_pushes(void)
{
	struct worker *worker = play(pool, 0);
	took(worker_pop(worker));
	task[4].future.word_ = QUEUED;
	in[4] = worker_push(worker, &task[4]);
	took(worker_pop(worker));
}

static void owner_pops_two(void)
{
	struct worker *worker = play(pool, 0);
	took(worker_pop(worker));
	took(worker_pop(worker));
}

static void steals(void)
{
	struct worker *worker = play(pool, 1);
	took(worker_steal(worker));
}

static void steals_too(void)
{
	struct worker *worker = play(pool, 2);
	took(worker_steal(worker));
}

static void claims(void)
{
	if (pool_claim(pool, &task[1]))
		took(&task[1]);
}

static bool looked;

static void looks(void)
{
	struct worker *worker = play(pool, 2);
	worker_announce(worker);
	looked = pool_has_work(pool);
}

static void the_rest(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct worker *worker = play(pool, i);
		tl_task *found;
		while ((found = worker_pop(worker)))
			took(found);
	}
	conserved();
}

static void finds(void)
{
	model_assert(looked || pool->workers[2]->parker >= PLAIN || !pool_has_work(pool));
	the_rest();
}

const struct model models[] = {
	{ "steal-half",
	  "owner, thief, claimer",
	  four,
	  { owner_pops_and_pushes, steals, claims },
	  the_rest,
	  .bound = 3 },
	{ "steal-two",
	  "two thieves, who steal from each other",
	  four,
	  { owner_pops_two, steals, steals_too },
	  the_rest,
	  .bound = 3 },
	{ "steal-look",
	  "a thief tells of what he has moved",
	  four,
	  { owner_pops_two, steals, looks },
	  finds,
	  .bound = 3 },
	{ 0 },
};
