/* SPDX-License-Identifier: MIT */
/* layer 2: cpus · how many CPUs this process may use */
#ifndef TL_CPUS_H
#define TL_CPUS_H

#include "base.h"

static unsigned cpus_allowed(void); /* by its affinity, at least 1 */

/* By affinity and by the CPU quota of its cgroups; `root` is "/" but in tests. */
static unsigned cpus_usable(const char *root);

#endif
