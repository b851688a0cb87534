/* SPDX-License-Identifier: MIT */
/* layer 7: uring_driver · the one thread that speaks with the kernel's ring */
/*
 * One thread submits all, because a request belongs to the thread that submitted it: the
 * kernel finishes it in that thread's time, interrupting what it does or sleeps on, and
 * cancels it when the thread ends, as workers of pools do. It also spares the ring's
 * indexes a lock, and the kernel one, since it is told of the single issuer.
 *
 * A round: take what waits, as much as the submission queue has room for; one system
 * call submits that, and sleeps if nothing is left to be handed over; end what has
 * completed. The completion queue may overflow: the kernel keeps what finds no room.
 */
#include "uring_ring.h"

#include <string.h>

#include "clock.h"
#include "event.h"
#include "thread.h"
#include "tune.h"

#define BATCH 64 /* operations ended in one go, with two turns of the lock */

/* In place of an operation's address. */
enum { FOR_WAKE = 1, FOR_CANCEL = 2 };

/* ---- Its side that others call -------------------------------------------------- */

static bool driver_claim(tl_uring *ring)
{
	bool asleep = ring->asleep;
	ring->asleep = false;
	ring->wakes += asleep;
	return asleep;
}

static void driver_wake(tl_uring *ring)
{
	event_set(ring->wake);
}

/* ---- A round -------------------------------------------------------------------- */

static struct io_uring_sqe *driver_entry(tl_uring *ring, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->ring);
	if (sqe) {
		memset(sqe, 0, sizeof *sqe);
		sqe->user_data = data;
	}
	return sqe;
}

static void driver_arm(tl_uring *ring)
{
	struct io_uring_sqe *sqe = driver_entry(ring, FOR_WAKE);
	if (sqe) {
		io_uring_prep_read(sqe, ring->wake, &ring->read, sizeof ring->read, 0);
		sqe->user_data = FOR_WAKE;
		ring->armed = true;
	}
}

/* The time left: an absolute one the kernel would take by the clock outside of a time
 * namespace. */
static void driver_set_time(struct io_uring_sqe *sqe, tl_operation *operation)
{
	struct __kernel_timespec *time = &operation->time_;
	int64_t end = time->tv_sec * 1000000000 + time->tv_nsec, now = clock_now();
	int64_t left = end > now ? end - now : 0;
	time->tv_sec = left / 1000000000;
	time->tv_nsec = left % 1000000000;
	sqe->timeout_flags = 0;
}

static bool driver_hand_over(tl_uring *ring, tl_operation *operation)
{
	struct io_uring_sqe *sqe = driver_entry(ring, 0);
	if (!sqe)
		return false;
	*sqe = operation->sqe;
	if (sqe->opcode == IORING_OP_TIMEOUT &&
	    sqe->addr == (uintptr_t)&operation->time_ &&
	    sqe->timeout_flags == IORING_TIMEOUT_ABS)
		driver_set_time(sqe, operation);
	sqe->user_data = (uintptr_t)operation;
	operation_move(ring, operation, FLYING);
	return true;
}

static bool driver_hand_over_stop(tl_uring *ring, tl_operation *operation)
{
	struct io_uring_sqe *sqe = driver_entry(ring, 0);
	if (!sqe)
		return false;
	io_uring_prep_cancel(sqe, operation, 0);
	sqe->user_data = FOR_CANCEL;
	operation_move(ring, operation, FLYING);
	return true;
}

/* Under the lock. What was cancelled before the kernel had it goes to `dropped`. */
static size_t driver_take(tl_uring *ring, tl_operation *dropped[BATCH])
{
	size_t n = 0;
	tl_operation *operation;
	while ((operation = ring->waiting.first) && n < BATCH) {
		if (operation->asked_) {
			operation->result_ = -ECANCELED;
			operation_move(ring, operation, FLYING);
			dropped[n++] = operation;
		} else if (!driver_hand_over(ring, operation)) {
			break;
		}
	}
	while ((operation = ring->stopping.first))
		if (!driver_hand_over_stop(ring, operation))
			break;
	return n;
}

/* The kernel's answer. Returns the operation if that has ended by it. */
static tl_operation *driver_answer(tl_uring *ring, const struct io_uring_cqe *cqe)
{
	if (cqe->user_data == FOR_WAKE)
		ring->armed = false;
	if (cqe->user_data == FOR_WAKE || cqe->user_data == FOR_CANCEL)
		return NULL;
	tl_operation *operation = (tl_operation *)(uintptr_t)cqe->user_data;
	/* A send without a copy answers twice: the result, then that the buffer is free. */
	if (!operation->notified_)
		operation->result_ = cqe->res;
	operation->notified_ = cqe->flags & IORING_CQE_F_MORE;
	return operation->notified_ ? NULL : operation;
}

static void driver_reap(tl_uring *ring)
{
	struct io_uring_cqe *cqes[BATCH];
	tl_operation *ended[BATCH];
	unsigned seen;
	while ((seen = io_uring_peek_batch_cqe(&ring->ring, cqes, BATCH))) {
		size_t n = 0;
		for (unsigned i = 0; i < seen; i++)
			if ((ended[n] = driver_answer(ring, cqes[i])))
				n++;
		io_uring_cq_advance(&ring->ring, seen);
		if (n)
			operations_end(ring, ended, n);
	}
}

/* The kernel had no memory for it, or a signal came: neither lasts. */
static void driver_nap(tl_uring *ring, int error)
{
	if (error == -EAGAIN || error == -ENOMEM)
		futex_wait(&ring->empty.word_, load_relaxed(&ring->empty.word_),
		           deadline_after(NAP_MOST));
}

static bool driver_round(tl_uring *ring)
{
	tl_operation *dropped[BATCH];
	lock(&ring->lock);
	if (!ring->armed && !ring->stop)
		driver_arm(ring);
	size_t n = driver_take(ring, dropped);
	bool over = ring->stop && !ring->armed;
	bool sleeps = ring->armed && !n && !ring->waiting.first && !ring->stopping.first;
	ring->asleep = sleeps;
	unlock(&ring->lock);
	if (over)
		return false;
	if (n)
		operations_end(ring, dropped, n);
	count_up(&ring->enters, 1);
	int error = sleeps ? io_uring_submit_and_wait(&ring->ring, 1)
	                   : io_uring_submit_and_get_events(&ring->ring);
	if (sleeps) {
		lock(&ring->lock);
		ring->asleep = false;
		unlock(&ring->lock);
	}
	driver_nap(ring, error);
	driver_reap(ring);
	return true;
}

/* ---- Its life ------------------------------------------------------------------- */

/* Newer kernels are told more; older ones know only the last row. */
static int driver_set_up(tl_uring *ring)
{
	static const unsigned flags[] = {
		IORING_SETUP_CLAMP | IORING_SETUP_SINGLE_ISSUER |
			IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_CLAMP,
	};
	const unsigned needed =
		IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL;
	int error = -EINVAL;
	for (size_t i = 0; i < 2 && error == -EINVAL; i++) {
		struct io_uring_params parameters = { .flags = flags[i] };
		error = io_uring_queue_init_params(ring->entries, &ring->ring,
		                                   &parameters);
		if (!error && (parameters.features & needed) != needed) {
			io_uring_queue_exit(&ring->ring);
			return -EOPNOTSUPP;
		}
	}
	return error;
}

/* A filter may let rings be made and not be used: then no operation would ever end. */
static int driver_open(tl_uring *ring)
{
	int error = driver_set_up(ring);
	if (error)
		return error;
	error = io_uring_get_events(&ring->ring);
	if (error < 0)
		io_uring_queue_exit(&ring->ring);
	return error < 0 ? error : 0;
}

static void *driver_main(void *argument)
{
	tl_uring *ring = argument;
	thread_begin(ring->name);
	driven = ring;
	int error = driver_open(ring);
	tl_future_set(&ring->opened, (void *)(intptr_t)error);
	if (error)
		return NULL;
	while (driver_round(ring))
		;
	io_uring_queue_exit(&ring->ring);
	return NULL;
}

static int driver_start(tl_uring *ring)
{
	void *answer;
	tl_future_init(&ring->opened);
	ring->wake = event_new_waiting();
	int error = ring->wake < 0 ? ring->wake : 0;
	if (!error)
		error = thread_start(&ring->driver, 0, driver_main, ring);
	if (!error) {
		tl_future_result(&ring->opened, &answer, TL_FOREVER);
		error = (int)(intptr_t)answer;
		if (error)
			pthread_join(ring->driver, NULL);
	}
	if (error && ring->wake >= 0)
		event_close(ring->wake);
	return error;
}

static void driver_stop(tl_uring *ring)
{
	lock(&ring->lock);
	ring->stop = true;
	ring->asleep = false;
	unlock(&ring->lock);
	driver_wake(ring);
	pthread_join(ring->driver, NULL);
	event_close(ring->wake);
}
