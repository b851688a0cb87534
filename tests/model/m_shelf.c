/* SPDX-License-Identifier: MIT */
/*
 * What a worker submits beyond its ring of two slots: it sets full rings aside and takes them
 * back, beside thieves, who take whole rings, one who takes the oldest task, a claimer, a
 * seeker, and a worker that looks before it sleeps.
 *
 * Asserted: each task that went in comes out exactly once; rings are neither lost nor in two
 * hands; whoever looks finds what was submitted before, or is told of it.
 */
#include "counted.h"

static tl_executor *pool;
static uintptr_t place;

/* ---- Single tasks, which nobody runs ----------------------------------------------- */

static void queue(struct worker *worker, unsigned i)
{
	task[i].future.word_ = QUEUED;
	in[i] = worker_push(worker, &task[i]);
	model_assert(in[i]);
}

static void queue_first(unsigned n)
{
	pool = still_pool(3);
	for (unsigned i = 0; i < n; i++)
		queue(pool->workers[0], i);
	place = task[1].place_;
}

static void five(void)
{
	queue_first(5);
	model_assert(pool->workers[0]->shelf.count == 2);
}

static void three(void)
{
	queue_first(3);
	model_assert(pool->workers[0]->shelf.count == 1);
}

static void two(void)
{
	queue_first(2);
}

/* In one ring on the shelf; the current one is empty. */
static void two_aside(void)
{
	three();
	took(worker_pop(pool->workers[0]));
	model_assert(pool->workers[0]->shelf.count == 1);
}

static void pops(unsigned n)
{
	struct worker *worker = play(pool, 0);
	while (n-- > 0)
		took(worker_pop(worker));
}

static void pops_three(void)
{
	pops(3);
}

static void pops_one(void)
{
	pops(1);
}

static void pops_two(void)
{
	pops(2);
}

static void pushes_two_and_pops_two(void)
{
	struct worker *worker = play(pool, 0);
	queue(worker, 4);
	queue(worker, 5);
	pops(2);
}

static void steals(unsigned index, unsigned n)
{
	struct worker *worker = play(pool, index);
	while (n-- > 0) {
		tl_task *found = worker_pop(worker);
		took(found ? found : worker_steal(worker));
	}
}

static void steals_two(void)
{
	steals(1, 2);
}

static void steals_one(void)
{
	steals(1, 1);
}

static void steals_too(void)
{
	steals(2, 1);
}

static void takes_oldest(void)
{
	play(pool, 2);
	took(worker_oldest(pool->workers[0]));
}

static void claims(void)
{
	if (pool_claim_at(pool, &task[1], place))
		took(&task[1]);
}

/* All rings but the current ones are free, once each. */
static void rings_are_there(void)
{
	unsigned arenas = 0, rings = 0;
	for (struct arena *arena = pool->rings.arenas; arena; arena = arena->next)
		arenas++;
	for (struct ring *ring = pool->rings.used; ring; ring = ring->older)
		rings++;
	for (struct ring *ring = pool->rings.clean; ring; ring = ring->older)
		rings++;
	model_assert(rings == arenas * ARENA_RINGS);
}

static void the_rest(void)
{
	tl_task *found;
	while ((found = overflow_take(&pool->inbox.list))) /* from a seeker */
		took(found);
	for (unsigned i = 0; i < 3; i++) {
		struct worker *worker = play(pool, i);
		while ((found = worker_pop(worker)))
			took(found);
		model_assert(!shelf_count(&worker->shelf) && !worker->shelf.newest &&
		             !worker->shelf.oldest);
	}
	conserved();
	rings_are_there();
}

/* ---- One who looks before it sleeps ------------------------------------------------ */

static bool looked;

/* W1, W3; then, if it has found nothing, it may be told. */
static void looks(void)
{
	struct worker *worker = play(pool, 2);
	worker_announce(worker);
	looked = pool_has_work(pool);
}

static bool is_told(void)
{
	return looked || pool->workers[2]->parker >= PLAIN;
}

static void finds(void)
{
	model_assert(is_told());
	the_rest();
}

/* ---- A task that is sought ------------------------------------------------------ */

static bool is_sought(tl_task *one, const void *by)
{
	return one == by;
}

static void seek_from(unsigned index, bool again)
{
	struct worker *worker = play(pool, index);
	struct sought sought = { .wanted = is_sought, .by = &task[1], .again = again };
	took(pool_seek(worker, &sought));
	took(pool_seek(worker, &sought));
}

static void owner_seeks(void)
{
	seek_from(0, false);
}

static void other_seeks(void)
{
	seek_from(2, true);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most                  \
	}

const struct model models[] = {
	MODEL("shelf-thieves", "owner and thieves of rings", five, 3, the_rest,
	      pops_three, steals_two, steals_too),
	MODEL("shelf-beyond", "owner beyond its ring", three, 3, the_rest,
	      pushes_two_and_pops_two, steals_two, claims),
	MODEL("shelf-oldest", "owner, thief, and one who takes a task", five, 3, the_rest,
	      pops_three, steals_two, takes_oldest),
	MODEL("shelf-claim", "a claimer in a ring that goes round", three, 3, the_rest,
	      pops_two, steals_two, claims),
	MODEL("shelf-look-aside", "setting aside hides nothing", two, 3, finds,
	      pushes_two_and_pops_two, looks),
	MODEL("shelf-look-back", "who takes a ring back tells of it", two_aside, 3, finds,
	      pops_one, looks),
	MODEL("shelf-look-stolen", "who steals a ring tells of it", two_aside, 3, finds,
	      steals_one, looks),
	MODEL("shelf-seek", "a seeker in its own rings", five, 3, the_rest, owner_seeks,
	      steals_two, claims),
	MODEL("shelf-seek-other", "a seeker in another one's", five, 3, the_rest,
	      pops_three, other_seeks, claims),
	{ 0 },
};
