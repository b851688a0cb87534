/* SPDX-License-Identifier: MIT */
/*
 * usage: PROGRAM [--memory sc|tso] [--bound N] [--seconds S] [--quiet]
 *                [--list] [--hunt] [--replay STRING] [NAME]
 *
 * Without a name: all models of this program, in TSO memory, which allows all that sc
 * does, with bounds from 0 up to each model's own, or N. A model that has a planted bug
 * must fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choice.h"
#include "race.h"

static struct {
	const char *memory, *name, *replay;
	int bound;
	double seconds;
	bool quiet, list, hunt;
} wish = { .bound = -1, .seconds = 60 };

/* With growing bounds, so that the first failure found is a short one. */
static bool run_model(const struct model *model, bool buffered)
{
	unsigned bound = wish.bound >= 0 ? (unsigned)wish.bound : model->bound;
	struct result result, total = { 0 };
	bool expected = buffered           ? model->fails
	                : races_followed() ? model->fails_watched
	                                   : model->fails_in_order;
	unsigned b = 0;
	memory_forget();
	for (;; b++) {
		search(model, buffered, b, wish.seconds - total.seconds, &result);
		total.runs += result.runs;
		total.steps += result.steps;
		total.seconds += result.seconds;
		if (result.failed || result.unbounded || !result.complete || b == bound)
			break;
	}
	const char *how = result.failed ? expected ? "found, as it must be" : "FAILED"
	                  : expected    ? "NOT FOUND"
	                  : result.unbounded ? "complete, without a bound"
	                  : result.complete  ? "complete"
	                                     : "out of time";
	printf("%-24s %-3s bound %u: %9llu runs %10llu steps %6.1f s  %s\n", model->name,
	       buffered ? "TSO" : "SC", b, (unsigned long long)total.runs,
	       (unsigned long long)total.steps, total.seconds, how);
	fflush(stdout);
	if (result.failed && !expected && !wish.quiet)
		show_failure();
	return result.failed == expected;
}

/* For mutants: all models with bound 0, then all with 1..., up to the first failure. */
static bool hunt(void)
{
	struct result result;
	for (unsigned bound = 0; bound <= 4; bound++) {
		for (const struct model *model = models; model->name; model++) {
			bool buffered = !races_followed();
			unsigned most =
				wish.bound >= 0 ? (unsigned)wish.bound : model->bound;
			if (bound > most || model->fails || model->fails_watched)
				continue;
			memory_forget();
			search(model, buffered, bound, wish.seconds, &result);
			if (!result.failed)
				continue;
			printf("%s, bound %u: %s\n", model->name, bound, failure);
			return false;
		}
	}
	return true;
}

static void parse(int count, char **arguments)
{
	for (int i = 1; i < count; i++) {
		const char *word = arguments[i];
		const char *value = i + 1 < count ? arguments[i + 1] : NULL;
		if (word[0] != '-') {
			wish.name = word;
			continue;
		}
		if (!strcmp(word, "--quiet")) {
			wish.quiet = true;
			continue;
		}
		if (!strcmp(word, "--list")) {
			wish.list = true;
			continue;
		}
		if (!strcmp(word, "--hunt")) {
			wish.hunt = true;
			continue;
		}
		i++;
		if (value && !strcmp(word, "--memory"))
			wish.memory = value;
		else if (value && !strcmp(word, "--bound"))
			wish.bound = atoi(value);
		else if (value && !strcmp(word, "--seconds"))
			wish.seconds = atof(value);
		else if (value && !strcmp(word, "--replay"))
			wish.replay = value;
		else {
			fprintf(stderr, "%s: what is %s?\n", arguments[0], word);
			exit(2);
		}
	}
	if (wish.bound > 15)
		wish.bound = 15;
}

int main(int count, char **arguments)
{
	bool ok = true;
	unsigned ran = 0;
	parse(count, arguments);
	memory_init();
	if (races_followed() && !wish.memory)
		wish.memory = "sc";
	if (wish.hunt)
		return hunt() ? 0 : 1;
	for (const struct model *model = models; model->name; model++) {
		if (wish.name && strcmp(wish.name, model->name))
			continue;
		ran++;
		if (wish.list) {
			puts(model->name);
			continue;
		}
		if (wish.replay) {
			machine.buffered = wish.memory && !strcmp(wish.memory, "tso");
			ok &= replay(model, wish.replay);
			continue;
		}
		/* What sequential consistency allows, TSO does. */
		if (wish.memory ? !strcmp(wish.memory, "sc") : model->fails)
			ok &= run_model(model, false);
		if (!wish.memory || !strcmp(wish.memory, "tso"))
			ok &= run_model(model, true);
	}
	if (!ran) {
		fprintf(stderr, "%s: no model %s\n", arguments[0], wish.name);
		return 2;
	}
	return ok ? 0 : 1;
}
