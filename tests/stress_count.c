/* SPDX-License-Identifier: MIT */
/* Counting and checking, for the stress program. */
#include "stress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct count count;
tl_executor *shared[SHARED];
atomic_bool over;
unsigned long seed;

int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MILLISECOND + t.tv_nsec;
}

void dump(const char *why)
{
	fprintf(stderr, "stress: %s; seed %lu\n", why, seed);
	fprintf(stderr,
	        "operations %lu: cells %lu, posts %lu, own tasks %lu, batches %lu, timers %lu, "
	        "go %lu, spawns %lu, executors %lu, groups %lu, queues %lu, regions %lu, "
	        "loops %lu\n",
	        count.operations, count.cells, count.posts, count.own, count.batches,
	        count.timers, count.go, count.spawns, count.executors, count.groups,
	        count.queues, count.regions, count.loops);
	fprintf(stderr,
	        "accepted %lu = ran %lu + cancelled %lu; failed %lu, refused %lu, "
	        "callbacks %lu, removed %lu, timeouts %lu\n",
	        count.accepted, count.ran, count.cancelled, count.failed, count.refused,
	        count.callbacks, count.removed, count.timeouts);
	if (count.rings)
		fprintf(stderr,
		        "rings %lu: operations given %lu = ended %lu, stopped %lu\n",
		        count.rings, count.given, count.ended, count.stopped);
	for (int i = 0; i < SHARED; i++) {
		tl_stats stats;
		if (!shared[i] || tl_executor_stats(shared[i], &stats, sizeof stats))
			continue;
		fprintf(stderr,
		        "shared %d: submitted %lu completed %lu cancelled %lu "
		        "queued %lu workers %lu idle %lu\n",
		        i, (unsigned long)stats.submitted, (unsigned long)stats.completed,
		        (unsigned long)stats.cancelled, (unsigned long)stats.queued,
		        (unsigned long)stats.workers, (unsigned long)stats.idle);
	}
}

void die(const char *why)
{
	dump(why);
	_exit(1);
}

void did(atomic_ulong *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

unsigned next_random(unsigned *state)
{
	unsigned x = *state;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

unsigned below(unsigned *state, unsigned n)
{
	return next_random(state) % n;
}

void pause_for(int64_t time)
{
	clock_nanosleep(CLOCK_MONOTONIC, 0,
	                &(struct timespec){ time / (1000 * MILLISECOND),
	                                    time % (1000 * MILLISECOND) },
	                NULL);
}
