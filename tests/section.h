/* SPDX-License-Identifier: MIT */
/* What the tests of blocking sections share. */
#ifndef TESTS_SECTION_H
#define TESTS_SECTION_H

#include "support.h"

static const tl_options one_spare = { .spare_workers = 1 };

/* A task that is at the gate within a section; once it may, it says what begin said. */
struct section {
	struct gate gate;
	atomic_bool said;
	tl_executor *pool;
	atomic_long *count;
};
#define SECTION                                                                          \
	{                                                                                \
		.gate = GATE                                                             \
	}

static inline void *in_section(void *argument)
{
	struct section *section = argument;
	bool said = tl_blocking_begin();
	atomic_store(&section->said, said);
	gate_pass(&section->gate);
	tl_blocking_end();
	return VALUE(said);
}

/* Submitted, and inside. */
static inline tl_future *enter(tl_executor *pool, struct section *section)
{
	int before = atomic_load(&section->gate.inside);
	tl_future *future = tl_submit(pool, in_section, section);
	assert_soon(atomic_load(&section->gate.inside) == before + 1);
	return future;
}

#endif /* TESTS_SECTION_H */
