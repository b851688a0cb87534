/* SPDX-License-Identifier: MIT */
/*
 * Data races. A program built with -fsanitize=thread calls the functions at the end for
 * each plain access; they are ours, not the sanitizer's. What happens before what is
 * followed by vector clocks, where only release and acquire order, as in C11: so an order
 * that is too weak shows although the run itself is in sequentially consistent memory.
 * C. Flanagan, S. Freund: FastTrack, PLDI 2009.
 *
 * Only plain accesses to words of four bytes are told apart, and an atomic access from
 * the plain writes before it.
 */
#include <string.h>

#include "machine.h"
#include "race.h"

struct clock {
	uint32_t of[THREADS];
};

/* What is known about a word; nothing if it is from another run. */
struct trail {
	uint32_t run;
	uint32_t written, writer;
	struct clock read;     /* by plain reads */
	struct clock released; /* what who acquires it learns */
};

static struct clock clocks[THREADS];
static struct trail *trails;

bool races_followed(void)
{
	return trails != NULL;
}

static void join(struct clock *into, const struct clock *from)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (into->of[i] < from->of[i])
			into->of[i] = from->of[i];
}

static struct trail *trail_at(const void *address)
{
	size_t index;
	if (!trails || machine.alone || !word_index(address, &index))
		return NULL;
	struct trail *trail = &trails[index];
	if (trail->run != machine.run) {
		memset(trail, 0, sizeof *trail);
		trail->run = machine.run;
	}
	return trail;
}

void race_thread(unsigned child)
{
	if (!trails)
		return;
	if (machine.alone)
		memset(&clocks[child], 0, sizeof clocks[child]);
	else
		clocks[child] = clocks[machine.current];
	clocks[child].of[child] = 1;
	if (!machine.alone)
		clocks[machine.current].of[machine.current]++;
}

void race_join(unsigned other)
{
	if (trails)
		join(&clocks[machine.current], &clocks[other]);
}

/* After an atomic access. A store that is no read-modify-write hides what was released
 * there before. */
void race_atomic(const void *address, bool reads, bool writes, enum model_order order)
{
	struct trail *trail = trail_at(address);
	unsigned me = machine.current;
	if (!trail)
		return;
	if (trail->written > clocks[me].of[trail->writer])
		model_fail("data race: %s (%s) is atomic, T%u has written it plainly",
		           machine.thread[me].text, machine.thread[me].where,
		           trail->writer);
	bool acquires = order == MODEL_ACQUIRE || order >= MODEL_ACQ_REL;
	bool releases = order >= MODEL_RELEASE;
	if (reads && acquires)
		join(&clocks[me], &trail->released);
	if (!writes)
		return;
	if (!reads)
		memset(&trail->released, 0, sizeof trail->released);
	if (releases) {
		join(&trail->released, &clocks[me]);
		clocks[me].of[me]++;
	}
}

static void race_plain(const void *address, size_t size, bool writes, const void *code)
{
	unsigned me = machine.current;
	for (size_t i = 0; i < size; i += 4) {
		const char *word = (const char *)address + i;
		struct trail *trail = trail_at(word);
		if (!trail)
			return;
		struct clock *mine = &clocks[me];
		if (word_at(word)->freed == machine.run)
			model_fail("plain access at %p to freed memory [%s]", code,
			           address_name(word));
		bool race = trail->written > mine->of[trail->writer];
		for (unsigned t = 0; writes && t < THREADS; t++)
			race |= trail->read.of[t] > mine->of[t];
		if (race)
			model_fail("data race of a plain %s at %p [%s] with T%u",
			           writes ? "write" : "read", code, address_name(word),
			           trail->writer);
		if (writes) {
			trail->written = mine->of[me];
			trail->writer = me;
		} else {
			trail->read.of[me] = mine->of[me];
		}
	}
}

/* ---- What the compiler calls ------------------------------------------------------ */

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(void *address, size_t size);
void __tsan_write_range(void *address, size_t size);

void __tsan_init(void)
{
	if (!trails)
		trails = trails_new(sizeof *trails);
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *address, size_t size)
{
	race_plain(address, size, false, __builtin_return_address(0));
}

void __tsan_write_range(void *address, size_t size)
{
	race_plain(address, size, true, __builtin_return_address(0));
}

#define ACCESS(name, size, writes)                                                       \
	void __tsan_##name(void *address);                                               \
	void __tsan_##name(void *address)                                                \
	{                                                                                \
		race_plain(address, size, writes, __builtin_return_address(0));          \
	}

ACCESS(read1, 1, false)
ACCESS(read2, 2, false)
ACCESS(read4, 4, false)
ACCESS(read8, 8, false)
ACCESS(read16, 16, false)
ACCESS(write1, 1, true)
ACCESS(write2, 2, true)
ACCESS(write4, 4, true)
ACCESS(write8, 8, true)
ACCESS(write16, 16, true)
ACCESS(unaligned_read2, 2, false)
ACCESS(unaligned_read4, 4, false)
ACCESS(unaligned_read8, 8, false)
ACCESS(unaligned_read16, 16, false)
ACCESS(unaligned_write2, 2, true)
ACCESS(unaligned_write4, 4, true)
ACCESS(unaligned_write8, 8, true)
ACCESS(unaligned_write16, 16, true)
