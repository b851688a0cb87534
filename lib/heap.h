/* SPDX-License-Identifier: MIT */
/* layer 2: heap · what is due next: an array of times, four children to a node */
/*
 * Whoever is in it knows its index, so it is taken out of the middle, too, in the time of
 * log4(n) steps: some eight with 100,000. The times lie in the array, four siblings in
 * one line, so that the way down doesn't look into the timers. Equal times come out in
 * any order. The caller has a lock. The array grows and never shrinks.
 */
#ifndef TL_HEAP_H
#define TL_HEAP_H

#include <stdlib.h>
#include <string.h>

#include "base.h"

#define HEAP_CHILDREN 4
#define HEAP_LEAST 16

/* What is in the heap begins with this: its index + 1, or 0, or any other mark of those
 * who use it while it isn't there. */
struct heap_node {
	uint32_t place;
};

struct heap_entry {
	int64_t time;
	struct heap_node *node;
};

struct heap {
	struct heap_entry *entries;
	uint32_t count, room;
};

static inline void heap_put(struct heap *heap, uint32_t i, struct heap_entry entry)
{
	heap->entries[i] = entry;
	entry.node->place = i + 1;
}

static inline void heap_up(struct heap *heap, uint32_t i, struct heap_entry entry)
{
	while (i) {
		uint32_t parent = (i - 1) / HEAP_CHILDREN;
		if (heap->entries[parent].time <= entry.time)
			break;
		heap_put(heap, i, heap->entries[parent]);
		i = parent;
	}
	heap_put(heap, i, entry);
}

static inline void heap_down(struct heap *heap, uint32_t i, struct heap_entry entry)
{
	for (;;) {
		uint64_t child = (uint64_t)i * HEAP_CHILDREN + 1;
		uint64_t end = child + HEAP_CHILDREN;
		if (child >= heap->count)
			break;
		uint32_t least = (uint32_t)child;
		for (; child < end && child < heap->count; child++)
			if (heap->entries[child].time < heap->entries[least].time)
				least = (uint32_t)child;
		if (heap->entries[least].time >= entry.time)
			break;
		heap_put(heap, i, heap->entries[least]);
		i = least;
	}
	heap_put(heap, i, entry);
}

static COLD bool heap_grow(struct heap *heap)
{
	uint32_t room = heap->room ? 2 * heap->room : HEAP_LEAST;
	if (room < heap->room)
		return false;
	struct heap_entry *entries = malloc(room * sizeof *entries);
	if (!entries)
		return false;
	if (heap->count)
		memcpy(entries, heap->entries, heap->count * sizeof *entries);
	free(heap->entries);
	heap->entries = entries;
	heap->room = room;
	return true;
}

/* False: out of memory. */
static inline bool heap_add(struct heap *heap, struct heap_node *node, int64_t time)
{
	if (heap->count == heap->room && !heap_grow(heap))
		return false;
	heap_up(heap, heap->count++, (struct heap_entry){ time, node });
	return true;
}

/* Out of wherever it is. */
static inline void heap_remove(struct heap *heap, struct heap_node *node)
{
	uint32_t i = node->place - 1;
	struct heap_entry last = heap->entries[--heap->count];
	node->place = 0;
	if (last.node == node)
		return;
	if (i && heap->entries[(i - 1) / HEAP_CHILDREN].time > last.time)
		heap_up(heap, i, last);
	else
		heap_down(heap, i, last);
}

/* When is the first one due? */
static inline int64_t heap_time(const struct heap *heap)
{
	return heap->count ? heap->entries[0].time : TL_FOREVER;
}

#endif
