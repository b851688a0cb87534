/* SPDX-License-Identifier: MIT */
/*
 * Cells, in magazines of two and chunks of twelve: taken on one thread and given back on
 * another, traded through the depot, trimmed.
 *
 * Asserted: no cell is given to two; none is lost, nor a magazine, when all threads have
 * ended; no page is given back to the system of which a cell is in use.
 */
#include "ground.h"

static void trim_pages(char *pages, size_t size);

#undef mmap
#undef munmap
#define mmap(at, size, protection, flags, file, offset)                                  \
	memset(model_allocate(CHUNK_SIZE, size), 0, size)
#define munmap(at, size) ((void)(at))
#define madvise(at, size, advice) trim_pages(at, size)
#define sysconf(name) ((long)PAGE)
#define pthread_key_create(key, at_end) (*(key) = 1, (void)(at_end), 0)
#define pthread_setspecific(key, value) ((void)(value), self.registered = true)

#include "cell.c"
#include "cell_trim.c"

enum { IN_USE = 1, SEEN };

static tl_task *mail[3];

/* Nobody looks into a free cell, so it may say there whether it is in use. */
static tl_task *take(void)
{
	tl_task *cell = cell_new();
	model_assert(cell && cell->hints_ != IN_USE);
	cell->hints_ = IN_USE;
	return cell;
}

static void give(tl_task *cell)
{
	model_assert(cell->hints_ == IN_USE);
	cell->hints_ = 0;
	cell_free(cell);
}

static void trim_pages(char *pages, size_t size)
{
	tl_task *cell = (tl_task *)(void *)pages;
	model_assert(size && size % PAGE == 0);
	for (size_t i = 0; i < size / sizeof(*cell); i++)
		model_assert(cell[i].hints_ != IN_USE);
	memset(pages, 0, size);
}

static void thread_ends(void)
{
	if (self.registered)
		cells_of_thread_return(NULL);
}

/* ---- Threads ---------------------------------------------------------------------- */

static void takes_and_gives(void)
{
	tl_task *cell[5]; /* more than its two magazines hold */
	for (unsigned i = 0; i < 5; i++)
		cell[i] = take();
	for (unsigned i = 0; i < 5; i++)
		give(cell[i]);
	thread_ends();
}

static void sends(void)
{
	for (unsigned i = 0; i < 3; i++)
		store_release(&mail[i], take());
	thread_ends();
}

static void give_all(void)
{
	for (unsigned i = 0; i < 3; i++) {
		tl_task *cell = exchange_acq_rel(&mail[i], (tl_task *)NULL);
		if (cell)
			give(cell);
	}
}

static void receives(void)
{
	give_all();
	thread_ends();
}

static void trims(void)
{
	cell_trim_may_come(); /* whatever it says: it looks at what others write */
	cell_trim(NULL);
}

static void trims_twice(void)
{
	cell_trim(NULL);
	cell_trim(NULL);
}

/* ---- Where they begin, and what is there in the end -------------------------------- */

static void some_free(void)
{
	takes_and_gives();
	self = (struct local){ 0 };
}

static void some_taken(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		mail[i] = take();
	thread_ends();
	self = (struct local){ 0 };
}

/* Half a page. */
static void two_taken(void)
{
	some_taken(2);
}

/* Of the last page alone. */
static void last_taken(void)
{
	tl_task *cell[CHUNK_CELLS];
	for (size_t i = 0; i < CHUNK_CELLS; i++)
		cell[i] = take();
	mail[0] = cell[CHUNK_CELLS - 1];
	for (size_t i = 0; i < CHUNK_CELLS - 1; i++)
		give(cell[i]);
	thread_ends();
	self = (struct local){ 0 };
}

/* No magazine is empty: who gives back cells and has no place for them uses the loose
 * list. */
static void none_empty(void)
{
	some_taken(3);
	while (depot_pop(&depot.empty))
		;
}

static void see(tl_task *cell)
{
	model_assert(cell->hints_ != SEEN && cell->hints_ != IN_USE);
	cell->hints_ = SEEN;
}

static void all_there(void)
{
	size_t chunks = 0, cells = 0, loose = 0, magazines = 0;
	self = (struct local){ 0 };
	give_all();
	thread_ends();
	for (struct chunk *chunk = depot.chunks; chunk; chunk = chunk->next)
		chunks++;
	for (struct magazine *m = depot.full; m; m = m->next, magazines++)
		for (size_t i = 0; i < m->count; i++, cells++)
			see(m->cells[i]);
	for (struct magazine *m = depot.empty; m; m = m->next)
		magazines++;
	for (tl_task *cell = depot.loose; cell; cell = (tl_task *)cell->place_, loose++)
		see(cell);
	model_assert(depot.cells == cells);
	model_assert(cells + loose == chunks * CHUNK_CELLS);
	model_assert(magazines <= chunks * CHUNK_MAGAZINES);
}

static void all_magazines_there(void)
{
	size_t magazines = 0;
	all_there();
	for (struct magazine *m = depot.full; m; m = m->next)
		magazines++;
	for (struct magazine *m = depot.empty; m; m = m->next)
		magazines++;
	for (struct chunk *chunk = depot.chunks; chunk; chunk = chunk->next)
		magazines -= CHUNK_MAGAZINES;
	model_assert(magazines == 0);
}

#define MODEL(title, text, where, most, end, ...)                                        \
	{                                                                                \
		.name = title, .property = text, .setup = where,                         \
		.threads = { __VA_ARGS__ }, .check = end, .bound = most                  \
	}

const struct model models[] = {
	MODEL("cell-first", "both need the first chunk", NULL, 3, all_magazines_there,
	      takes_and_gives, takes_and_gives),
	MODEL("cell-send", "taken here, given back there", some_free, 3,
	      all_magazines_there, sends, receives),
	MODEL("cell-loose", "and no empty magazine", none_empty, 3, all_there, receives,
	      takes_and_gives),
	MODEL("cell-trim", "pages are given back", some_free, 3, all_magazines_there,
	      takes_and_gives, trims),
	MODEL("cell-trim-loose", "beside cells that come home", none_empty, 3, all_there,
	      receives, trims, trims),
	MODEL("cell-trim-both", "one at a time", two_taken, 3, all_magazines_there,
	      takes_and_gives, trims, trims),
	MODEL("cell-trim-last", "not the page behind them", last_taken, 3,
	      all_magazines_there, receives, trims),
	MODEL("cell-trim-twice", "each time anew", two_taken, 3, all_there, receives,
	      trims_twice),
	{ 0 },
};
