/* SPDX-License-Identifier: MIT */
/*
 * Depth first through the choices by running the model again from the start: each run
 * repeats a beginning of the stack of choices, takes the next answer at its end, and
 * goes on with first answers. States met before are kept in a table of fixed size; one
 * that was driven out of it is only explored again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "choice.h"

#define TABLE_BITS 24
#define WAYS 4
#define USED_MASK UINT64_C(15) /* the bound used, in place of the hash's last bits */

struct machine machine;
char failure[400];

static uint64_t *table;
static uint64_t states;
static jmp_buf alone_failed;

static void table_clear(void)
{
	size_t size = sizeof *table << TABLE_BITS;
	if (table)
		munmap(table, size);
	table = mmap(NULL, size, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED) {
		perror("mmap");
		_Exit(2);
	}
	states = 0;
}

bool state_known(uint64_t hash)
{
	uint64_t *set = &table[hash >> (64 - TABLE_BITS) & ~(uint64_t)(WAYS - 1)];
	uint64_t key = hash & ~USED_MASK, used = machine.used;
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i] == 0) {
			set[i] = key | used;
			states++;
			return false;
		}
		if ((set[i] & ~USED_MASK) == key) {
			if ((set[i] & USED_MASK) <= used)
				return true;
			set[i] = key | used;
			return false;
		}
	}
	set[states++ % WAYS] = key | used;
	return false;
}

void model_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(failure, sizeof failure, format, arguments);
	va_end(arguments);
	choices.outcome = FAILED;
	if (machine.alone)
		longjmp(alone_failed, 1);
	thread_leave();
}

enum outcome run_once(void)
{
	const struct model *model = machine.model;
	memory_reset();
	threads_reset();
	machine.run++;
	machine.alone = true;
	machine.current = machine.turns = machine.steps = machine.used = 0;
	machine.seed = 0;
	machine.timeouts = model->timeouts;
	machine.spurious = model->spurious;
	machine.failures = model->failures;
	choices.depth = 0;
	if (!machine.tracing)
		choices.decided = 0;
	choices.replayed = 0;
	if (setjmp(alone_failed))
		return FAILED;
	for (unsigned i = 0; i < 6 && model->threads[i]; i++)
		thread_new(model->threads[i], NULL, NULL);
	if (model->setup)
		model->setup();
	thread_run_first(first_thread());
	if (choices.outcome == FINISHED && model->check)
		model->check();
	return choices.outcome;
}

/* The next answer to the last question that has one left; false: all explored. */
static bool next_run(void)
{
	while (choices.prefix > 0) {
		struct choice *last = &choices.stack[choices.prefix - 1];
		if (last->taken + 1 < last->options) {
			last->taken++;
			return true;
		}
		choices.prefix--;
	}
	return false;
}

/* Of our own CPU: what is found must not depend on what else the machine does. */
static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void search(const struct model *model, bool buffered, unsigned bound, double seconds,
            struct result *result)
{
	double begin = now();
	machine.model = model;
	machine.buffered = buffered;
	machine.tracing = false;
	*result = (struct result){ 0 };
	choices.bound = bound;
again:
	choices.prefix = 0;
	choices.cut = false;
	machine.found_shared = false;
	table_clear();
	do {
		if (run_once() == FAILED)
			result->failed = true;
		result->runs++;
		result->steps += machine.steps;
		if (result->failed)
			break;
		if (machine.found_shared)
			goto again;
		if (result->runs % 256 == 0 && now() - begin > seconds)
			break;
	} while ((result->complete = !next_run()) == false);
	result->unbounded = result->complete && !choices.cut;
	result->states = states;
	result->seconds = now() - begin;
}
