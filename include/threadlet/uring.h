/* SPDX-License-Identifier: MIT */
/*
 * threadlet/uring: input and output as futures, by the kernel's io_uring. In a library
 * of its own, libthreadlet-uring, which needs liburing; libthreadlet doesn't.
 *
 *   tl_operation  what the kernel is asked for, and the future of its result
 *   tl_uring      takes operations, from any thread, tasks included; one thread of its
 *                 own, the driver, hands them to the kernel, many at once, and completes
 *                 their futures; whoever waits for one is woken by the driver, so a pool
 *                 of one worker may wait for its own operations
 *
 * The value of an operation's future is what the system call returns, bytes or a
 * descriptor, as an integer: short reads and writes are yours to go on with. A negative
 * result is its error.
 *
 * Where the kernel has no ring for us, operations are done by blocking system calls on
 * threads started for them: the same face, slower. tl_uring_stats says which it is.
 *
 * The other way round, ends of futures in a ring of your own: poll the descriptor of
 * a tl_completions there (io_uring_prep_poll_add).
 *
 * The conventions are those of threadlet.h. Callbacks of operations run on the driver (or
 * on a thread for blocking calls, for which all that is said of the driver holds): they
 * may submit operations, but must not wait for them.
 */
#ifndef THREADLET_URING_H
#define THREADLET_URING_H

#include <liburing.h> /* struct io_uring_sqe, struct __kernel_timespec, io_uring_prep_* */
#include <threadlet.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tl_uring tl_uring;
typedef struct tl_operation tl_operation;
typedef struct tl_uring_options tl_uring_options;
typedef struct tl_uring_counts tl_uring_counts;

/* The kernel's struct ends in an array without a length, which ISO C++ doesn't know. */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif

/*
 * An operation in your own memory. From submit until its future has ended, it and the
 * memory that it points to (buffer, address) are the kernel's: also when it was cancelled,
 * until then. Other members are private.
 */
struct tl_operation {
	tl_future future;
	struct io_uring_sqe sqe; /* see tl_operation_init */
	tl_uring *ring_;
	tl_operation *next_, *previous_;
	tl_canceller canceller_;
	struct __kernel_timespec time_;
	uint32_t state_;
	uint32_t references_;
	int32_t result_;
	int wake_;
	bool asked_, notified_;
	uint32_t process_;
	tl_callback ended_;
};

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

/* All zero, like a NULL pointer, means all defaults. */
struct tl_uring_options {
	unsigned entries;      /* submissions handed over at once; default 256. Any number
	                          of operations may be under way. */
	unsigned flags;        /* of enum tl_uring_flags */
	unsigned max_blocking; /* threads for blocking system calls; default 64. With
	                          more operations than that waiting for something, the next
	                          ones have not begun. */
	const char *name;      /* of the driver, "uring" by default; copied */
	uint64_t reserved[4];  /* must be zero */
};

enum tl_uring_flags {
	TL_URING_BLOCKING = 1, /* blocking system calls in any case */
	TL_URING_STRICT = 2    /* no ring is an error, rather than blocking calls */
};

/* A snapshot, exact when nothing is under way. */
struct tl_uring_counts {
	uint64_t submitted; /* operations accepted */
	uint64_t completed; /* their ends, failed ones included */
	uint64_t cancelled; /* of these, the ones that ended with -ECANCELED */
	uint64_t enters;    /* the driver's calls of the kernel */
	uint64_t wakes;     /* times it was asleep when an operation came */
	int64_t refused;    /* 0, or the error with which the kernel refused a ring */
	uint64_t blocking;  /* 1: operations are blocking system calls */
};

/* ---- Operations ----------------------------------------------------------------- */

/* Set up each of these, also to use its memory again once its future has ended. */

/* As pread and pwrite; offset -1: at the file's own position; ignored by pipes and
 * sockets. */
TL_API void tl_operation_read(tl_operation *operation, int fd, void *buffer,
                              unsigned size, uint64_t offset);
TL_API void tl_operation_write(tl_operation *operation, int fd, const void *buffer,
                               unsigned size, uint64_t offset);

/* flags: 0, or IORING_FSYNC_DATASYNC. */
TL_API void tl_operation_fsync(tl_operation *operation, int fd, unsigned flags);

/* As accept4, connect, recv and send; the latter two with at most INT_MAX bytes. */
TL_API void tl_operation_accept(tl_operation *operation, int fd, struct sockaddr *address,
                                socklen_t *length, int flags);
TL_API void tl_operation_connect(tl_operation *operation, int fd,
                                 const struct sockaddr *address, socklen_t length);
TL_API void tl_operation_recv(tl_operation *operation, int fd, void *buffer, size_t size,
                              int flags);
TL_API void tl_operation_send(tl_operation *operation, int fd, const void *buffer,
                              size_t size, int flags);

/* Ends with value 0 after so many nanoseconds, counted from now. Negative: at once. */
TL_API void tl_operation_timeout(tl_operation *operation, int64_t duration);

/*
 * For anything else: prepare operation->sqe after it, by io_uring_prep_*. Not linked,
 * drained or silent ones (IOSQE_IO_LINK and so on: tl_uring_submit returns -EINVAL), nor
 * those that complete more than once ("multishot"): only the last result is kept. In place
 * of a ring, blocking calls know the operations above; others end with -EOPNOTSUPP.
 */
TL_API void tl_operation_init(tl_operation *operation);

/*
 * Wait, then the result: 0 or more, or the error of the operation, -ECANCELED, or
 * -ETIMEDOUT (tl_future_done tells whose), -EDEADLK on the driver, -EOWNERDEAD in a
 * forked child. tl_future_wait, _result and tl_wait do as well.
 */
TL_API int64_t tl_operation_result(tl_operation *operation, int64_t timeout);

/*
 * To cancel: tl_future_cancel(&operation->future). 0: it had not been submitted, or no
 * thread for blocking calls had begun it, and never will. -EINPROGRESS: the kernel is asked to stop it, which it does if it waits for
 * something, and not while it reads a file; its future ends with what became of it.
 */

/* ---- The ring ------------------------------------------------------------------- */

/*
 * NULL with errno EINVAL, ENOMEM, EAGAIN (no thread), EMFILE, or, with TL_URING_STRICT,
 * why there is no ring (ENOSYS, EPERM: the administrator's or a filter's choice; ENOMEM:
 * memory that may be locked; EOPNOTSUPP: a kernel before 5.7). Allocates, starts a thread.
 */
TL_API tl_uring *tl_uring_create(const tl_uring_options *options);

/*
 * Hand operations over. 0; -EINVAL, -ESHUTDOWN, -EOWNERDEAD, -EBUSY (it is under way or
 * has ended: set it up again), -ECANCELED (it was cancelled before). Doesn't block or
 * allocate (blocking calls may, and start a thread: -EAGAIN, -ENOMEM). Wakes the driver if that sleeps: many
 * submitted together, or while it is awake, cost one wake-up and one system call.
 */
TL_API int tl_uring_submit(tl_uring *ring, tl_operation *operation);

/*
 * The same with a copy of a prepared operation in our memory: `prepared` is yours again at
 * once. The copy is given back by tl_operation_release, also before it has ended: it goes on
 * then, and its buffer is the kernel's until it has. NULL with errno as above, or ENOMEM.
 * Allocates.
 */
TL_API tl_operation *tl_uring_start(tl_uring *ring, const tl_operation *prepared);
TL_API void tl_operation_release(tl_operation *operation);

/* n of them; how many were accepted, fewer than n at the first that is refused, or the
 * error if none was. */
TL_API int tl_uring_submit_all(tl_uring *ring, tl_operation *const *operations, size_t n);

/*
 * From now on every submit gets -ESHUTDOWN; blocks until no operation is under way.
 * TL_CANCEL cancels them. -ETIMEDOUT: it may be called again, also with the other mode.
 * -EDEADLK on the driver, after the shutdown has been begun.
 */
TL_API int tl_uring_shutdown(tl_uring *ring, enum tl_shutdown_mode how, int64_t timeout);

/*
 * Cancel what is under way, wait until the kernel has let go of it, end the driver, free
 * the ring, which nobody may use at the same time or later; its operations may be waited
 * for and cancelled meanwhile. 0 for NULL. -EDEADLK on the driver: nothing has changed
 * then. In a forked child -EOWNERDEAD: closes the child's descriptors of it, and leaves
 * the rest.
 */
TL_API int tl_uring_destroy(tl_uring *ring);

/* Fill *counts, of `size` bytes, as tl_executor_stats. */
TL_API int tl_uring_stats(tl_uring *ring, tl_uring_counts *counts, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* THREADLET_URING_H */
