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

#include <sys/mman.h>
#include <unistd.h>

static struct chunk *chunk_of(const tl_task *cell, size_t *page)
{
	uintptr_t address = (uintptr_t)cell, start = address & ~(CHUNK_SIZE - 1);
	*page = (address - start) / PAGE;
	return (struct chunk *)start;
}

/* Take all full magazines but a few, which others go on with meanwhile. */
static struct magazine *depot_take_most(size_t *cells)
{
	struct magazine **end = &depot.full;
	size_t kept = 0;
	for (size_t i = 0; i < TRIM_KEPT + depot.lacked && *end; i++, end = &(*end)->next)
		kept += (*end)->count;
	struct magazine *rest = *end;
	*end = NULL;
	*cells = depot.cells - kept;
	count_up(&depot.cells, -*cells);
	return rest;
}

/* Behind those, which are few: their cells are in the caches. */
static void depot_put_back(struct magazine *magazines, size_t cells)
{
	struct magazine **end = &depot.full;
	while (*end)
		end = &(*end)->next;
	*end = magazines;
	count_up(&depot.cells, cells);
}

/* The system rounds the end up to a whole page of its own: what of that is in use? */
static void pages_give_back(char *begin, char *end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	begin += -(uintptr_t)begin % page;
	end -= (uintptr_t)end % page;
	if (begin < end)
		madvise(begin, (size_t)(end - begin), MADV_DONTNEED);
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
	size_t cells;
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
	struct magazine *full = depot_take_most(&cells);
	struct chunk *chunks = depot.chunks;
	depot_unlock();
	int saved = errno; /* memory that is locked isn't given back */
	bool done = depot_give_back(full, chunks, interrupt);
	errno = saved;
	depot_lock();
	depot_put_back(full, cells);
	if (!done)
		store_relaxed(&depot.trimmed, before);
	depot.trimming = 0;
	depot_unlock();
	return done;
}
