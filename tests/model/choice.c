/* SPDX-License-Identifier: MIT */
/*
 * What comes next. Each question has options; the first is what costs nothing. In a
 * search the answers are a stack, of which each run repeats a beginning (search.c). In a
 * replay they come from a string.
 *
 * The bound is on the number of preemptions, switches away from a thread that could
 * have gone on: M. Musuvathi, S. Qadeer: Iterative context bounding for systematic
 * testing of multithreaded programs, PLDI 2007. A delayed store counts as one, too: it
 * is a preemption of the store buffer. Letting it go costs nothing.
 *
 * As there, a state that was reached before with no more of the bound used is not
 * explored again; a state is the set of the threads' hashes (machine.h). This prunes
 * states, never transitions, so it is sound together with the bound; sleep sets and
 * persistent sets are not (K. Coons, M. Musuvathi, K. McKinley: Bounded partial-order
 * reduction, OOPSLA 2013).
 */
#include <errno.h>
#include <stdio.h>

#include "choice.h"

#define MOST_STEPS 20000
#define SHORT_SLEEP (INT64_C(1) << 39) /* a nap; what is longer is no help to anybody */

struct choices choices;

void step(void)
{
	if (++machine.steps > MOST_STEPS)
		model_fail("%u steps: a livelock?", MOST_STEPS);
}

static void log_decision(char kind, unsigned value)
{
	if (choices.decided == MOST_DECISIONS)
		model_fail("too many decisions");
	choices.decision[choices.decided++] =
		(struct decision){ machine.steps, value, kind };
}

/* The next answer of the string, if it is for this step. */
static const struct decision *told(const char *kinds)
{
	const struct decision *next = &choices.decision[choices.replayed];
	if (choices.replayed == choices.decided || next->step != machine.steps)
		return NULL;
	for (; *kinds; kinds++) {
		if (next->kind == *kinds) {
			choices.replayed++;
			return next;
		}
	}
	return NULL;
}

static unsigned pick(unsigned n)
{
	if (n == 1)
		return 0;
	if (choices.depth == choices.prefix) {
		if (choices.depth == MOST_CHOICES)
			model_fail("too many choices");
		choices.stack[choices.prefix++] = (struct choice){ (uint8_t)n, 0 };
	} else if (choices.stack[choices.depth].options != n) {
		model_fail("not the same when run again");
	}
	return choices.stack[choices.depth++].taken;
}

unsigned choose(unsigned n, unsigned cost)
{
	unsigned taken = 0;
	if (machine.tracing) {
		const struct decision *decision = told("c");
		return decision ? decision->value : 0;
	}
	if (machine.used + cost > choices.bound)
		choices.cut = true;
	else
		taken = pick(n);
	if (taken) {
		machine.used += cost;
		log_decision('c', taken);
	}
	uint64_t *hash = machine.alone ? &machine.seed : &current()->hash;
	*hash = mix(*hash, taken);
	return taken;
}

unsigned model_choose(unsigned n)
{
	step();
	return choose(n, 0);
}

/* Does this store go to the buffer? It must when an older one is there. */
bool choose_delay(bool forced)
{
	if (machine.tracing)
		return told("d");
	if (!machine.buffered)
		return false;
	if (!forced) {
		if (machine.used + 1 > choices.bound) {
			choices.cut = true;
			return false;
		}
		if (!pick(2))
			return false;
		machine.used++;
	}
	log_decision('d', 0);
	return true;
}

struct option {
	char kind; /* s: step of a thread; f: a store gets out; t: time-out; w: waking */
	unsigned thread;
};

static unsigned options_list(struct option *list, bool running)
{
	unsigned n = 0;
	bool ready = running;
	if (running)
		list[n++] = (struct option){ 's', machine.current };
	for (unsigned i = 0; i < machine.threads; i++)
		if (machine.thread[i].stores)
			list[n++] = (struct option){ 'f', i };
	unsigned free_ones = n;
	for (unsigned i = 0; i < machine.threads; i++) {
		struct thread *thread = &machine.thread[i];
		if (running && i == machine.current)
			continue;
		if (thread->state == READY) {
			list[n++] = (struct option){ 's', i };
			ready = true;
		}
		if (thread->state != ASLEEP)
			continue;
		if (machine.timeouts && thread->patience != INT64_MAX)
			list[n++] = (struct option){ 't', i };
		if (machine.spurious)
			list[n++] = (struct option){ 'w', i };
	}
	if (running && machine.used == choices.bound && n > free_ones) {
		choices.cut = true;
		n = free_ones;
	}
	if (ready || free_ones)
		return n;
	/* Nothing moves but time. A nap comes to its end; who sleeps longer than that
	 * should have been woken. */
	n = 0;
	for (unsigned i = 0; i < machine.threads; i++)
		if (machine.thread[i].state == ASLEEP &&
		    machine.thread[i].patience < SHORT_SLEEP)
			list[n++] = (struct option){ 't', i };
	return n;
}

static bool state_is_known(bool running)
{
	uint64_t hash = machine.current << 1 | running;
	hash = mix(hash,
	           machine.timeouts << 16 | machine.spurious << 8 | machine.failures);
	for (unsigned i = 0; i < machine.threads; i++)
		hash += (machine.thread[i].hash + machine.thread[i].flushed * 3) *
		        (2 * i + UINT64_C(0x9e3779b97f4a7c15));
	return state_known(mix(hash, machine.seed));
}

/* Nobody can go on. */
static _Noreturn void all_still(void)
{
	char who[200] = "";
	int length = 0;
	for (unsigned i = 0; i < machine.threads; i++) {
		struct thread *thread = &machine.thread[i];
		if (thread->state == ENDED ||
		    (thread->state == ASLEEP && thread->own && machine.model->daemons))
			continue;
		length += snprintf(who + length, sizeof who - (size_t)length,
		                   " T%u in %s %s;", i, thread->where, thread->text);
		if (length >= (int)sizeof who)
			break;
	}
	if (length)
		model_fail("for ever asleep:%s", who);
	choices.outcome = FINISHED;
	thread_leave();
}

static struct option next_option(bool running)
{
	struct option list[3 * THREADS + 1];
	if (machine.tracing) {
		const struct decision *decision = told("sftw");
		if (decision)
			return (struct option){ decision->kind, decision->value };
		if (running)
			return (struct option){ 's', machine.current };
		if (choices.replayed == choices.decided)
			all_still();
		model_fail("the string doesn't fit: at step %u", machine.steps);
	}
	unsigned n = options_list(list, running);
	if (!n)
		all_still();
	if (choices.depth == choices.prefix && state_is_known(running)) {
		choices.outcome = KNOWN;
		thread_leave();
	}
	struct option option = list[pick(n)];
	bool goes_on = option.thread == machine.current && option.kind == 's';
	if (running && !goes_on && option.kind != 'f')
		machine.used++;
	if (!running || !goes_on)
		log_decision(option.kind, option.thread);
	return option;
}

static void decide(bool running)
{
	struct option option;
	while ((option = next_option(running)).kind == 'f') {
		if (!machine.thread[option.thread].stores)
			model_fail("the string doesn't fit: no store");
		store_flush(&machine.thread[option.thread]);
	}
	struct thread *thread = &machine.thread[option.thread];
	if (option.kind != 's') {
		if (option.kind == 't' && machine.timeouts)
			machine.timeouts--;
		if (option.kind == 'w')
			machine.spurious--;
		if (machine.tracing)
			trace(option.kind == 't' ? "time-out of" : "nothing wakes",
			      thread->where, thread->sleeps_on, "T%u", option.thread);
		sleeper_leaves(thread, option.kind == 't' ? -ETIMEDOUT : 0);
	}
	if (option.thread != machine.current)
		thread_switch(option.thread);
}

void point(const char *text, const char *where)
{
	current()->text = text;
	current()->where = where;
	decide(true);
}

void block(void)
{
	step();
	decide(false);
}

/* Who begins. Not part of the state: it says who is running anyway. */
unsigned first_thread(void)
{
	step();
	if (machine.tracing) {
		const struct decision *decision = told("c");
		return decision ? decision->value : 0;
	}
	unsigned taken = pick(machine.threads);
	if (taken)
		log_decision('c', taken);
	return taken;
}
