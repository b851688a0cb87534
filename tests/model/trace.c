/* SPDX-License-Identifier: MIT */
/*
 * A schedule in words, and as a string that runs it again: "12s1,30f0" means that at
 * operation 12 thread 1 comes next, at 30 the oldest delayed store of thread 0 gets to
 * memory. t: a time-out, w: a waking without reason, d: a store is delayed, c: the
 * answer to another question.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choice.h"

void trace(const char *text, const char *where, const void *address, const char *format,
           ...)
{
	va_list arguments;
	char value[100];
	va_start(arguments, format);
	vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	if (machine.alone)
		printf("%5u    ", machine.steps);
	else
		printf("%5u %*sT%u ", machine.steps, (int)machine.current * 2, "",
		       machine.current);
	printf("%-20s %s", where, text);
	if (address)
		printf("  [%s]", address_name(address));
	printf("  %s\n", value);
}

static void print_string(void)
{
	for (unsigned i = 0; i < choices.decided; i++)
		printf("%s%u%c%u", i ? "," : "", choices.decision[i].step,
		       choices.decision[i].kind, choices.decision[i].value);
	printf("\n");
}

/* The run that has just failed, once more. */
void show_failure(void)
{
	printf("  %s\n", failure);
	machine.tracing = true;
	if (run_once() == FAILED)
		printf("  %s\n", failure);
	else
		printf("  (it did not fail when run again)\n");
	machine.tracing = false;
	printf("  --memory %s --replay ", machine.buffered ? "tso" : "sc");
	print_string();
}

/* False if it fails. */
bool replay(const struct model *model, const char *string)
{
	choices.decided = 0;
	while (*string && choices.decided < MOST_DECISIONS) {
		char *end;
		struct decision *decision = &choices.decision[choices.decided++];
		decision->step = (unsigned)strtoul(string, &end, 10);
		if (end == string || !*end)
			break;
		decision->kind = *end;
		string = end + 1;
		decision->value = (unsigned)strtoul(string, &end, 10);
		string = *end ? end + 1 : end;
	}
	machine.model = model;
	machine.tracing = true;
	bool failed = run_once() == FAILED;
	machine.tracing = false;
	printf("  %s\n", failed ? failure : "no failure");
	return !failed;
}
