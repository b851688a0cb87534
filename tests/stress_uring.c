/* SPDX-License-Identifier: MIT */
/*
 * Rings, for the stress program: shared ones, and some that come and go with operations
 * under way. Each operation given ends once, with what it may end with.
 */
#include "stress_uring.h"

#include <pthread.h>
#include <unistd.h>

enum {
	RINGS = 3,
	ENOUGH =
		256 /* threads for blocking calls: who waits has what he waits for begun */
};

static tl_uring *rings[RINGS];

bool is_poor(int64_t error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* ---- One operation -------------------------------------------------------------- */

bool give(tl_uring *ring, tl_operation *operation)
{
	int result = tl_uring_submit(ring, operation);
	CHECK(!result || result == -ESHUTDOWN);
	did(result ? &count.refused : &count.given);
	return !result;
}

int64_t take(tl_operation *operation)
{
	int64_t result;
	do
		result = tl_operation_result(operation, TL_FOREVER);
	while (!tl_future_done(&operation->future)); /* a circle, or no stack */
	CHECK(tl_operation_result(operation, 0) == result);
	did(&count.ended);
	if (result == -ECANCELED)
		did(&count.stopped);
	return result;
}

bool may_stop(unsigned *random, tl_operation *operation)
{
	if (below(random, 4))
		return false;
	if (below(random, 2))
		pause_for(below(random, 40) * MICROSECOND);
	int result = tl_future_cancel(&operation->future);
	CHECK(!result || result == -EINPROGRESS || result == -EALREADY);
	return true;
}

/* ThreadSanitizer isn't told that liburing unmaps a ring's memory and maps it anew; here
 * it is written first. */
TL_API const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race_top:^driver_entry$\n"
	       "race_top:^driver_hand_over$\n"
	       "race_top:^io_uring_\n";
}

/* ---- Copies that nobody waits for -------------------------------------------------- */

struct copy {
	tl_callback node;
	atomic_uint called;
	unsigned position; /* of the byte it receives */
};

static char received[OPERATIONS];

static void copy_ended(tl_future *future, void *context)
{
	struct copy *copy = context;
	void *value;
	int result = tl_future_result(future, &value, 0);
	CHECK(result == -ECANCELED || is_poor(result) || (!result && !value));
	if (result == -ECANCELED)
		did(&count.stopped);
	did(&count.ended);
	atomic_fetch_add(&copy->called, 1);
}

static bool copy_begin(tl_uring *ring, struct copy *copy, int file, unsigned *random)
{
	tl_operation prepared;
	copy->node = (tl_callback){ .function = copy_ended, .context = copy };
	if (below(random, 2))
		tl_operation_timeout(&prepared, below(random, 200) * MICROSECOND);
	else
		tl_operation_recv(&prepared, file, &received[copy->position], 1, 0);
	tl_operation *operation = tl_uring_start(ring, &prepared);
	CHECK(operation || errno == ESHUTDOWN);
	memset(&prepared, 0x5a, sizeof prepared);
	if (!operation)
		return false;
	did(&count.given);
	CHECK(!tl_future_on_done(&operation->future, &copy->node));
	may_stop(random, operation);
	tl_operation_release(operation);
	return true;
}

/* ---- A ring that goes while operations are under way --------------------------------- */

static void *give_until_refused(void *ring)
{
	for (unsigned random = 1 + (unsigned)(uintptr_t)ring;;) {
		tl_operation operation;
		tl_operation_timeout(&operation, below(&random, 20) * MICROSECOND);
		if (!give(ring, &operation))
			return NULL;
		int64_t result = take(&operation);
		CHECK(!result || result == -ECANCELED || is_poor(result));
	}
}

/* Some wait for what never comes, some are about to end. */
static void leave_under_way(struct actor *actor, tl_uring *ring, int file,
                            tl_operation *operations, bool *given)
{
	static _Thread_local char bytes[OPERATIONS];
	for (unsigned i = 0; i < OPERATIONS; i++) {
		tl_operation *operation = &operations[i];
		if (below(&actor->random, 2))
			tl_operation_recv(operation, file, &bytes[i], 1, 0);
		else
			tl_operation_timeout(operation,
			                     below(&actor->random, 2)
			                             ? TL_FOREVER
			                             : below(&actor->random, 100) *
			                                       MICROSECOND);
		given[i] = give(ring, operation);
		if (given[i])
			may_stop(&actor->random, operation);
	}
}

static void shut(struct actor *actor, tl_uring *ring)
{
	for (int tries = 0;; tries++) {
		bool last = tries > 3;
		enum tl_shutdown_mode how =
			last || below(&actor->random, 2) ? TL_CANCEL : TL_DRAIN;
		int result = tl_uring_shutdown(
			ring, how,
			last ? TL_FOREVER : below(&actor->random, 100) * MICROSECOND);
		CHECK(!result || result == -ETIMEDOUT);
		if (!result)
			break;
		did(&count.timeouts);
	}
	tl_uring_counts counts;
	CHECK(!tl_uring_stats(ring, &counts, sizeof counts));
	CHECK(counts.submitted == counts.completed);
}

static void use_ring(struct actor *actor, tl_uring *ring, tl_executor *executor)
{
	switch (below(&actor->random, 4)) {
	case 0: use_stream(actor, ring, executor); break;
	case 1: use_counter(actor, ring); break;
	case 2: use_file(actor, ring); break;
	default: use_sleepers(actor, ring, executor);
	}
}

static tl_uring *ring_make(unsigned *random, unsigned max_blocking)
{
	tl_uring_options options = {
		.entries = 1 + below(random, 16),
		.flags = below(random, 2) ? TL_URING_BLOCKING : 0,
		.max_blocking = max_blocking,
	};
	tl_uring *ring = tl_uring_create(&options);
	CHECK(ring || is_poor(-errno));
	if (ring)
		did(&count.rings);
	return ring;
}

static void use_ring_of_its_own(struct actor *actor, tl_executor *executor)
{
	tl_operation operations[OPERATIONS];
	bool given[OPERATIONS], copied[OPERATIONS];
	struct copy copies[OPERATIONS] = { 0 };
	int files[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, files))
		return;
	bool few = below(&actor->random, 2);
	tl_uring *ring =
		ring_make(&actor->random, few ? 1 + below(&actor->random, 8) : ENOUGH);
	pthread_t other;
	bool others = ring && below(&actor->random, 3) == 0;
	if (others)
		CHECK(!pthread_create(&other, NULL, give_until_refused, ring));
	if (ring && !few && below(&actor->random, 2))
		use_ring(actor, ring, executor);
	if (ring)
		leave_under_way(actor, ring, files[0], operations, given);
	for (unsigned i = 0; ring && i < OPERATIONS; i++) {
		copies[i].position = i;
		copied[i] = copy_begin(ring, &copies[i], files[0], &actor->random);
	}
	if (others || (ring && below(&actor->random, 2)))
		shut(actor, ring);
	if (others)
		pthread_join(other, NULL);
	CHECK(!tl_uring_destroy(ring));
	for (unsigned i = 0; ring && i < OPERATIONS; i++) {
		CHECK(atomic_load(&copies[i].called) == copied[i]);
		if (!given[i])
			continue;
		CHECK(tl_future_done(&operations[i].future));
		int64_t result = take(&operations[i]);
		CHECK(!result || result == -ECANCELED || is_poor(result));
	}
	close(files[0]);
	close(files[1]);
}

/* ---- What the program calls --------------------------------------------------------- */

void rings_open(void)
{
	unsigned random = (unsigned)seed | 1;
	for (unsigned i = 0; i < RINGS; i++)
		rings[i] = ring_make(&random, ENOUGH);
}

void use_rings(struct actor *actor, tl_executor *executor)
{
	tl_uring *ring = rings[below(&actor->random, RINGS)];
	if (ring && below(&actor->random, 3))
		use_ring(actor, ring, executor);
	else
		use_ring_of_its_own(actor, executor);
}

void rings_close(void)
{
	for (unsigned i = 0; i < RINGS; i++) {
		tl_uring_counts counts;
		if (!rings[i])
			continue;
		CHECK(!tl_uring_shutdown(rings[i], TL_DRAIN, TL_FOREVER));
		CHECK(!tl_uring_stats(rings[i], &counts, sizeof counts));
		CHECK(counts.submitted == counts.completed);
		CHECK(!tl_uring_destroy(rings[i]));
	}
}
