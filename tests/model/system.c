/* SPDX-License-Identifier: MIT */
/*
 * Sleeping, waking, time, threads. A sleeper may also be let go by its time-out or for
 * no reason, when the model allows for some of these: the explorer chooses when.
 *
 * Time is each thread's own and moves on by a millisecond with each look at it, so that
 * all loops until some moment end. cpu_relax does nothing: no loop of the library spins
 * without a limit, or else the limit of steps says so.
 */
#include <errno.h>

#include "machine.h"
#include "race.h"

int model_futex_wait(const uint32_t *address, uint32_t expected, int64_t deadline,
                     const char *text, const char *where)
{
	struct word *word = word_at(address);
	struct thread *me = current();
	step();
	if (machine.alone)
		model_fail("%s: asleep with no other thread", text);
	word_share(word);
	point(text, where);
	memory_check(address, text);
	stores_drain(me);
	me->hash = mix(me->hash, word->written);
	word->read += me->hash;
	if (machine.tracing)
		trace(text, where, address, "%#x: %s", *address,
		      *address == expected ? "asleep" : "not as expected");
	if (*address != expected)
		return 0;
	me->hash = mix(me->hash, word->queued);
	word->queued = me->hash;
	me->state = ASLEEP;
	me->sleeps_on = address;
	me->patience = deadline == INT64_MAX ? deadline : deadline - me->clock;
	me->turn = ++machine.turns;
	block();
	return me->result;
}

/* Not by a wake: a time-out, or nothing at all. */
void sleeper_leaves(struct thread *thread, int result)
{
	struct word *word = word_at(thread->sleeps_on);
	thread->hash = mix(thread->hash, mix(word->queued, (uint64_t)result));
	word->queued = thread->hash;
	thread->state = READY;
	thread->result = result;
}

static struct thread *first_sleeper(const uint32_t *address)
{
	struct thread *first = NULL;
	for (unsigned i = 0; i < machine.threads; i++) {
		struct thread *thread = &machine.thread[i];
		if (thread->state == ASLEEP && thread->sleeps_on == address &&
		    (!first || thread->turn < first->turn))
			first = thread;
	}
	return first;
}

/* The word's memory may have been freed: sleepers are found by address alone. */
void model_futex_wake(const uint32_t *address, int count, const char *text,
                      const char *where)
{
	struct word *word = word_at(address);
	struct thread *me = current(), *sleeper;
	int woken = 0;
	step();
	if (!machine.alone) {
		word_share(word);
		point(text, where);
		stores_drain(me);
		me->hash = mix(me->hash, word->queued);
	}
	for (; woken < count && (sleeper = first_sleeper(address)); woken++) {
		sleeper->state = READY;
		sleeper->result = 0;
		sleeper->hash = mix(sleeper->hash, me->hash);
		word->queued = me->hash;
	}
	if (machine.tracing)
		trace(text, where, address, "woke %d", woken);
}

int64_t model_clock(void)
{
	return machine.alone ? 0 : (current()->clock += 1000000);
}

void model_relax(void)
{
	step();
}

unsigned long model_thread_start(void *(*function)(void *), void *argument)
{
	step();
	if (!machine.alone) {
		point("thread_start", "");
		stores_drain(current());
	}
	if (!machine.alone && machine.failures && choose(2, 0)) {
		machine.failures--;
		if (machine.tracing)
			trace("thread_start", "", NULL, "fails");
		return 0;
	}
	unsigned number = thread_new(NULL, function, argument);
	if (!machine.alone)
		current()->hash = mix(current()->hash, number);
	if (machine.tracing)
		trace("thread_start", "", NULL, "T%u", number);
	return number + 1;
}

void model_thread_join(unsigned long number)
{
	struct thread *me = current(), *other = &machine.thread[number - 1];
	step();
	if (!number || number > machine.threads)
		model_fail("join of a thread that was never started");
	if (!machine.alone) {
		point("pthread_join", "");
		if (other->state != ENDED) {
			me->state = JOINING;
			me->joins = (unsigned)number - 1;
			block();
		}
		stores_drain(other);
		me->hash = mix(me->hash, other->hash);
		race_join((unsigned)number - 1);
	} else if (other->state != ENDED) {
		model_fail("joins a thread that has not ended");
	}
	if (machine.tracing)
		trace("pthread_join", "", NULL, "T%lu", number - 1);
}
