/* SPDX-License-Identifier: MIT */
/* layer 7: uring_blocking · operations as blocking system calls, where there is no ring */
/*
 * For each a task is given to a pool that the ring keeps for this, and takes the first
 * operation that waits: so one that no thread has begun yet can be withdrawn by its
 * canceller, while all threads are at others. It waits for its descriptor with poll, beside
 * an eventfd of its own by which it is interrupted; then the call shall not block, since
 * another one may have been faster, at the same pipe: the call says so to the kernel. Not
 * to be interrupted are files, which are always ready, connect, what waits for all of its
 * bytes (MSG_WAITALL), and devices that can't be told not to block.
 */
#include "uring_ring.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

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

static bool blocking_is_socket(const struct io_uring_sqe *sqe)
{
	return sqe->opcode != IORING_OP_READ && sqe->opcode != IORING_OP_WRITE;
}

/* Does it ask for what there is now, like a socket that is told not to wait? */
static bool blocking_is_impatient(const struct io_uring_sqe *sqe)
{
	return (sqe->opcode == IORING_OP_RECV || sqe->opcode == IORING_OP_SEND) &&
	       sqe->msg_flags & MSG_DONTWAIT;
}

static int blocking_ready(tl_operation *operation, short events)
{
	const struct io_uring_sqe *sqe = &operation->sqe;
	struct stat status;
	if (fstat(sqe->fd, &status))
		return -errno;
	if (blocking_is_socket(sqe) && !S_ISSOCK(status.st_mode))
		return -ENOTSOCK; /* or poll would wait for what never comes */
	if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) ||
	    blocking_is_impatient(sqe))
		return 0;
	return blocking_wait(operation, sqe->fd, events, TL_FOREVER);
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

/* A read or write that doesn't wait, of a file (at its position: -1) that knows that. */
static ssize_t blocking_try(const struct io_uring_sqe *sqe, off_t at)
{
	struct iovec all = { (void *)(uintptr_t)sqe->addr, sqe->len };
	return sqe->opcode == IORING_OP_READ ? preadv2(sqe->fd, &all, 1, at, RWF_NOWAIT)
	                                     : pwritev2(sqe->fd, &all, 1, at, RWF_NOWAIT);
}

static ssize_t blocking_insist(const struct io_uring_sqe *sqe, off_t at)
{
	void *buffer = (void *)(uintptr_t)sqe->addr;
	bool reads = sqe->opcode == IORING_OP_READ;
	if (at != -1)
		return reads ? pread(sqe->fd, buffer, sqe->len, at)
		             : pwrite(sqe->fd, buffer, sqe->len, at);
	return reads ? read(sqe->fd, buffer, sqe->len) : write(sqe->fd, buffer, sqe->len);
}

/* At a position, of what may have none: then it is also what may have to be waited for. */
static ssize_t blocking_transfer(const struct io_uring_sqe *sqe)
{
	off_t at = (off_t)sqe->off;
	ssize_t n = -1;
	if (at != -1) {
		n = blocking_insist(sqe, at);
		if (n >= 0 || errno != ESPIPE)
			return n;
	}
	n = blocking_try(sqe, -1);
	if (n < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS))
		n = blocking_insist(sqe, -1);
	return n;
}

/* One at a time: what the one has seen, another one doesn't take from it. */
static ssize_t blocking_accept(tl_uring *ring, const struct io_uring_sqe *sqe)
{
	struct pollfd now = { .fd = sqe->fd, .events = POLLIN };
	int file = -1;
	lock(&ring->accepting);
	if (poll(&now, 1, 0))
		file = accept4(sqe->fd, (void *)(uintptr_t)sqe->addr,
		               (socklen_t *)(uintptr_t)sqe->addr2,
		               (int)sqe->accept_flags);
	else
		errno = EAGAIN;
	unlock(&ring->accepting);
	return file;
}

static ssize_t blocking_call(tl_uring *ring, const struct io_uring_sqe *sqe)
{
	void *address = (void *)(uintptr_t)sqe->addr;
	int flags = (int)sqe->msg_flags;
	switch (sqe->opcode) {
	case IORING_OP_FSYNC:
		return sqe->fsync_flags & IORING_FSYNC_DATASYNC ? fdatasync(sqe->fd)
		                                                : fsync(sqe->fd);
	case IORING_OP_ACCEPT: return blocking_accept(ring, sqe);
	case IORING_OP_CONNECT: return connect(sqe->fd, address, (socklen_t)sqe->off);
	case IORING_OP_RECV:
		flags |= flags & MSG_WAITALL ? 0 : MSG_DONTWAIT;
		return recv(sqe->fd, address, sqe->len, flags);
	case IORING_OP_SEND:
		flags |= flags & MSG_WAITALL ? 0 : MSG_DONTWAIT;
		return send(sqe->fd, address, sqe->len, flags | MSG_NOSIGNAL);
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
		n = blocking_call(operation_ring(operation), sqe);
	} while (n < 0 && (errno == EINTR ||
	                   (events && errno == EAGAIN && !blocking_is_impatient(sqe))));
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
	tl_uring *ring = argument;
	lock(&ring->lock);
	tl_operation *operation = ring->waiting.first;
	bool asked = operation && operation->asked_;
	if (operation)
		operation_move(ring, operation, FLYING);
	unlock(&ring->lock);
	if (operation) {
		operation->result_ = asked ? -ECANCELED : blocking_do(operation);
		operations_end(ring, &operation, 1);
	}
	return NULL;
}

static int blocking_submit(tl_uring *ring)
{
	int saved = errno;
	tl_future *task = tl_submit(ring->blocking, blocking_run, ring);
	int error = task ? 0 : -errno;
	errno = saved;
	tl_future_release(task);
	return error;
}
