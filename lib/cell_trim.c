/* SPDX-License-Identifier: MIT */
/* layer 2: cell_trim · memory of free cells goes back to the kernel */
/*
 * Called when an executor has ended, or a worker has been idle for a while and retires, or
 * goes on sleeping: moments without hurry for them, but others may be busy. So the depot
 * isn't locked while pages are counted and given back (a million cells: 20 ms); these cells
 * are nobody else's meanwhile. A worker that goes on sleeping stops when a task comes for it,
 * and everybody when others have run out of cells.
 */
#include "cell.h"

#include "pages.h"

static struct chunk *chunk_of(const tl_task *cell, size_t *page)
{
	uintptr_t address = (uintptr_t)cell, start = address & ~(CHUNK_SIZE - 1);
	*page = (address - start) / PAGE;
	return (struct chunk *)start;
}

/* Magazines that have been taken out of the depot: all full ones but a few, with which others
 * go on meanwhile; or but half of them, if others have run out of cells so before. */
struct taken {
	struct magazine *first, *last;
	size_t cells;
};

static struct taken depot_take_most(void)
{
	struct magazine **end = &depot.full, *last = NULL;
	size_t kept = 0, most = TRIM_KEPT + depot.lacked;
	for (size_t i = 0; i < most && *end; i++) {
		if (i >= TRIM_KEPT && kept > depot.cells / 2)
			break;
		last = *end;
		kept += last->count;
		end = &last->next;
	}
	struct taken taken = { *end, depot.last, depot.cells - kept };
	*end = NULL;
	depot.last = last;
	count_up(&depot.cells, -taken.cells);
	return taken;
}

/* Behind a few of those that others go on with: their cells are in the caches. */
static void depot_put_back(struct taken taken)
{
	struct magazine **end = &depot.full;
	if (!taken.first)
		return;
	for (int i = 0; i < TRIM_KEPT && *end; i++)
		end = &(*end)->next;
	if (!*end)
		depot.last = taken.last;
	taken.last->next = *end;
	*end = taken.first;
	count_up(&depot.cells, taken.cells);
}

/* Pages of which all cells have been counted, as many at once as lie side by side. */
static void chunk_give_back(struct chunk *chunk)
{
	char *start = (char *)chunk;
	size_t page = FIRST_CELL_PAGE;
	while (page < CHUNK_PAGES) {
		size_t begin = page;
		while (page < CHUNK_PAGES && chunk->free[page] == CELLS_PER_PAGE)
			page++;
		if (page > begin)
			pages_give_back(start + begin * PAGE, start + page * PAGE);
		else
			page++;
	}
}

static bool cell_trim_is_due(void)
{
	size_t since = load_relaxed(&depot.returned) - load_relaxed(&depot.trimmed);
	return load_relaxed(&depot.cells) >= TRIM_CELLS && since >= TRIM_CELLS;
}

/* Is there much to give back, or may there be later, when what is in use is released? */
static bool cell_trim_may_come(void)
{
	size_t out = load_relaxed(&depot.made) - load_relaxed(&depot.cells);
	return out >= TRIM_CELLS || cell_trim_is_due();
}

static inline bool trim_ends(const uint32_t *interrupt)
{
	return load_relaxed(&depot.wanted) || (interrupt && load_relaxed(interrupt));
}

/* False: interrupted. */
static bool depot_give_back(struct magazine *full, struct chunk *chunks,
                            const uint32_t *interrupt)
{
	size_t page;
	for (struct chunk *c = chunks; c; c = c->next) {
		for (page = 0; page < CHUNK_PAGES; page++)
			c->free[page] = 0;
		if (trim_ends(interrupt))
			return false;
	}
	for (struct magazine *m = full; m; m = m->next) {
		for (size_t i = 0; i < m->count; i++)
			chunk_of(m->cells[i], &page)->free[page]++;
		if (trim_ends(interrupt))
			return false;
	}
	for (struct chunk *c = chunks; c; c = c->next) {
		chunk_give_back(c);
		if (trim_ends(interrupt))
			return false;
	}
	return true;
}

static COLD bool cell_trim(const uint32_t *interrupt)
{
	if (!cell_trim_is_due())
		return true;
	depot_lock();
	if (process_is(depot.trimming)) {
		depot_unlock();
		return true;
	}
	depot.trimming = process_number();
	store_relaxed(&depot.wanted, 0u);
	size_t before = depot.trimmed;
	store_relaxed(&depot.trimmed, depot.returned);
	struct taken taken = depot_take_most();
	struct chunk *chunks = depot.chunks;
	depot_unlock();
	int saved = errno; /* memory that is locked isn't given back */
	bool done = depot_give_back(taken.first, chunks, interrupt);
	errno = saved;
	depot_lock();
	depot_put_back(taken);
	if (!done)
		store_relaxed(&depot.trimmed, before);
	depot.trimming = 0;
	depot_unlock();
	return done;
}
