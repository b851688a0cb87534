/* SPDX-License-Identifier: MIT */
/* layer 2: cell · memory for the tasks behind tl_go, tl_spawn, tl_submit */
/*
 * A task made on one thread usually ends on another, where free() would cost more
 * than all the rest. So each thread keeps two magazines, arrays of pointers to free
 * cells, and trades whole magazines with a depot: one lock for some 140 cells. Arrays,
 * not lists: the next cells' lines can be fetched before they are needed.
 *
 * Memory comes in chunks of 64 KiB from mmap, never from malloc, several of them at once:
 *   page 0-1    a line for the header, 7 magazines of 18 lines
 *   page 2-15   896 cells of 64 bytes
 * Free cells hold no data, so a page of which all cells are in the depot can be given
 * back to the kernel as it is (cell_trim.c) and comes back as zeros when used again.
 * A thread without an empty magazine puts cells on the depot's loose list.
 */
#include "cell.h"

#include <pthread.h>
#include <sys/mman.h>

#include "atomic.h"
#include "lock.h"
#include "tune.h"

#define CHUNK_SIZE (CHUNK_PAGES * PAGE)
#define CELLS_PER_PAGE (PAGE / sizeof(tl_task))
#define CHUNK_CELLS ((CHUNK_PAGES - FIRST_CELL_PAGE) * CELLS_PER_PAGE)
#define CHUNK_MAGAZINES ((FIRST_CELL_PAGE * PAGE - LINE) / sizeof(struct magazine))

struct magazine {
	struct magazine *next;
	size_t count;
	tl_task *cells[MAGAZINE_CELLS];
};

struct chunk {
	struct chunk *next;
	uint16_t free[CHUNK_PAGES]; /* counted anew by each trim */
};

_Static_assert(sizeof(tl_task) == LINE, "a task is one line");
_Static_assert(sizeof(struct chunk) <= LINE, "the magazines are behind the header");
_Static_assert(CHUNK_MAGAZINES *MAGAZINE_CELLS >= CHUNK_CELLS, "each cell has a place");

static struct {
	struct process_lock lock;
	struct magazine *full, *last, *empty; /* last: of full, if there is one */
	tl_task *loose;                       /* linked through place_ */
	struct chunk *chunks;
	char *fresh, *fresh_end; /* for more of them */
	size_t mapped;           /* chunks for which there is address space */
	size_t cells;            /* in full magazines */
	size_t made;             /* of them, or in use, or in a thread's magazines */
	size_t returned;         /* cells that ever came to these */
	size_t trimmed;          /* so many of those before the last trim */
	uint32_t trimming;       /* the process in which a thread is in cell_trim */
	uint32_t wanted;         /* others have run out of cells: it is to end */
	size_t lacked;           /* magazines for which they had new memory meanwhile */
	pthread_key_t key;       /* hands a thread's magazines back when it ends */
	uint32_t key_made;
} depot;

/* What a thread of the parent process was changing at the fork is left alone for ever. */
static void depot_lock(void)
{
	if (LIKELY(process_lock(&depot.lock)))
		return;
	depot.full = depot.empty = NULL;
	depot.loose = NULL;
	depot.chunks = NULL;
	depot.fresh = depot.fresh_end = NULL;
	store_relaxed(&depot.cells, 0u);
	store_relaxed(&depot.made, 0u);
}

static void depot_unlock(void)
{
	process_unlock(&depot.lock);
}

static void depot_put(struct magazine *magazine)
{
	struct magazine **list = magazine->count ? &depot.full : &depot.empty;
	if (magazine->count && !depot.full)
		depot.last = magazine;
	count_up(&depot.cells, magazine->count); /* written under the lock only */
	count_up(&depot.returned, magazine->count);
	magazine->next = *list;
	*list = magazine;
}

static void cells_of_thread_return(void *unused)
{
	(void)unused;
	depot_lock();
	if (self.loaded)
		depot_put(self.loaded);
	if (self.reserve)
		depot_put(self.reserve);
	self.loaded = self.reserve = NULL;
	depot_unlock();
}

/* Have cells_of_thread_return called at this thread's end; with the lock held. If no
 * key can be had, a thread's last cells are lost when it ends, and nothing worse. */
static void depot_register_thread(void)
{
	if (!depot.key_made)
		depot.key_made =
			pthread_key_create(&depot.key, cells_of_thread_return) == 0;
	if (depot.key_made)
		pthread_setspecific(depot.key, &depot);
}

static struct magazine *depot_pop(struct magazine **list)
{
	struct magazine *magazine = *list;
	if (magazine) {
		*list = magazine->next;
		count_up(&depot.cells, -magazine->count);
	}
	return magazine;
}

/* Address space for chunks, aligned to their size so that a cell finds its header. */
static bool depot_map(size_t chunks)
{
	size_t size = chunks * CHUNK_SIZE;
	char *memory = mmap(NULL, size + CHUNK_SIZE, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	size_t before = (size_t)(-(uintptr_t)memory % CHUNK_SIZE);
	if (before)
		munmap(memory, before);
	depot.fresh = memory + before;
	depot.fresh_end = depot.fresh + size;
	munmap(depot.fresh_end, CHUNK_SIZE - before);
	return true;
}

/* A new chunk, out of as many as there were before. Beside a trim there are others, which it
 * has: it ends, and the next ones leave as many more, or each would cost new memory. */
static bool depot_grow(void)
{
	if (process_is(depot.trimming)) {
		store_relaxed(&depot.wanted, 1u);
		depot.lacked += CHUNK_MAGAZINES;
	}
	if (depot.fresh == depot.fresh_end) {
		size_t wanted = depot.mapped < CHUNKS_MOST ? depot.mapped : CHUNKS_MOST;
		if (!(wanted > 1 && depot_map(wanted)) && !depot_map(wanted = 1))
			return false;
		depot.mapped += wanted;
	}
	char *memory = depot.fresh;
	depot.fresh += CHUNK_SIZE;

	struct chunk *chunk = (struct chunk *)(void *)memory;
	chunk->next = depot.chunks;
	depot.chunks = chunk;
	count_up(&depot.made, CHUNK_CELLS);

	struct magazine *magazines = (struct magazine *)(void *)(memory + LINE);
	tl_task *cells = (tl_task *)(void *)(memory + FIRST_CELL_PAGE * PAGE);
	size_t left = CHUNK_CELLS;
	for (size_t i = CHUNK_MAGAZINES; i > 0; i--) {
		struct magazine *magazine = &magazines[i - 1];
		size_t count = left < MAGAZINE_CELLS ? left : MAGAZINE_CELLS;
		magazine->count = count; /* written before it is read: see injector.h */
		for (size_t j = 0; j < count; j++)
			magazine->cells[j] = &cells[--left];
		depot_put(magazine);
	}
	return true;
}

/* Of a magazine that another thread has filled: where the first cells are, then these. */
static void magazine_fetch(const struct magazine *magazine)
{
	size_t count = magazine->count, line = LINE / sizeof(tl_task *);
	for (size_t i = 1; i <= 2 * CELLS_AHEAD && i <= count; i += line)
		__builtin_prefetch(&magazine->cells[count - i]);
	for (size_t i = 1; i <= CELLS_AHEAD && i <= count; i++)
		prefetch_write(magazine->cells[count - i]);
}

static COLD tl_task *cell_refill(void)
{
	struct magazine *other = self.reserve;
	if (other && other->count) {
		self.reserve = self.loaded;
		self.loaded = other;
		return other->cells[--other->count];
	}
	int saved = errno;
	struct magazine *filled = NULL;
	depot_lock();
	tl_task *cell = depot.loose;
	if (cell) {
		depot.loose = (tl_task *)cell->place_;
	} else if (depot.full || depot_grow()) {
		if (!self.loaded)
			depot_register_thread();
		else if (!self.reserve)
			self.reserve = self.loaded;
		else
			depot_put(self.loaded);
		self.loaded = filled = depot_pop(&depot.full);
	}
	depot_unlock();
	errno = saved;
	if (filled) { /* without the lock: its lines may be far away */
		magazine_fetch(filled);
		cell = filled->cells[--filled->count];
	}
	return cell;
}

static ALWAYS_INLINE tl_task *cell_new(void)
{
	struct magazine *magazine = self.loaded;
	if (UNLIKELY(!magazine || !magazine->count))
		return cell_refill();
	size_t left = --magazine->count;
	if (left >= CELLS_AHEAD)
		prefetch_write(magazine->cells[left - CELLS_AHEAD]);
	return magazine->cells[left];
}

static COLD void cell_unload(tl_task *cell)
{
	struct magazine *other = self.reserve;
	if (other && other->count < MAGAZINE_CELLS) {
		self.reserve = self.loaded;
		self.loaded = other;
		other->cells[other->count++] = cell;
		return;
	}
	depot_lock();
	struct magazine *empty = depot_pop(&depot.empty);
	if (empty) {
		if (!self.loaded)
			depot_register_thread();
		else if (!self.reserve)
			self.reserve = self.loaded;
		else
			depot_put(self.loaded);
		self.loaded = empty;
		empty->cells[empty->count++] = cell;
	} else {
		cell->place_ = (uintptr_t)depot.loose;
		depot.loose = cell;
	}
	depot_unlock();
}

#ifdef TL_DEBUG
/* Free cells rest here for a while, marked, so that a use of them is noticed. */
static tl_task *cell_rest(tl_task *cell)
{
	static tl_task *resting[1024];
	static unsigned next;
	unsigned i = fetch_add_relaxed(&next, 1u) % 1024;
	store_relaxed(&cell->future.word_, CELL_GONE);
	return exchange_acq_rel(&resting[i], cell);
}
#endif

static void cell_free(tl_task *cell)
{
#ifdef TL_DEBUG
	if (!(cell = cell_rest(cell)))
		return;
#endif
	struct magazine *magazine = self.loaded;
	if (UNLIKELY(!magazine || magazine->count == MAGAZINE_CELLS))
		cell_unload(cell);
	else
		magazine->cells[magazine->count++] = cell;
}
