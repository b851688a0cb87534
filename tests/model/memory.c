/* SPDX-License-Identifier: MIT */
/*
 * The memory of a model: stacks and one arena for each thread (so that what a thread
 * allocates lies at the same address however the others run), and the static variables
 * of model and library, which each run finds as the program started with them.
 *
 * The arenas only grow during a run: memory that was freed is never something else, and
 * each access to it is an error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "race.h"
#include "statics.h"

#define STACK ((size_t)1 << 16)
#define ARENA ((size_t)1 << 16)
#define OWNERS (THREADS + 1) /* and the explorer, which allocates for setup */
#define BLOCKS 64

static struct {
	char arena[OWNERS][ARENA];
	char stack[THREADS][STACK];
} world __attribute__((aligned(4096)));

static struct word *words;
static char *data_at_start, *bss_at_start;

/* From the first variable in .data to the last one in .bss. */
static size_t statics_size(void)
{
	return (size_t)(bss_end - data_begin);
}

static struct block {
	size_t begin, size; /* in the arena */
	bool freed;
} blocks[OWNERS][BLOCKS];
static unsigned block_count[OWNERS];
static size_t arena_used[OWNERS];

static char *copy_of(const char *begin, const char *end)
{
	char *copy = malloc((size_t)(end - begin) + 1);
	if (!copy)
		abort();
	return memcpy(copy, begin, (size_t)(end - begin));
}

void memory_init(void)
{
	words = trails_new(sizeof *words);
	data_at_start = copy_of(data_begin, data_end);
	bss_at_start = copy_of(bss_begin, bss_end);
}

void memory_reset(void)
{
	memcpy(data_begin, data_at_start, (size_t)(data_end - data_begin));
	memcpy(bss_begin, bss_at_start, (size_t)(bss_end - bss_begin));
	memset(block_count, 0, sizeof block_count);
	memset(arena_used, 0, sizeof arena_used);
}

/* All that was learnt about words, for another model or another kind of memory. */
void memory_forget(void)
{
	memset(words, 0, (sizeof world + statics_size()) / 4 * sizeof *words);
}

void *stack_of(unsigned thread, size_t *size)
{
	*size = STACK;
	return world.stack[thread];
}

bool word_index(const void *address, size_t *index)
{
	size_t offset = (size_t)((const char *)address - (const char *)&world);
	if (offset < sizeof world) {
		*index = offset / 4;
		return true;
	}
	offset = (size_t)((const char *)address - data_begin);
	*index = (sizeof world + offset) / 4;
	return offset < statics_size();
}

void *trails_new(size_t size)
{
	void *trails = calloc((sizeof world + statics_size()) / 4 + 1, size);
	if (!trails)
		abort();
	return trails;
}

struct word *word_at(const void *address)
{
	size_t index;
	if (!word_index(address, &index))
		model_fail("access to %p, which is no memory of the model", address);
	struct word *word = &words[index];
	if (word->run != machine.run) {
		word->run = machine.run;
		word->written = word->read = word->queued = 0;
	}
	return word;
}

/* ---- Arena ----------------------------------------------------------------------- */

static unsigned owner(void)
{
	return machine.alone ? THREADS : machine.current;
}

void *model_allocate(size_t alignment, size_t size)
{
	unsigned o = owner();
	size_t begin = (arena_used[o] + alignment - 1) & ~(alignment - 1);
	if (begin + size > ARENA || block_count[o] == BLOCKS)
		model_fail("the arena is full");
	blocks[o][block_count[o]++] = (struct block){ .begin = begin, .size = size };
	arena_used[o] = begin + size;
	return world.arena[o] + begin;
}

static struct block *block_at(const void *address)
{
	size_t offset = (size_t)((const char *)address - world.arena[0]);
	if (offset >= sizeof world.arena)
		return NULL;
	unsigned o = (unsigned)(offset / ARENA);
	offset %= ARENA;
	for (unsigned i = 0; i < block_count[o]; i++)
		if (offset - blocks[o][i].begin < blocks[o][i].size)
			return &blocks[o][i];
	return NULL;
}

void model_free(void *address)
{
	if (!address)
		return;
	step();
	struct block *block = block_at(address);
	if (!block)
		model_fail("free of what was never allocated");
	if (machine.tracing)
		trace("free", "", address, " ");
	if (block->freed)
		model_fail("freed twice");
	block->freed = true;
	if (!machine.alone)
		stores_drain(current());
	/* To whom else touches it, this is a write. */
	for (size_t i = 0; i < block->size; i += 4) {
		struct word *word = word_at((char *)address + i);
		word->freed = machine.run;
		if (!machine.alone) {
			word->writes |= (uint8_t)(1u << machine.current);
			if ((word->reads | word->writes) & ~(1u << machine.current))
				word_share(word);
		}
	}
}

bool model_is_freed(const void *address)
{
	return word_at(address)->freed == machine.run;
}

void memory_check(const void *address, const char *what)
{
	if (word_at(address)->freed == machine.run)
		model_fail("%s after it was freed", what);
}

/* A short name for traces: block and offset. */
const char *address_name(const void *address)
{
	static char name[64];
	size_t offset = (size_t)((const char *)address - world.arena[0]);
	if (!address)
		return "";
	if (offset < sizeof world.arena) {
		struct block *block = block_at(address);
		unsigned o = (unsigned)(offset / ARENA);
		snprintf(name, sizeof name, "%c%ld+%zu",
		         o == THREADS ? 'S' : (char)('0' + o),
		         block ? (long)(block - blocks[o]) : -1L,
		         block ? offset % ARENA - block->begin : offset % ARENA);
	} else if ((const char *)address >= world.stack[0] &&
	           (const char *)address < world.stack[0] + sizeof world.stack) {
		offset = (size_t)((const char *)address - world.stack[0]);
		snprintf(name, sizeof name, "stack%zu-%zu", offset / STACK,
		         STACK - offset % STACK);
	} else {
		snprintf(name, sizeof name, "static+%ld",
		         (long)((const char *)address - data_begin));
	}
	return name;
}

/* ---- Store buffers --------------------------------------------------------------- */

static void put(void *address, size_t size, uint64_t value)
{
	if (size == 8)
		*(uint64_t *)address = value;
	else
		*(uint32_t *)address = (uint32_t)value;
}

/* The oldest store gets to memory. */
void store_flush(struct thread *thread)
{
	struct store store = thread->buffer[0];
	struct word *word = word_at(store.address);
	if (machine.tracing)
		trace(store.text, "gets to memory", store.address, "%#llx",
		      (unsigned long long)store.value);
	memory_check(store.address, store.text);
	thread->flushed =
		mix(mix(thread->flushed, store.hash), mix(word->written, word->read));
	word->written = thread->flushed;
	word->read = 0;
	put(store.address, store.size, store.value);
	thread->stores--;
	memmove(thread->buffer, thread->buffer + 1,
	        thread->stores * sizeof *thread->buffer);
}

void stores_drain(struct thread *thread)
{
	if (!thread->stores)
		return;
	while (thread->stores)
		store_flush(thread);
	thread->hash = mix(thread->hash, thread->flushed);
}

/* The newest own store to this word. */
bool store_find(const struct thread *thread, const void *address, uint64_t *value)
{
	for (unsigned i = thread->stores; i > 0; i--) {
		if (thread->buffer[i - 1].address == address) {
			*value = thread->buffer[i - 1].value;
			return true;
		}
	}
	return false;
}
