/* SPDX-License-Identifier: MIT */
/* layer 2: rings · memory for the rings that a pool's workers set aside */
#include "rings.h"

#include <sys/mman.h>

#include "pages.h"

#define HEADS_BYTES ((ARENA_RINGS + 1) * sizeof(struct ring))
#define SLOTS_BYTES (RING_SLOTS * sizeof(tl_task *))
#define ARENA_BYTES (HEADS_BYTES + ARENA_RINGS * SLOTS_BYTES)

_Static_assert(sizeof(struct ring) == LINE, "a page of heads, as many pages of slots");
_Static_assert(HEADS_BYTES % SLOTS_BYTES == 0, "a ring's slots fill a page");
_Static_assert(sizeof(struct arena) <= sizeof(struct ring), "it takes a ring's place");

/* With the lock held. */
static void rings_link(struct ring **list, struct ring *ring)
{
	ring->older = *list;
	*list = ring;
}

static struct ring *rings_unlink(struct rings *rings, struct ring **list)
{
	struct ring *ring = *list;
	if (ring)
		*list = ring->older;
	if (ring && list == &rings->used)
		count_up(&rings->used_count, -UINT64_C(1));
	return ring;
}

/* Likewise: more of them, if there is memory. */
static void rings_grow(struct rings *rings)
{
	int saved = errno;
	char *memory = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errno = saved;
	if (memory == MAP_FAILED)
		return;
	struct arena *arena = (struct arena *)(void *)memory;
	struct ring *heads = (struct ring *)(void *)memory;
	arena->next = rings->arenas;
	rings->arenas = arena;
	for (size_t i = ARENA_RINGS; i > 0; i--) {
		char *slots = memory + HEADS_BYTES + (i - 1) * SLOTS_BYTES;
		heads[i].slots = (tl_task **)(void *)slots;
		rings_link(&rings->clean, &heads[i]);
	}
}

static COLD struct ring *rings_get(struct rings *rings)
{
	lock(&rings->lock);
	if (!rings->used && !rings->clean)
		rings_grow(rings);
	struct ring *ring =
		rings_unlink(rings, rings->used ? &rings->used : &rings->clean);
	unlock(&rings->lock);
	return ring;
}

static COLD void rings_put(struct rings *rings, struct ring *ring)
{
	lock(&rings->lock);
	rings_link(&rings->used, ring);
	count_up(&rings->used_count, 1);
	unlock(&rings->lock);
}

static bool rings_trim_is_due(const struct rings *rings)
{
	return load_relaxed(&rings->used_count) >= TRIM_RINGS;
}

/* One by one: who needs a ring meanwhile finds the others. */
static COLD bool rings_trim(struct rings *rings, const uint32_t *interrupt)
{
	struct ring *ring;
	int saved = errno; /* memory that is locked isn't given back */
	bool ends = false;
	if (!rings_trim_is_due(rings))
		return true;
	do {
		lock(&rings->lock);
		ring = rings_unlink(rings, &rings->used);
		unlock(&rings->lock);
		if (!ring)
			break;
		pages_give_back((char *)ring->slots, (char *)(ring->slots + RING_SLOTS));
		lock(&rings->lock);
		rings_link(&rings->clean, ring);
		unlock(&rings->lock);
		ends = interrupt && load_relaxed(interrupt);
	} while (!ends);
	errno = saved;
	return !ends;
}

static void rings_free(struct rings *rings)
{
	struct arena *arena = rings->arenas;
	while (arena) {
		struct arena *next = arena->next;
		munmap(arena, ARENA_BYTES);
		arena = next;
	}
}
