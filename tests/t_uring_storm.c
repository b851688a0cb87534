/* SPDX-License-Identifier: MIT */
/* Threads that submit, cancel and wait in a random order, and a shutdown in their midst. */
#include "uring.h"

#include <fcntl.h>

#define THREADS 4
#define SLOTS 8

enum what { NOTHING, SLEEPS, READS, RECEIVES, WHATS };

struct storm {
	tl_uring *ring;
	uint32_t seed;
	atomic_long *submitted;
	int zero;
	tl_operation slots[SLOTS];
	struct pair pairs[SLOTS];
	enum what what[SLOTS];
	char bytes[SLOTS];
	long sent, received, ended;
};

static uint32_t next(struct storm *storm)
{
	storm->seed ^= storm->seed << 13;
	storm->seed ^= storm->seed >> 17;
	storm->seed ^= storm->seed << 5;
	return storm->seed;
}

static bool begins(struct storm *storm, int i)
{
	tl_operation *o = &storm->slots[i];
	enum what what = 1 + next(storm) % (WHATS - 1);
	if (what == SLEEPS)
		tl_operation_timeout(o, next(storm) % (300 * MICROSECOND));
	else if (what == READS)
		tl_operation_read(o, storm->zero, &storm->bytes[i], 1, 0);
	else
		tl_operation_recv(o, storm->pairs[i].ours, &storm->bytes[i], 1, 0);
	int error = tl_uring_submit(storm->ring, o);
	cr_assert(error == 0 || error == -ESHUTDOWN);
	storm->what[i] = error ? NOTHING : what;
	atomic_fetch_add(storm->submitted, !error);
	return !error;
}

static void ends(struct storm *storm, int i)
{
	int64_t result = result_of(&storm->slots[i]);
	storm->received += storm->what[i] == RECEIVES && result == 1;
	cr_assert(result >= 0 || result == -ECANCELED, "%d gave %d", storm->what[i],
	          (int)result);
	storm->what[i] = NOTHING;
	storm->ended++;
}

static void step(struct storm *storm, int i)
{
	uint32_t choice = next(storm) % 8;
	if (choice < 3)
		tl_future_cancel(&storm->slots[i].future);
	if (storm->what[i] == RECEIVES && choice >= 3)
		storm->sent += send(storm->pairs[i].theirs, "x", 1, 0);
	if (choice % 2)
		ends(storm, i);
}

static void *storms(void *argument)
{
	struct storm *storm = argument;
	bool open = true;
	for (long n = scaled(20000); n > 0 && open; n--) {
		int i = (int)(next(storm) % SLOTS);
		if (storm->what[i] == NOTHING)
			open = begins(storm, i);
		else
			step(storm, i);
	}
	for (int i = 0; i < SLOTS; i++)
		if (storm->what[i] != NOTHING) {
			tl_future_cancel(&storm->slots[i].future);
			ends(storm, i);
		}
	return NULL;
}

/* How many bytes nobody has received. */
static long drained(struct pair pair)
{
	char rest[64];
	ssize_t n;
	long all = 0;
	while ((n = recv(pair.ours, rest, sizeof rest, MSG_DONTWAIT)) > 0)
		all += n;
	pair_close(pair);
	return all;
}

static void storm_run(tl_uring *ring, bool shut)
{
	static struct storm storm[THREADS];
	tl_future *threads[THREADS];
	atomic_long submitted = 0;
	long ended = 0;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < THREADS; i++) {
		storm[i] = (struct storm){ .ring = ring,
			                   .seed = (uint32_t)i + 2463534242,
			                   .submitted = &submitted,
			                   .zero = zero };
		for (int k = 0; k < SLOTS; k++)
			storm[i].pairs[k] = pair_open();
		threads[i] = tl_spawn(storms, &storm[i]);
	}
	if (shut) {
		assert_soon(atomic_load(&submitted) > 100);
		cr_assert_eq(tl_uring_shutdown(ring, TL_CANCEL, TL_FOREVER), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		tl_await(threads[i]);
		for (int k = 0; k < SLOTS; k++)
			storm[i].received += drained(storm[i].pairs[k]);
		cr_assert_eq(storm[i].received, storm[i].sent, "a byte was lost");
		ended += storm[i].ended;
	}
	close(zero);
	cr_assert_eq(atomic_load(&submitted), ended);
	assert_soon((long)counts_of(ring).completed == ended);
	cr_assert_eq((long)counts_of(ring).submitted, ended);
}

Test(uring_storm, each_operation_ends_once_and_no_byte_is_lost)
{
	WITH_RINGS(ring, .entries = 4)
	{
		storm_run(ring, false);
	}
	END_CLEAN();
}

Test(uring_storm, shutdown_in_its_midst_ends_all)
{
	for (int round = 0; round < 10; round++) {
		WITH_RINGS(ring, .entries = 4)
		{
			storm_run(ring, true);
		}
	}
	END_CLEAN();
}
