/* SPDX-License-Identifier: MIT */
/*
 * threadlet: functions go in, futures come out; threads are started, woken and
 * retired for you. Linux, C11 and later, C++11 and later.
 *
 * Words used throughout:
 *   future    a value that will exist; one word that threads wait on
 *   task      a function, its argument and the future of its result
 *   executor  what runs tasks: a worker (one thread, in order), a fixed pool or
 *             an adaptive pool
 *   group     tasks of one executor that are waited for and cancelled together
 *
 * Conventions, unless a function says otherwise:
 * - Functions returning int return 0 or a count, or a negative errno. Functions
 *   returning a pointer return NULL with errno set. tl_* functions that don't
 *   fail leave errno alone.
 * - A duration is in nanoseconds. TL_FOREVER waits without limit, 0 only looks,
 *   a negative one is -EINVAL. The clock is CLOCK_MONOTONIC.
 * - Any function may be called from any thread, tasks included. None may be
 *   called from a signal handler but tl_future_set and tl_future_fail on a future
 *   without callbacks and canceller, tl_future_done, _running and _cancelled.
 * - Using what has been released, destroyed or never set up is undefined. A library
 *   built with -DTL_DEBUG says in one line what the caller did, and aborts, for most
 *   of that: double release, too many references, a future that isn't one, submit of
 *   a task that is queued or runs, use of a destroyed executor, destroy with a thread
 *   inside.
 * - "Allocates" means: may call malloc. What doesn't say it, doesn't.
 * - fork: the child has none of our threads. There, executors of the parent answer
 *   -EOWNERDEAD, and so does whatever would wait for, cancel or watch a task that
 *   had not ended; what had ended keeps its value. tl_go and new executors work as
 *   in any process. A child that returns from the task, callback or hook that
 *   forked has no pool to return to: it ends there, with _exit(0).
 */
#ifndef THREADLET_H
#define THREADLET_H

#include <stdbool.h> /* bool */
#include <stddef.h>  /* size_t, NULL */
#include <stdint.h>  /* int64_t, uint32_t, uintptr_t, INT64_MAX */

#define TL_VERSION_MAJOR 0
#define TL_VERSION_MINOR 1
#define TL_VERSION_PATCH 0

#if defined(__GNUC__)
#define TL_API __attribute__((visibility("default")))
#else
#define TL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TL_FOREVER INT64_MAX /* a duration: wait without limit */
#define TL_NONE (-1)         /* in tl_options: none, where 0 means the default */
#define TL_MAX_WORKERS 1024  /* the most workers that one executor may have */

typedef struct tl_executor tl_executor;
typedef struct tl_future tl_future;
typedef struct tl_task tl_task;
typedef struct tl_group tl_group;
typedef struct tl_callback tl_callback;
typedef struct tl_canceller tl_canceller;
typedef struct tl_completions tl_completions;
typedef struct tl_completion tl_completion;
typedef struct tl_options tl_options;
typedef struct tl_stats tl_stats;
typedef struct tl_stuck tl_stuck;

/*
 * What a task runs. Every pointer it returns is a value, NULL included; to fail,
 * it returns tl_fail(error). pthread_exit inside a task is misuse.
 */
typedef void *tl_function(void *argument);

/*
 * A future. Those that functions return (tl_submit, tl_after, ...) are one reference
 * each, given back by tl_future_release or tl_await. Those inside your own
 * tl_task, and promises you set up by tl_future_init, are yours: never released.
 * All members are private.
 */
struct tl_future {
	uint32_t word_;
	int32_t error_;
	void *value_;
	tl_callback *callbacks_;
};

/*
 * A task in your own memory: submitting it allocates nothing. From submit until
 * its future has ended (done, failed or cancelled) the memory is the executor's;
 * from then on nothing of ours reads or writes it. All other members are private.
 */
struct tl_task {
	tl_future future;
	tl_function *function_;
	void *argument_;
	uintptr_t place_;
	tl_executor *executor_;
	uint32_t process_;
	uint32_t hints_;
};

/*
 * Tasks that are waited for together; in your own memory, on a stack too. See
 * tl_group_init. All members are private.
 */
struct tl_group {
	uint64_t joined_;
	uint64_t apart_[8]; /* lines that different threads write */
	tl_executor *executor_;
	tl_group *parent_;
	uint64_t since_[2];
	uint32_t cancelled_;
	int32_t error_;
	uint64_t apart_too_[8];
	uint64_t left_;
	uint32_t begun_;
	uint32_t process_;
};

/*
 * A callback node in your own memory: fill in function and context, then hand it
 * to tl_future_on_done. It is yours again once tl_future_remove has returned, or
 * once the callback has returned; a callback that wants to free its own node calls
 * tl_future_remove on it first.
 */
struct tl_callback {
	void (*function)(tl_future *future, void *context);
	void *context;
	tl_callback *next_;
	tl_future *future_;
	uint32_t state_;
};

/*
 * How to stop what a promise stands for, in your own memory for as long as the promise
 * has not ended. cancel(future, context) is called at most once, by tl_future_cancel.
 * 0: it has been withdrawn, nobody completes it; it ends as cancelled. Otherwise
 * tl_future_cancel returns the same: -EINPROGRESS: who completes it has been asked to stop.
 * The promise doesn't end before cancel has returned: who completes it meanwhile waits for
 * that. So cancel must not complete it, nor wait for somebody who does.
 */
struct tl_canceller {
	int (*cancel)(tl_future *future, void *context);
	void *context;
};

/* What a completion queue hands out: a future that has ended, and what came with it. */
struct tl_completion {
	tl_future *future;
	void *tag;
};

/* How an executor is made. All zero, like a NULL pointer, means all defaults. */
struct tl_options {
	unsigned min_workers;   /* adaptive: workers that never retire; default 1 */
	unsigned max_workers;   /* adaptive: default min(64, 2 x CPUs), where CPUs is
	                           the affinity limited by the cgroup's CPU quota.
	                           Worker and fixed pool ignore min and max. */
	unsigned spare_workers; /* pools: how many more may stand in for workers that
	                           wait inside a task, or are in a blocking section
	                           (tl_blocking_begin); default 0 */
	int64_t idle_timeout;   /* ns: in an adaptive pool a worker without work for so
	                           long ends; one that stays gives memory back, from 256
	                           KiB up, of tasks that have ended and been released by
	                           then; default 1 s; TL_NONE or TL_FOREVER: never */
	int64_t spin;           /* ns for which an idle worker looks for work before it
	                           parks; default 10 us; TL_NONE: not at all. If it is
	                           given, who waits for one of its tasks looks as long. */
	size_t stack_size;      /* bytes per thread; default: the system's */
	const char *name;       /* threads show "name/0", cut to 15 characters with the
	                           number kept; default "pool-3/0". Copied. */
	void (*on_start)(void *context); /* in each new thread, before its first task */
	void (*on_stop)(void *context);  /* in each thread, after its last task; one that
	                                    retires has given up its place by then */
	void *hook_context;
	uint64_t flags;       /* of enum tl_flags */
	unsigned max_pending; /* how many tasks may be accepted and not yet begun;
	                           default 0: any number */
	unsigned when_full;   /* of enum tl_when_full: what a submit does then */
	int64_t full_timeout; /* TL_FULL_WAIT, ns: how long; default: no limit */
	uint64_t reserved[5]; /* must be zero */
};

/*
 * A submit that finds max_pending tasks queued. For TL_FULL_WAIT: room goes to whoever
 * comes first; a task of the same executor never waits for room: what it submits is
 * let through, above the limit. TL_FULL_RUN is not for tl_worker_create, whose one
 * thread would no longer be the only one.
 */
enum tl_when_full {
	TL_FULL_FAIL, /* is refused: -EAGAIN */
	TL_FULL_WAIT, /* waits for room; -EAGAIN after full_timeout */
	TL_FULL_RUN   /* runs the task itself, before it returns */
};

enum tl_flags {
	TL_WAITERS_RUN = 1,      /* pools: a thread outside that waits for a task which is
	                            still queued runs it itself, on its own stack */
	TL_GROW_ON_EVIDENCE = 2, /* adaptive: more threads than CPUs only for workers that
	                            sleep in the kernel inside a task while others are
	                            queued, or timers set; a thread looks every ms while
	                            that is so. Needs /proc. Others ignore it. */
	TL_WAITERS_HELP = 4, /* pools: a worker that waits inside a task (tl_future_wait
	                            and its like, tl_wait, tl_group_wait, a completion
	                            queue) runs any tasks of its pool meanwhile, not only
	                            what it waits for. Only for tasks that hold no lock
	                            while they wait: another one that wants it would be
	                            run on top of them. A wait may end late by what was
	                            begun in it; if that waits for a task below it on the
	                            stack, this too is a circle: -EDEADLK. Stacks grow:
	                            with none left a wait sleeps as ever; so it does in a
	                            blocking section.
	                            Not for tl_worker_create: EINVAL */
};

enum tl_shutdown_mode {
	TL_DRAIN, /* run what was accepted */
	TL_CANCEL /* end what is pending as cancelled; what runs may finish */
};

enum tl_wait_mode { TL_ALL, TL_ANY, TL_FIRST_ERROR };

/* A snapshot; each counter is exact once the executor is at rest. */
struct tl_stats {
	uint64_t submitted;  /* tasks accepted */
	uint64_t completed;  /* tasks that ran to their end, failed ones included */
	uint64_t cancelled;  /* tasks that ended without having run */
	uint64_t stolen;     /* tasks taken from another worker */
	uint64_t parks;      /* times a worker went to sleep */
	uint64_t wakes;      /* sleeping workers woken for work */
	uint64_t vain_wakes; /* of these, the ones that found nothing */
	uint64_t started;    /* threads started */
	uint64_t retired;    /* threads ended before shutdown */
	uint64_t workers;    /* threads now */
	uint64_t idle;       /* of these, the ones without work: those, too, that would
	                        help while they wait (TL_WAITERS_HELP) */
	uint64_t queued;     /* tasks accepted and not yet begun */
	uint64_t helped;     /* tasks run by threads outside that waited for them */
	uint64_t inlined;    /* tasks run by their submitter, there being no room */
	uint64_t timers;     /* timers set now: tl_after, tl_every, tl_submit_within */
	uint64_t missed;     /* runs of tl_every that were left out */
	uint64_t blocked;    /* other workers that sleep in a wait, or are in a section */
	uint64_t replaced;   /* times a thread more than max_workers stood in for one */
	uint64_t claimed;    /* tasks that a worker took to run them in a wait for them */
	uint64_t aside;      /* tasks run in a wait for others: TL_WAITERS_HELP */
};

/* A worker that has been in one task for a while, see tl_executor_watch. */
struct tl_stuck {
	unsigned worker;       /* its number, as in its thread's name */
	tl_function *function; /* of the innermost task that it is in */
	void *argument;
	int64_t duration; /* ns that it was watched in it: it may have begun earlier */
};

/* ---- The default executor: an adaptive pool, started by its first use --------- */

/*
 * Run function(argument) in the default executor. Returns its future, or NULL with
 * errno ENOMEM, EAGAIN (no thread could be started), EINVAL (function is NULL) or
 * ESHUTDOWN (the program is exiting). Allocates; starts threads; doesn't block.
 * At exit the default executor runs what was submitted.
 */
TL_API tl_future *tl_go(tl_function *function, void *argument);

/* Start it now; 0 if it runs already. -ENOMEM, -EAGAIN, -ESHUTDOWN. Allocates. */
TL_API int tl_start(void);

/*
 * Drain it and end its threads; blocks. A later tl_go starts it afresh; one that comes
 * meanwhile waits for that, and in tasks of the executor it gets -ESHUTDOWN.
 * -EDEADLK from one of its own tasks.
 */
TL_API int tl_shutdown(void);

/* As tl_executor_set_*, for the default executor, now or when it will start. */
TL_API int tl_set_max_workers(unsigned workers);
TL_API int tl_set_idle_timeout(int64_t timeout);

/* Run function(argument) in a thread of its own. Errors as tl_go. Allocates. */
TL_API tl_future *tl_spawn(tl_function *function, void *argument);

/* ---- Executors ---------------------------------------------------------------- */

/*
 * Make an executor; its threads block all signals but the synchronous ones and
 * SIGPROF. NULL with errno EINVAL (min > max, more than TL_MAX_WORKERS, zero fixed
 * workers, a negative duration, reserved options not zero), ENOMEM, EAGAIN (a
 * thread could not be started; nothing is left behind). Allocates.
 *   worker    one thread; tasks run strictly in the order of submission
 *   fixed     `workers` threads, started at once
 *   adaptive  min_workers threads at first; each submit takes an idle worker or,
 *             with fewer than max_workers, starts one; idle ones end after
 *             idle_timeout
 */
TL_API tl_executor *tl_worker_create(const tl_options *options);
TL_API tl_executor *tl_fixed_pool_create(unsigned workers, const tl_options *options);
TL_API tl_executor *tl_adaptive_pool_create(const tl_options *options);

/*
 * A serial queue: an executor that has no thread of its own; its tasks run on those of
 * the pool, at most `width` of them at a time, begun in about the order of submission;
 * with width 1 one after the other, strictly in that order. It takes 160 bytes (and 64 for each more of width), so
 * there may be 100,000 of them. After some tasks it lets others of the pool go first.
 * Functions for executors work on it, but tl_executor_set_* and _watch: -EINVAL.
 * Waiting in a task of the pool for a task of the queue runs that here, with width 1
 * after what is queued before it; waiting for one that is queued behind, in a task of
 * the same queue of width 1, is -EDEADLK. Shutting the queue down leaves the pool alone; shutting
 * the pool down drains or cancels its queues too. It may be destroyed before its pool, or
 * at rest after it. In the statistics of the pool, a turn of a queue is one task.
 * NULL with errno EINVAL (no pool, width 0 or above TL_MAX_WORKERS), ENOMEM. Allocates.
 */
TL_API tl_executor *tl_serial_create(tl_executor *pool, unsigned width);

/*
 * Queue function(argument). A pool runs about first in, first out what comes from
 * outside, and newest first what its own tasks submit, but once in some 1,000 tasks
 * the oldest of these. NULL with errno EINVAL, ENOMEM, ESHUTDOWN, EAGAIN (max_pending).
 * Doesn't block, but as when_full says. Allocates now and then (cells are recycled).
 */
TL_API tl_future *tl_submit(tl_executor *executor, tl_function *function, void *argument);

/*
 * The same without a future, for what nobody waits for or cancels: 0 or the error. What the
 * function returns is dropped, a failure too. The cheapest way to have something run.
 */
TL_API int tl_post(tl_executor *executor, tl_function *function, void *argument);

/*
 * Queue a task of your own memory, set up by tl_task_init. 0; -EINVAL (NULL);
 * -ESHUTDOWN, -EAGAIN (max_pending; the task is as before); -ECANCELED (it was
 * cancelled before); -EBUSY (it is queued, runs or has ended: tl_task_init it again).
 * Doesn't block, but as when_full says, or allocate (an adaptive pool may start a
 * thread).
 */
TL_API int tl_submit_task(tl_executor *executor, tl_task *task);

/*
 * Queue n tasks in order, waking what they need at once. Returns how many were
 * accepted, fewer than n at the first that is refused, or the error if none was.
 * -EINVAL for n above INT_MAX.
 */
TL_API int tl_submit_tasks(tl_executor *executor, tl_task *const *tasks, size_t n);

/*
 * As tl_submit_task, but no sleeping worker is woken, and no thread started: that is left
 * to tl_kick, once for all that was queued so, or to a later submit. (A wake-up costs
 * its caller some 14 us when it goes to another CPU.) A worker that is awake may take the
 * task before that. Who waits for it without a kick may wait for ever; a shutdown, and a
 * submit that waits for room, kick.
 */
TL_API int tl_submit_quietly(tl_executor *executor, tl_task *task);

/* Wake, or start, what the queued tasks need; nothing queued: nobody. 0; -EINVAL. */
TL_API int tl_kick(tl_executor *executor);

/*
 * As tl_submit_task, but in front of all that was not submitted so, also in a worker;
 * urgent tasks among themselves are first in, first out. The others don't starve: after
 * 16 urgent tasks a worker looks for one of them first. Takes a lock for some
 * instructions: it is for the few. -EINVAL for a serial queue.
 */
TL_API int tl_submit_urgently(tl_executor *executor, tl_task *task);

/*
 * As tl_submit_task, but the task is run by that very worker of a fixed pool, for what
 * belongs to one thread: shards, caches, contexts. Those for the same worker are begun in
 * the order of submission, before what else is queued; urgent ones go ahead of them, and
 * after 17 such tasks a worker looks for one of the others first. While the worker is in
 * a task, waiting ones too, they wait for it. No spare worker takes its place for them,
 * nor a thread that waits for one (TL_WAITERS_RUN); but a wait, in a task of that worker,
 * for one of them runs it there and at once. Waits without a deadline that close a circle,
 * each for a task that is queued behind another of these waits, are -EDEADLK for one of
 * them.
 * Wakes that worker if it sleeps. With TL_FULL_RUN there is nobody to run it when max_pending
 * is reached: -EAGAIN. Takes a lock for some instructions. For tl_worker_create: worker 0,
 * as tl_submit_task. Errors as tl_submit_task; -EINVAL also for a serial queue, an adaptive
 * pool (its workers come and go), a number that isn't below that of the pool's workers.
 */
TL_API int tl_submit_to(tl_executor *executor, unsigned worker, tl_task *task);

/*
 * The number of the calling worker within its executor, as in its thread's name: in tasks,
 * callbacks and hooks that it runs. -1 in any other thread. In a fixed pool those that stand
 * in for others (spare_workers) have numbers from `workers` on; in an adaptive one a number
 * is given again when its worker has ended.
 */
TL_API int tl_worker_number(void);

/*
 * As tl_submit, but the task is cancelled (-ECANCELED, not -ETIMEDOUT, which is that of a
 * wait) if it has not begun within `timeout`; also in a shutdown that drains. If all
 * workers are busy its waiters hear of that late, but it is never begun too late.
 * Allocates.
 */
TL_API tl_future *tl_submit_within(tl_executor *executor, int64_t timeout,
                                   tl_function *function, void *argument);

/*
 * Submit function(argument) when `delay` has passed. Cancelling the future takes the
 * timer back at once, and so does a shutdown in either mode: waiters get -ECANCELED.
 * Releasing it doesn't.
 *
 * There is no timer thread: an idle worker sleeps until the first timer is due. In a pool
 * without an idle one, workers look at the clock between two tasks; so timers are never
 * early, and as late as there is no worker free. A pool with timers has at least one
 * spare worker for workers that wait inside tasks, and an adaptive one may have one
 * thread more than its tasks need, which doesn't retire while timers are set.
 * tl_worker_create has one thread, always: waiting there, in a task, for what this returned
 * is -EDEADLK. Timers due at different times are begun in about that order. max_pending
 * doesn't refuse them. A suspended machine's sleep doesn't count (CLOCK_MONOTONIC).
 *
 * NULL with errno EINVAL (a negative delay, a serial queue), ENOMEM, ESHUTDOWN. Doesn't
 * block. Allocates (an adaptive pool may start a thread).
 */
TL_API tl_future *tl_after(tl_executor *executor, int64_t delay, tl_function *function,
                           void *argument);

/*
 * The same each `period`, for the first time after one, until it is cancelled, fails (the
 * future then has its error) or the executor is shut down. The times are fixed: the n-th
 * is n periods after the call, however long or late a run was. Runs never overlap: the
 * times that pass before a run has ended are left out, and counted (tl_stats, missed).
 * While it runs, cancelling asks it to stop (tl_cancel_requested), and it is the last run.
 * What it returns is ignored. EINVAL also for a period of 0. Only the call allocates.
 */
TL_API tl_future *tl_every(tl_executor *executor, int64_t period, tl_function *function,
                           void *argument);

/*
 * From now on every submit gets -ESHUTDOWN, from inside tasks too; blocks until
 * the threads have ended. -ETIMEDOUT when timeout ran out first: it may be called
 * again, also with the other mode. -EDEADLK from one of its own tasks, after the
 * shutdown has been begun. Idempotent.
 */
TL_API int tl_executor_shutdown(tl_executor *executor, enum tl_shutdown_mode how,
                                int64_t timeout);

/*
 * Drain without limit, join the threads, free the executor. 0 for NULL.
 * -EDEADLK from one of its own tasks: nothing has changed then. Nobody may use the
 * executor at the same time or later; futures of its tasks stay valid.
 */
TL_API int tl_executor_destroy(tl_executor *executor);

/*
 * Adaptive pools. Lowering the maximum retires threads as they finish what they run;
 * what that has submitted goes to the others, after some 60 more tasks at the latest.
 * min_workers follows when it was higher. Raising it starts threads if work is queued. -EINVAL: 0, too many, a negative time, not adaptive.
 */
TL_API int tl_executor_set_max_workers(tl_executor *executor, unsigned workers);
TL_API int tl_executor_set_idle_timeout(tl_executor *executor, int64_t timeout);

/*
 * Fill *stats, of `size` bytes: pass sizeof(tl_stats). A caller built against an
 * older header gets the members it knows. -EINVAL for NULL or size 0.
 */
TL_API int tl_executor_stats(tl_executor *executor, tl_stats *stats, size_t size);

/*
 * A watchdog's look: report each worker that has been in the same task, running or
 * waiting, since an earlier look at least `limit` ns ago. Call it from a timer or a
 * thread of yours, at intervals below the limit; no clock is read for it otherwise.
 * report is called in here, without any lock; NULL only counts. Returns how many
 * there are; -EINVAL. Neither waits for workers nor allocates.
 */
TL_API int tl_executor_watch(tl_executor *executor, int64_t limit,
                             void (*report)(const tl_stuck *stuck, void *context),
                             void *context);

/* ---- Futures ------------------------------------------------------------------ */

/* A promise: a future that something other than a task completes. */
TL_API void tl_future_init(tl_future *future);

/* The same; tl_future_cancel asks the canceller rather than ending it at once. */
TL_API void tl_future_init_cancellable(tl_future *future, tl_canceller *canceller);

/*
 * Complete a promise with a value, or with an error (a negative errno; a positive
 * one is negated, 0 taken for -EINVAL; -ECANCELED ends it as cancelled). 0; -EALREADY:
 * it has been completed or belongs to a task under way. Runs its callbacks.
 */
TL_API int tl_future_set(tl_future *future, void *value);
TL_API int tl_future_fail(tl_future *future, int error);

/*
 * Wait until it has ended in any way: 0, or -ETIMEDOUT; a later wait may still
 * succeed. -EDEADLK in a worker (tl_worker_create) that waits for a task queued
 * behind it, in a task that waits for itself, and, with TL_FOREVER, in the last one of
 * tasks that wait for each other in a circle: for tasks that run, for such as are queued
 * behind one of the circle in a worker or a serial queue of width 1, for groups. Inside a task of a pool, or a callback that a worker runs, waiting for a task
 * still queued in that pool runs it here, now, on this stack: -EAGAIN if no stack is left
 * for that (64 KiB, or a quarter of a small stack).
 */
TL_API int tl_future_wait(tl_future *future, int64_t timeout);

/*
 * Wait, then 0 and the value (unless value is NULL), or the error the task failed
 * with, or -ECANCELED, or -ETIMEDOUT, -EDEADLK, -EAGAIN as above (tl_future_done tells
 * whether the task failed with that or the wait did).
 */
TL_API int tl_future_result(tl_future *future, void **value, int64_t timeout);

/*
 * Wait, take the value, release. The value with errno 0; NULL with errno set if the
 * task failed. tl_await(NULL) returns NULL and leaves errno: it may wrap a submit
 * that failed. Only for futures that a function has returned.
 */
TL_API void *tl_await(tl_future *future);

/* Has it ended in any way? Does its task run now? Did it end as cancelled? */
TL_API bool tl_future_done(const tl_future *future);
TL_API bool tl_future_running(const tl_future *future);
TL_API bool tl_future_cancelled(const tl_future *future);

/*
 * 0: it will never run, its waiters get -ECANCELED, at once or when its queue lets
 * go of it. -EINPROGRESS: it runs and was asked to stop (tl_cancel_requested).
 * -EALREADY: it had ended. A promise ends at once, unless it has a canceller: as that says.
 */
TL_API int tl_future_cancel(tl_future *future);

/*
 * Have callback->function(future, context) run once, on the thread that completes
 * the future, or at once in the caller if it had ended. What a callback itself
 * completes or finds ended runs when it has returned, so that chains don't recurse.
 * Inside the callback the future is valid if a function had returned it; your own may
 * be gone by then if somebody who waited for it has freed it. 0, or -EINVAL.
 */
TL_API int tl_future_on_done(tl_future *future, tl_callback *callback);

/*
 * Take a callback back; returns only when the node is yours again. 0: it will not
 * run, or this is the callback itself giving its node back. -EALREADY: it has run
 * (waits for its end if it runs now).
 */
TL_API int tl_future_remove(tl_future *future, tl_callback *callback);

/*
 * One reference more, one less. NULL is allowed. Not for your own tasks, promises. A
 * future may have 4 million references at once; a callback that waits for it is one.
 */
TL_API tl_future *tl_future_retain(tl_future *future);
TL_API void tl_future_release(tl_future *future);

/*
 * Wait for n futures. TL_ALL: 0 once all have ended. TL_ANY: the index of one that
 * has ended. TL_FIRST_ERROR: the index of the first that failed or was cancelled, or
 * n once all have succeeded. -ETIMEDOUT, -EDEADLK, -EAGAIN, -EINVAL (NULLs, ANY of none).
 * Allocates once for ANY and FIRST_ERROR of more than 64: -ENOMEM.
 */
TL_API int tl_wait(tl_future *const *futures, size_t n, enum tl_wait_mode mode,
                   int64_t timeout);

/* ---- Groups ------------------------------------------------------------------- */

/*
 * Set up a group for tasks of one pool or worker. `parent` may be NULL: cancelling it cancels
 * this group as well. A group must not go before what is nested in it has been waited
 * for. 0, or -EINVAL (also for a serial queue). Also to begin anew: an error and a cancelling stay until then.
 */
TL_API int tl_group_init(tl_group *group, tl_executor *executor, tl_group *parent);

/*
 * As tl_submit and tl_submit_task, the task being the group's. From tasks, too; also into
 * the group of the task. -ECANCELED (also as errno) when the group has been cancelled.
 */
TL_API tl_future *tl_group_submit(tl_group *group, tl_function *function, void *argument);
TL_API int tl_group_submit_task(tl_group *group, tl_task *task);

/*
 * Wait until all tasks submitted to the group have ended: 0, or the first error of one of
 * them; -ECANCELED is reported if there was no other. Or -ETIMEDOUT, after which a later
 * wait may succeed; -EDEADLK in a task of this group, in a worker (tl_worker_create)
 * that waits for its own, and in a circle as above; -EAGAIN when no stack is left to run one of its tasks
 * (tl_group_done tells whether a task failed with that or the wait did). After any other answer nothing of ours touches the group: its
 * memory is yours, unless others wait for it or submit to it still; it may be used
 * again. Inside a task of the group's pool, queued tasks of the group are run here, one
 * after the other, and no others (but see TL_WAITERS_HELP).
 */
TL_API int tl_group_wait(tl_group *group, int64_t timeout);

/* Have all tasks submitted so far ended? */
TL_API bool tl_group_done(const tl_group *group);

/*
 * Tasks of the group, and of those nested in it, that have not begun never will: they end
 * as cancelled when their queue comes to them. Those that run are asked to stop
 * (tl_cancel_requested). Later submits are refused. 0 or -EINVAL.
 */
TL_API int tl_group_cancel(tl_group *group);

/* ---- Completion queues ---------------------------------------------------------- */

/* A queue that futures come to when they end. NULL with errno ENOMEM. Allocates. */
TL_API tl_completions *tl_completions_create(void);

/*
 * Have it come to the queue, with its tag, when it ends; at once if it has. A future may
 * be added to several queues, and more than once. Your reference stays yours; your own
 * future must not go before it has been taken. 0, -EINVAL, -ENOMEM, -EOWNERDEAD.
 * Allocates when more are left than ever before, and now and then (nodes are recycled).
 */
TL_API int tl_completions_add(tl_completions *completions, tl_future *future, void *tag);

/*
 * Take up to n that have ended, in the order in which they did, about: how many, at least
 * 1. Waits for the first one: -ETIMEDOUT. -EINVAL. Any number of threads may take.
 * Inside a task of a pool, tasks that are queued in that pool and will come to this queue
 * are run here while there is nothing to take; -EAGAIN when no stack is left for that.
 * (But what is in a serial queue is left to other workers; and in a worker, made by
 * tl_worker_create, what is queued behind the task that waits will never come.)
 */
TL_API int tl_completions_take(tl_completions *completions, tl_completion *taken,
                               size_t n, int64_t timeout);

/* How many have been added and not taken yet. */
TL_API size_t tl_completions_left(const tl_completions *completions);

/*
 * A descriptor for poll, epoll and event loops: readable while there is something to take.
 * Always the same one; never read or close it. Made by the first call, before which
 * nothing is spent on it: -EMFILE, -ENFILE, -ENOMEM.
 */
TL_API int tl_completions_descriptor(tl_completions *completions);

/*
 * Futures that have not ended go on, and come nowhere then. 0, also for NULL. Nobody may
 * use the queue at the same time or later.
 */
TL_API int tl_completions_destroy(tl_completions *completions);

/* ---- Tasks -------------------------------------------------------------------- */

/* Set up a task in your own memory; also before it is submitted once more. */
TL_API void tl_task_init(tl_task *task, tl_function *function, void *argument);

/* Run it here and now, never queued. 0, or an error as tl_submit_task. */
TL_API int tl_task_run(tl_task *task);

/*
 * Cancel it and wait until its memory is yours again. 0: it did not run; -EALREADY:
 * it did, or had been cancelled. -EDEADLK from within the task, -EDEADLK and -EAGAIN as
 * tl_future_wait: then it has been cancelled, or asked to stop, but is not yours yet.
 */
TL_API int tl_task_withdraw(tl_task *task);

/* In a task: return tl_fail(-EIO). Errors as tl_future_fail. */
TL_API void *tl_fail(int error);

/* In a task: has somebody cancelled it while it runs? False outside of tasks. */
TL_API bool tl_cancel_requested(void);

/*
 * Around what blocks in a task (read, a mutex, sleep): meanwhile this worker doesn't count
 * among the pool's, up to spare_workers of them. If tasks are queued, or come later, an
 * idle worker or a spare thread takes its place at once; with nothing queued nothing is
 * started. When it is back one thread is too many: the first that is done with its task
 * (in a fixed pool, with what it has: of those that stood in) steps aside, and is the next
 * spare, for idle_timeout. True if the place is one that may
 * be taken; false, and nothing to it, outside of the tasks of pools with spare_workers
 * (so in a worker too, and in a waiter that helps). Sections nest, and end in the task that
 * began them; a wait inside of one runs what it waits for as any wait does.
 */
TL_API bool tl_blocking_begin(void);
TL_API void tl_blocking_end(void);

/* ---- Loops (recursive work: threadlet/fork.h) ----------------------------------- */

/* Do the indexes [begin, end). 0 to go on, an error (a negative errno) to stop. */
typedef int tl_range_function(size_t begin, size_t end, void *context);

/*
 * Have body called for all of [begin, end), in ranges that are disjoint and as small as
 * it takes to keep the executor's idle workers busy; returns when all of these calls have.
 * Executor NULL: that of the calling task, else the default executor. In a task of the
 * executor, the caller's thread takes part; from elsewhere it waits. 0; the first error
 * that a call has returned, and no further call is begun then; -ECANCELED when the
 * calling task is cancelled, or the executor cancels what is pending; errors as
 * tl_submit_task and tl_go. body must not wait for another range's call, nor call exit():
 * the calls of other threads that share the loop would wait for it.
 */
TL_API int tl_for(tl_executor *executor, size_t begin, size_t end,
                  tl_range_function *body, void *context);

/*
 * results[i] = function(arguments[i]) for i below n, as tl_for; the function may return
 * tl_fail(error), which stops. results may be arguments, or NULL.
 */
TL_API int tl_map(tl_executor *executor, tl_function *function, void *const *arguments,
                  void **results, size_t n);

#ifdef __cplusplus
}
#endif

#endif /* THREADLET_H */
