/* SPDX-License-Identifier: MIT */
/* layer 2: cell_trim · memory of free cells goes back to the kernel */
/*
 * Called when an executor has ended, or a worker has been idle for a while and retires, or
 * goes on sleeping: moments without hurry for them, but others may be busy. So the depot isn't locked while pages are counted and given back
 * (a million cells: 20 ms); these cells are nobody else's meanwhile.
 */
#include "cell.h"

#include <sys/mman.h>

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
	for (int i = 0; i < TRIM_KEPT && *end; i++, end = &(*end)->next)
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

/* Pages of which all cells have been counted, as many at once as lie side by side. */
static void chunk_give_back(struct chunk *chunk)
{
	size_t page = FIRST_CELL_PAGE;
	while (page < CHUNK_PAGES) {
		size_t begin = page;
		while (page < CHUNK_PAGES && chunk->free[page] == CELLS_PER_PAGE)
			page++;
		if (page > begin)
			madvise((char *)chunk + begin * PAGE, (page - begin) * PAGE,
			        MADV_DONTNEED);
		else
			page++;
	}
}

static bool cell_trim_is_due(void)
{
	size_t since = load_relaxed(&depot.returned) - load_relaxed(&depot.trimmed);
	return load_relaxed(&depot.cells) >= TRIM_CELLS && since >= TRIM_CELLS;
}

static COLD void cell_trim(void)
{
	size_t cells, page;
	if (!cell_trim_is_due())
		return;
	depot_lock();
	if (process_is(depot.trimming)) {
		depot_unlock();
		return;
	}
	depot.trimming = process_number();
	store_relaxed(&depot.trimmed, depot.returned);
	struct magazine *full = depot_take_most(&cells);
	struct chunk *chunks = depot.chunks;
	depot_unlock();
	for (struct chunk *c = chunks; c; c = c->next)
		for (page = 0; page < CHUNK_PAGES; page++)
			c->free[page] = 0;
	for (struct magazine *m = full; m; m = m->next)
		for (size_t i = 0; i < m->count; i++)
			chunk_of(m->cells[i], &page)->free[page]++;
	for (struct chunk *c = chunks; c; c = c->next)
		chunk_give_back(c);
	depot_lock();
	depot_put_back(full, cells);
	depot.trimming = 0;
	depot_unlock();
}
