/* SPDX-License-Identifier: MIT */
/* No worker here submits beyond its ring: see w_shelf.c. */
#ifndef WEAK_NO_RINGS_H
#define WEAK_NO_RINGS_H

#include "rings.h"

static struct ring *rings_get(struct rings *rings)
{
	(void)rings;
	return NULL;
}

static void rings_put(struct rings *rings, struct ring *ring)
{
	(void)rings, (void)ring;
}

static bool rings_trim(struct rings *rings, const uint32_t *interrupt)
{
	(void)rings, (void)interrupt;
	return true;
}

static bool rings_trim_is_due(const struct rings *rings)
{
	(void)rings;
	return false;
}

#endif
