/* SPDX-License-Identifier: MIT */
/* layer 7: uring_blocking · operations as blocking system calls, where there is no ring */
/*
 * Each is a task of a pool that the ring keeps for this. It waits for its descriptor with
 * poll, beside an eventfd of its own by which it is interrupted. Not to be interrupted
 * are files, which are always ready, and connect; and a call that blocks in spite of
 * what poll has said, as when two tasks read one pipe.
 */
#include "uring_ring.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "clock.h"
#include "event.h"

/* ---- Waiting -------------------------------------------------------------------- */

static void blocking_interrupt(tl_operation *operation)
{
	if (operation->wake_ >= 0)
		event_set(operation->wake_);
}

static int blocking_poll(int fd, short events, int wake, int64_t deadline)
{
	struct pollfd both[] = { { .fd = wake, .events = POLLIN },
		                 { .fd = fd, .events = events } };
	for (;;) {
		int64_t left = deadline == TL_FOREVER ? 0 : deadline - clock_now();
		left = left > 0 ? left : 0;
		struct timespec time = { .tv_sec = (time_t)(left / 1000000000),
			                 .tv_nsec = (long)(left % 1000000000) };
		int n = ppoll(both, 2, deadline == TL_FOREVER ? NULL : &time, NULL);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return both[0].revents ? -ECANCELED : 0;
		if (n == 0 && clock_now() >= deadline)
			return -ETIME;
	}
}

/* Wait until fd (none: -1) is ready: 0; -ETIME at the deadline; -ECANCELED. */
static int blocking_wait(tl_operation *operation, int fd, short events, int64_t deadline)
{
	struct lock *l = &operation_ring(operation)->lock;
	int wake = event_new();
	if (wake < 0)
		return wake;
	lock(l);
	bool asked = operation->asked_;
	operation->wake_ = wake;
	unlock(l);
	int result = asked ? -ECANCELED : blocking_poll(fd, events, wake, deadline);
	lock(l);
	operation->wake_ = -1;
	unlock(l);
	event_close(wake);
	return result;
}

static int blocking_ready(tl_operation *operation, short events)
{
	int fd = operation->sqe.fd;
	struct stat status;
	if (fstat(fd, &status))
		return -errno;
	if (operation->sqe.opcode != IORING_OP_READ &&
	    operation->sqe.opcode != IORING_OP_WRITE && !S_ISSOCK(status.st_mode))
		return -ENOTSOCK; /* or poll would wait for what never comes */
	if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode))
		return 0;
	return blocking_wait(operation, fd, events, TL_FOREVER);
}

static int blocking_timeout(tl_operation *operation)
{
	const struct __kernel_timespec *time = (void *)(uintptr_t)operation->sqe.addr;
	int64_t end, least = TL_FOREVER / 1000000000;
	if (operation->sqe.timeout_flags & ~(unsigned)IORING_TIMEOUT_ABS)
		return -EOPNOTSUPP;
	end = time->tv_sec >= least ? TL_FOREVER
	                            : time->tv_sec * 1000000000 + time->tv_nsec;
	if (!(operation->sqe.timeout_flags & IORING_TIMEOUT_ABS))
		end = deadline_after(end);
	return blocking_wait(operation, -1, 0, end);
}

/* ---- The calls ------------------------------------------------------------------ */

/* A read or write at a position, of what may have none. */
static ssize_t blocking_transfer(const struct io_uring_sqe *sqe)
{
	void *buffer = (void *)(uintptr_t)sqe->addr;
	off_t at = (off_t)sqe->off;
	bool reads = sqe->opcode == IORING_OP_READ;
	if (at != -1) {
		ssize_t n = reads ? pread(sqe->fd, buffer, sqe->len, at)
		                  : pwrite(sqe->fd, buffer, sqe->len, at);
		if (n >= 0 || errno != ESPIPE)
			return n;
	}
	return reads ? read(sqe->fd, buffer, sqe->len) : write(sqe->fd, buffer, sqe->len);
}

static ssize_t blocking_call(const struct io_uring_sqe *sqe)
{
	void *address = (void *)(uintptr_t)sqe->addr;
	switch (sqe->opcode) {
	case IORING_OP_FSYNC:
		return sqe->fsync_flags & IORING_FSYNC_DATASYNC ? fdatasync(sqe->fd)
		                                                : fsync(sqe->fd);
	case IORING_OP_ACCEPT:
		return accept4(sqe->fd, address, (socklen_t *)(uintptr_t)sqe->addr2,
		               (int)sqe->accept_flags);
	case IORING_OP_CONNECT: return connect(sqe->fd, address, (socklen_t)sqe->off);
	case IORING_OP_RECV: return recv(sqe->fd, address, sqe->len, (int)sqe->msg_flags);
	case IORING_OP_SEND:
		return send(sqe->fd, address, sqe->len,
		            (int)sqe->msg_flags | MSG_NOSIGNAL);
	default: return blocking_transfer(sqe);
	}
}

static int blocking_do(tl_operation *operation)
{
	const struct io_uring_sqe *sqe = &operation->sqe;
	short events;
	switch (sqe->opcode) {
	case IORING_OP_NOP: return 0;
	case IORING_OP_TIMEOUT: return blocking_timeout(operation);
	case IORING_OP_READ:
	case IORING_OP_RECV:
	case IORING_OP_ACCEPT: events = POLLIN; break;
	case IORING_OP_WRITE:
	case IORING_OP_SEND: events = POLLOUT; break;
	case IORING_OP_FSYNC:
	case IORING_OP_CONNECT: events = 0; break;
	default: return -EOPNOTSUPP;
	}
	if (sqe->flags)
		return -EOPNOTSUPP;
	ssize_t n;
	do {
		int error = events ? blocking_ready(operation, events) : 0;
		if (error)
			return error;
		n = blocking_call(sqe);
	} while (n < 0 && (errno == EINTR || (events && errno == EAGAIN)));
	return n < 0 ? -errno : (int)n;
}

/* ---- Its task ------------------------------------------------------------------- */

/* In each of its threads. */
static void blocking_begin(void *ring)
{
	driven = ring;
}

static void *blocking_run(void *argument)
{
	tl_operation *operation = argument;
	tl_uring *ring = operation_ring(operation);
	lock(&ring->lock);
	bool asked = operation->asked_;
	if (!asked)
		operation_move(ring, operation, FLYING);
	unlock(&ring->lock);
	operation->result_ = asked ? -ECANCELED : blocking_do(operation);
	return NULL;
}

/* The task is over, so its memory may go with the end of the operation. */
static void blocking_ended(tl_future *future, void *context)
{
	tl_operation *operation = context;
	tl_future_remove(future, &operation->ended_);
	operations_end(operation_ring(operation), &operation, 1);
}

static int blocking_submit(tl_uring *ring, tl_operation *operation)
{
	tl_future *future = &operation->task_.future;
	tl_task_init(&operation->task_, blocking_run, operation);
	operation->ended_ =
		(tl_callback){ .function = blocking_ended, .context = operation };
	tl_future_on_done(future, &operation->ended_);
	int error = tl_submit_task(ring->blocking, &operation->task_);
	if (error)
		tl_future_remove(future, &operation->ended_);
	return error;
}
