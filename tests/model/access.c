/* SPDX-License-Identifier: MIT */
/*
 * Atomic accesses. One on a word that two threads share is a step: others may come
 * before it. Sharing is found out, not declared: a word counts as a thread's own until
 * another run shows two of them there, one writing; then the search begins again.
 *
 * In buffered memory (TSO) a store may be delayed, at the cost of one: it waits in the
 * thread's buffer, later stores behind it, until the explorer lets it go or the thread
 * does something that x86 does only with an empty buffer.
 */
#include "machine.h"
#include "race.h"

static uint64_t get(const void *address, size_t size)
{
	return size == 8 ? *(const uint64_t *)address : *(const uint32_t *)address;
}

static void put(void *address, size_t size, uint64_t value)
{
	if (size == 8)
		*(uint64_t *)address = value;
	else
		*(uint32_t *)address = (uint32_t)value;
}

void word_share(struct word *word)
{
	if (!word->shared)
		machine.found_shared = true;
	word->shared = true;
}

/* A replay counts all steps, so as not to depend on what a search has learnt. */
static bool word_is_step(const struct word *word)
{
	return word->shared || machine.tracing;
}

static struct word *enter(const void *address, bool writes, const char *text,
                          const char *where)
{
	struct word *word = word_at(address);
	step();
	if (machine.alone)
		return word;
	uint8_t me = (uint8_t)(1u << machine.current);
	if (writes)
		word->writes |= me;
	else
		word->reads |= me;
	unsigned users = word->writes | word->reads;
	if (word->writes && (users & (users - 1)))
		word_share(word);
	if (word_is_step(word))
		point(text, where);
	return word;
}

static void has_read(struct word *word)
{
	struct thread *me = current();
	if (machine.alone || !word->shared)
		return;
	me->hash = mix(me->hash, word->written);
	word->read += me->hash;
}

static void has_written(struct word *word)
{
	struct thread *me = current();
	if (machine.alone || !word->shared)
		return;
	me->hash = mix(me->hash, mix(word->written, word->read));
	word->written = me->hash;
	word->read = 0;
}

uint64_t model_load(const void *address, size_t size, enum model_order order,
                    const char *text, const char *where)
{
	uint64_t value;
	struct word *word = enter(address, false, text, where);
	memory_check(address, text);
	if (!machine.alone && current()->stores &&
	    store_find(current(), address, &value)) {
		current()->hash = mix(current()->hash, 1);
	} else {
		value = get(address, size);
		has_read(word);
	}
	race_atomic(address, true, false, order);
	if (machine.tracing)
		trace(text, where, address, "%#llx", (unsigned long long)value);
	return value;
}

void model_store(void *address, size_t size, uint64_t value, enum model_order order,
                 const char *text, const char *where)
{
	struct word *word = enter(address, true, text, where);
	struct thread *me = current();
	memory_check(address, text);
	if (order != MODEL_SEQ_CST && !machine.alone && word_is_step(word) &&
	    choose_delay(me->stores > 0)) {
		if (me->stores == BUFFER)
			store_flush(me);
		me->hash = mix(me->hash, 2);
		me->buffer[me->stores++] =
			(struct store){ address, size, value, me->hash, text, where };
		if (machine.tracing)
			trace(text, where, address, "%#llx, delayed",
			      (unsigned long long)value);
		return;
	}
	if (order == MODEL_SEQ_CST && !machine.alone)
		stores_drain(me);
	put(address, size, value);
	has_written(word);
	race_atomic(address, false, true, order);
	if (machine.tracing)
		trace(text, where, address, "%#llx", (unsigned long long)value);
}

uint64_t model_modify(void *address, size_t size, enum model_change change,
                      uint64_t operand, enum model_order order, const char *text,
                      const char *where)
{
	struct word *word = enter(address, true, text, where);
	memory_check(address, text);
	if (!machine.alone)
		stores_drain(current());
	uint64_t old = get(address, size), value = operand;
	switch (change) {
	case MODEL_EXCHANGE: break;
	case MODEL_ADD: value = old + operand; break;
	case MODEL_SUB: value = old - operand; break;
	case MODEL_OR: value = old | operand; break;
	case MODEL_AND: value = old & operand; break;
	}
	put(address, size, value);
	has_written(word);
	race_atomic(address, true, true, order);
	if (machine.tracing)
		trace(text, where, address, "%#llx -> %#llx", (unsigned long long)old,
		      (unsigned long long)value);
	return old;
}

bool model_cas(void *address, size_t size, void *expected, uint64_t value,
               enum model_order order, const char *text, const char *where)
{
	struct word *word = enter(address, true, text, where);
	memory_check(address, text);
	if (!machine.alone)
		stores_drain(current());
	uint64_t old = get(address, size);
	bool won = old == get(expected, size);
	if (won) {
		put(address, size, value);
		has_written(word);
	} else {
		put(expected, size, old);
		has_read(word);
	}
	/* One that fails is a load: all of ours acquire then. */
	race_atomic(address, true, won, order);
	if (machine.tracing)
		trace(text, where, address,
		      won ? "%#llx -> %#llx" : "is %#llx, not swapped",
		      (unsigned long long)old, (unsigned long long)value);
	return won;
}

void model_statistic(uint64_t *counter, uint64_t n)
{
	memory_check(counter, "a statistic");
	*counter += n;
}
