/* SPDX-License-Identifier: MIT */
/*
 * What the stress program does with a ring. A byte that was written is read once, in its
 * place; a file has what was written last; a timeout isn't early. Operations are awaited
 * by tasks, threads, groups and completion queues, and cancelled at any moment.
 */
#include "stress_uring.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK = 64, STREAM = 512 };

/* ---- A stream of bytes ---------------------------------------------------------- */

struct stream {
	tl_uring *ring;
	int files[2]; /* a pipe, or two ends of a socket */
	bool socket;
	unsigned random;
	size_t done;
};

static unsigned char byte_at(size_t position)
{
	return (unsigned char)(position * 131 >> 3);
}

/* Until STREAM bytes have gone through, the ring is shut down or there is no descriptor. */
static void *stream_write(void *argument)
{
	struct stream *stream = argument;
	unsigned char bytes[BLOCK];
	while (stream->done < STREAM) {
		tl_operation operation;
		unsigned n = 1 + below(&stream->random, BLOCK);
		for (unsigned i = 0; i < n; i++)
			bytes[i] = byte_at(stream->done + i);
		if (stream->socket)
			tl_operation_send(&operation, stream->files[1], bytes, n, 0);
		else
			tl_operation_write(&operation, stream->files[1], bytes, n, 0);
		if (!give(stream->ring, &operation))
			break;
		bool stopped = may_stop(&stream->random, &operation);
		int64_t result = take(&operation);
		CHECK((result > 0 && result <= n) || is_poor(result) ||
		      (stopped && result == -ECANCELED));
		if (result > 0)
			stream->done += (size_t)result;
		else if (result != -ECANCELED)
			break;
	}
	if (stream->socket)
		shutdown(stream->files[1], SHUT_WR);
	else
		close(stream->files[1]);
	return NULL;
}

static void *stream_read(void *argument)
{
	struct stream *stream = argument;
	unsigned char bytes[BLOCK];
	for (;;) {
		tl_operation operation;
		unsigned n = 1 + below(&stream->random, BLOCK);
		if (stream->socket)
			tl_operation_recv(&operation, stream->files[0], bytes, n, 0);
		else
			tl_operation_read(&operation, stream->files[0], bytes, n, 0);
		if (!give(stream->ring, &operation))
			break;
		bool stopped = may_stop(&stream->random, &operation);
		int64_t result = take(&operation);
		CHECK((result >= 0 && result <= n) || is_poor(result) ||
		      (stopped && result == -ECANCELED));
		for (int64_t i = 0; i < result; i++)
			CHECK(bytes[i] == byte_at(stream->done++));
		if (result <= 0 && result != -ECANCELED)
			break;
	}
	return NULL;
}

/* Reader and writer: both here, or the one a task, which may be the only one at a time. */
void use_stream(struct actor *actor, tl_uring *ring, tl_executor *executor)
{
	struct stream to = { .ring = ring, .random = next_random(&actor->random) };
	to.socket = below(&actor->random, 2);
	if (to.socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to.files)
	              : pipe2(to.files, O_CLOEXEC))
		return;
	struct stream from = to;
	from.random ^= 0x5a5a5a;
	tl_future *task = tl_submit(executor, stream_write, &to);
	CHECK(task);
	if (below(&actor->random, 2))
		tl_future_wait(task, TL_FOREVER); /* all fits into it */
	stream_read(&from);
	CHECK(!tl_future_wait(task, TL_FOREVER));
	tl_future_release(task);
	char rest[STREAM];
	ssize_t left;
	while ((left = read(to.files[0], rest, sizeof rest)) > 0)
		for (ssize_t i = 0; i < left; i++)
			CHECK((unsigned char)rest[i] == byte_at(from.done++));
	CHECK(from.done == to.done);
	close(to.files[0]);
	if (to.socket)
		close(to.files[1]);
}

/* ---- Many at once --------------------------------------------------------------- */

/* Several take what is written, each one of it; what is left is still there. */
void use_counter(struct actor *actor, tl_uring *ring)
{
	tl_operation operations[OPERATIONS];
	uint64_t values[OPERATIONS], sum = 0, taken = 0;
	bool given[OPERATIONS];
	int file = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
	if (file < 0)
		return;
	unsigned n = 2 + below(&actor->random, OPERATIONS - 1);
	for (unsigned i = 0; i < n; i++) {
		bool writes = below(&actor->random, 3) == 0;
		values[i] = writes ? 1 + below(&actor->random, 3) : 0;
		if (writes)
			tl_operation_write(&operations[i], file, &values[i], 8, 0);
		else
			tl_operation_read(&operations[i], file, &values[i], 8, 0);
		given[i] = give(ring, &operations[i]);
		if (given[i] && writes) {
			int64_t result = take(&operations[i]);
			CHECK(result == 8 || is_poor(result));
			sum += result == 8 ? values[i] : 0;
			given[i] = false;
		} else if (given[i]) {
			may_stop(&actor->random, &operations[i]);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (!given[i])
			continue;
		tl_future_cancel(&operations[i].future);
		int64_t result = take(&operations[i]);
		CHECK(result == 8 || result == -ECANCELED || is_poor(result));
		CHECK(result != 8 || values[i] == 1);
		taken += result == 8;
	}
	CHECK(taken <= sum);
	for (uint64_t left = sum - taken, one; left--;)
		CHECK(read(file, &one, sizeof one) == 8 && one == 1);
	CHECK(!fcntl(file, F_SETFL, O_NONBLOCK));
	CHECK(read(file, values, 8) < 0 && errno == EAGAIN);
	close(file);
}

/* Blocks of a file, each written and read back. */
void use_file(struct actor *actor, tl_uring *ring)
{
	static const unsigned char zeros[BLOCK];
	tl_operation operations[OPERATIONS];
	unsigned char blocks[OPERATIONS][BLOCK], back[OPERATIONS][BLOCK];
	bool given[OPERATIONS], stopped[OPERATIONS], old[OPERATIONS];
	int file = memfd_create("stress", MFD_CLOEXEC);
	if (file < 0)
		return;
	CHECK(!ftruncate(file, sizeof blocks));
	unsigned n = 1 + below(&actor->random, OPERATIONS);
	for (int reads = 0; reads < 2; reads++) {
		for (unsigned i = 0; i < n; i++) {
			stopped[i] = false;
			if (!reads)
				memset(blocks[i], (int)(1 + below(&actor->random, 255)),
				       BLOCK);
			if (reads)
				tl_operation_read(&operations[i], file, back[i], BLOCK,
				                  i * (uint64_t)BLOCK);
			else
				tl_operation_write(&operations[i], file, blocks[i], BLOCK,
				                   i * (uint64_t)BLOCK);
			given[i] = give(ring, &operations[i]);
			if (given[i])
				stopped[i] = may_stop(&actor->random, &operations[i]);
		}
		for (unsigned i = 0; i < n; i++) {
			int64_t result = given[i] ? take(&operations[i]) : -ESHUTDOWN;
			CHECK(!given[i] || result == BLOCK ||
			      (stopped[i] && result == -ECANCELED));
			if (!reads)
				old[i] = result != BLOCK;
			else if (result == BLOCK)
				CHECK(!memcmp(back[i], old[i] ? zeros : blocks[i],
				              BLOCK));
		}
		tl_operation sync;
		tl_operation_fsync(&sync, file, 0);
		if (give(ring, &sync))
			CHECK(take(&sync) == 0);
	}
	close(file);
}

/* ---- Waiting for them ----------------------------------------------------------- */

struct sleeper {
	tl_operation operation;
	tl_uring *ring;
	int64_t begin, duration;
	bool given, stopped;
};

static void sleeper_begin(struct sleeper *sleeper, tl_uring *ring, unsigned *random)
{
	sleeper->ring = ring;
	sleeper->duration = below(random, 300) * MICROSECOND;
	sleeper->begin = now();
	tl_operation_timeout(&sleeper->operation, sleeper->duration);
	sleeper->given = give(ring, &sleeper->operation);
	sleeper->stopped = sleeper->given && may_stop(random, &sleeper->operation);
}

static void sleeper_end(struct sleeper *sleeper)
{
	if (!sleeper->given)
		return;
	int64_t result = take(&sleeper->operation);
	CHECK(!result || is_poor(result) || (sleeper->stopped && result == -ECANCELED));
	CHECK(result || now() - sleeper->begin >= sleeper->duration);
}

static void *sleep_in_task(void *argument)
{
	struct sleeper *sleeper = argument;
	unsigned random = (unsigned)(uintptr_t)argument | 1;
	sleeper_begin(sleeper, sleeper->ring, &random);
	sleeper_end(sleeper);
	return NULL;
}

/* By a group's tasks; by threads, one by one; by a completion queue. */
void use_sleepers(struct actor *actor, tl_uring *ring, tl_executor *executor)
{
	static _Thread_local struct sleeper sleepers[OPERATIONS];
	tl_future *futures[OPERATIONS];
	unsigned n = 1 + below(&actor->random, OPERATIONS), given = 0;
	tl_group group;
	if (below(&actor->random, 3) == 0 && !tl_group_init(&group, executor, NULL)) {
		did(&count.groups);
		for (unsigned i = 0; i < n; i++) {
			sleepers[i].ring = ring;
			futures[i] = tl_group_submit(&group, sleep_in_task, &sleepers[i]);
			CHECK(futures[i]);
			tl_future_release(futures[i]);
		}
		CHECK(!tl_group_wait(&group, TL_FOREVER));
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		sleeper_begin(&sleepers[i], ring, &actor->random);
		if (sleepers[i].given)
			futures[given++] = &sleepers[i].operation.future;
	}
	if (given && below(&actor->random, 2))
		take_some(futures, given, next_random(&actor->random));
	else if (given)
		CHECK(tl_wait(futures, given, below(&actor->random, 2) ? TL_ANY : TL_ALL,
		              TL_FOREVER) >= 0);
	for (unsigned i = 0; i < n; i++)
		sleeper_end(&sleepers[i]);
}
