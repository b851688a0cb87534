/* SPDX-License-Identifier: MIT */
/* What the choices of a run are kept in; between choice.c, search.c and trace.c. */
#ifndef MODEL_CHOICE_H
#define MODEL_CHOICE_H

#include "machine.h"

#define MOST_CHOICES 4096
#define MOST_DECISIONS 4096

struct choice {
	uint8_t options, taken;
};

/* An answer that was not the first one: what a replay string is made of. */
struct decision {
	unsigned step, value;
	char kind;
};

struct choices {
	struct choice stack[MOST_CHOICES];
	unsigned prefix; /* of the stack: what this run repeats, then adds to */
	unsigned depth;
	unsigned bound;
	bool cut; /* an option was left out because of the bound */
	enum outcome outcome;

	struct decision decision[MOST_DECISIONS];
	unsigned decided, replayed;
};

extern struct choices choices;
extern char failure[400];

/* Remember this state; was it there, with no more of the bound used? */
bool state_known(uint64_t hash);

unsigned first_thread(void);

#endif
