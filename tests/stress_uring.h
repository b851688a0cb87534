/* SPDX-License-Identifier: MIT */
/* What the files that use rings share, in the stress program. */
#ifndef TESTS_STRESS_URING_H
#define TESTS_STRESS_URING_H

#include "stress.h"

#include <sys/socket.h>
#include <threadlet/uring.h>

enum { OPERATIONS = 24 }; /* at once */

/* ---- stress_uring.c -------------------------------------------------------------- */

/* Who has no descriptors is refused them: a ring, or an operation by a blocking call. */
bool is_poor(int64_t error);

/* Submit; false if the ring has been shut down. */
bool give(tl_uring *ring, tl_operation *operation);

/* The result of what was given, once it has ended. */
int64_t take(tl_operation *operation);

/* Cancel it, now and then: then true. */
bool may_stop(unsigned *random, tl_operation *operation);

/* ---- stress_uring_use.c ------------------------------------------------------------ */

void use_stream(struct actor *actor, tl_uring *ring, tl_executor *executor);
void use_counter(struct actor *actor, tl_uring *ring);
void use_file(struct actor *actor, tl_uring *ring);
void use_sleepers(struct actor *actor, tl_uring *ring, tl_executor *executor);

#endif
