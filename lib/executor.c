/* SPDX-License-Identifier: MIT */
/* layer 6: executor · making, stopping and freeing a pool */
#include "executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cpus.h"
#include "evidence.h"
#include "futex.h"
#include "help.h"
#include "pending.h"
#include "serial.h"
#include "timers.h"

/* ---- Making ------------------------------------------------------------------- */

static int options_check(const tl_options *options)
{
	static const tl_options none;
	if (!options)
		return 0;
	bool times = options->idle_timeout >= TL_NONE && options->spin >= TL_NONE;
	bool stack = !options->stack_size ||
	             options->stack_size >= (size_t)sysconf(_SC_THREAD_STACK_MIN);
	bool rest = !memcmp(options->reserved, none.reserved, sizeof none.reserved);
	rest = rest &&
	       !(options->flags &
	         ~(uint64_t)(TL_WAITERS_RUN | TL_GROW_ON_EVIDENCE | TL_WAITERS_HELP));
	rest = rest && options->when_full <= TL_FULL_RUN && options->full_timeout >= 0 &&
	       options->max_pending <= PENDING_MOST;
	return times && stack && rest && options->spare_workers <= TL_MAX_WORKERS
	               ? 0
	               : -EINVAL;
}

static void executor_configure(tl_executor *pool, enum kind kind, unsigned min,
                               unsigned max, const tl_options *options)
{
	pool->min_workers = min;
	pool->max_workers = max;
	pool->adaptive = kind == ADAPTIVE;
	pool->ordered = kind == WORKER;
	pool->waiters_help = options->flags & TL_WAITERS_HELP;
	if (kind != WORKER) /* which is one thread, always */
		pool->spare_workers =
			smaller(options->spare_workers, TL_MAX_WORKERS - max);
	pool->options = *options;
	pool->options.name = NULL;
	if (kind == ADAPTIVE && (options->flags & TL_GROW_ON_EVIDENCE)) {
		pool->cpus = cpus_usable("/");
		pool->blocked = UNWATCHED;
		evidence_divide(pool, max);
	}
	pool->idle_timeout = options->idle_timeout == TL_NONE ? TL_FOREVER
	                     : options->idle_timeout          ? options->idle_timeout
	                                                      : IDLE_TIMEOUT_DEFAULT;
	pool->spin = options->spin == TL_NONE ? 0
	             : options->spin          ? options->spin
	                                      : SPIN_DEFAULT;
	pool->pauses = options->spin ? HOT_PAUSES : SPIN_PAUSES;
	if (cpus_allowed() < 2)
		pool->spin = 0; /* whom we wait for could not run meanwhile */
	pool->max_pending = options->max_pending;
	pool->when_full = options->when_full;
	pool->full_timeout = options->full_timeout ? options->full_timeout : TL_FOREVER;
	pool->hints = hints_make(kind == WORKER                    ? HINT_ORDERED
	                         : options->flags & TL_WAITERS_RUN ? HINT_RUN
	                                                           : 0,
	                         options->spin ? pool->spin : 0);
}

/* In a debug build the last ones destroyed stay for a while, to tell so when used. */
static tl_executor *pool_rest(tl_executor *pool)
{
#ifdef TL_DEBUG
	static tl_executor *resting[64];
	static uint32_t next;
	pool->destroyed = true;
	pool = exchange_acq_rel(&resting[fetch_add_relaxed(&next, 1u) % 64], pool);
#endif
	return pool;
}

static void executor_free(tl_executor *pool)
{
	lock(&pool->inbox.list.lock); /* a canceller's last touch may be its unlock */
	unlock(&pool->inbox.list.lock);
	lock(&pool->inbox.urgent.lock);
	unlock(&pool->inbox.urgent.lock);
	pool_chosen_unlocked(pool);
	for (unsigned i = 0; i < pool->slots; i++) {
		free(pool->workers[i]->forks);
		free(pool->workers[i]);
	}
	inbox_free(&pool->inbox);
	timers_let_go(pool->timers);
	free(pool_rest(pool));
	cell_trim();
}

/* Start the first threads; if one can't be started, end the others. */
static int executor_start(tl_executor *pool)
{
	int error = 0;
	for (unsigned i = 0; i < pool->min_workers && !error; i++) {
		fetch_add_seq_cst(&pool->threads, 1u);
		error = pool_start_thread(pool, true);
	}
	if (error) {
		executor_close(pool, TL_DRAIN);
		executor_wait_live(pool, 0, TL_FOREVER);
		pool_join(pool);
	}
	return error;
}

static tl_executor *executor_new(enum kind kind, unsigned min, unsigned max,
                                 const tl_options *options)
{
	static const tl_options defaults;
	static uint32_t pools, workers; /* numbers for names */
	tl_executor *pool = aligned_alloc(LINE, sizeof *pool);
	if (!pool)
		return fail_with(-ENOMEM);
	memset(pool, 0, sizeof *pool);
	if (!inbox_init(&pool->inbox)) {
		free(pool);
		return fail_with(-ENOMEM);
	}
	pool->process = process_number();
	if (!options)
		options = &defaults;
	executor_configure(pool, kind, min, max, options);
	if (options->name)
		snprintf(pool->name, sizeof pool->name, "%s", options->name);
	else if (kind == WORKER)
		snprintf(pool->name, sizeof pool->name, "worker-%u",
		         fetch_add_relaxed(&workers, 1u) + 1);
	else
		snprintf(pool->name, sizeof pool->name, "pool-%u",
		         fetch_add_relaxed(&pools, 1u) + 1);
	int error = executor_start(pool);
	if (error) {
		executor_free(pool);
		return fail_with(error);
	}
	return pool;
}

TL_API tl_executor *tl_worker_create(const tl_options *options)
{
	if (options_check(options) || (options && (options->when_full == TL_FULL_RUN ||
	                                           options->flags & TL_WAITERS_HELP)))
		return fail_with(-EINVAL);
	return executor_new(WORKER, 1, 1, options);
}

TL_API tl_executor *tl_fixed_pool_create(unsigned workers, const tl_options *options)
{
	if (!workers || workers > TL_MAX_WORKERS || options_check(options))
		return fail_with(-EINVAL);
	return executor_new(FIXED, workers, workers, options);
}

TL_API tl_executor *tl_adaptive_pool_create(const tl_options *options)
{
	if (options_check(options))
		return fail_with(-EINVAL);
	unsigned min = options && options->min_workers ? options->min_workers : 1;
	unsigned max = options ? options->max_workers : 0;
	if (min > TL_MAX_WORKERS || max > TL_MAX_WORKERS || (max && min > max))
		return fail_with(-EINVAL);
	if (!max)
		max = smaller(DEFAULT_WORKERS_MOST, 2 * cpus_usable("/"));
	if (max < min)
		max = min;
	return executor_new(ADAPTIVE, min, max, options);
}

/* ---- Stopping ----------------------------------------------------------------- */

/* Take whatever is queued anywhere and end it as cancelled. */
static void cancel_one(tl_executor *pool, tl_task *task)
{
	if (!task)
		return;
	pending_leave(pool);
	fetch_add_relaxed(&pool->cancelled, 1);
	if (is_runner(task))
		serial_turn(task->argument_, task, NULL);
	else if (task_begin(task)) {
		task->future.error_ = -ECANCELED;
		future_finish(&task->future, CANCELLED);
	}
}

static void cancel_pending(tl_executor *pool)
{
	struct inbox *inbox = &pool->inbox;
	uint64_t spot;
	tl_task *task;
	while (inbox_take(inbox, 1, 1, &spot))
		cancel_one(pool, inbox_get(inbox, spot));
	while ((task = overflow_take(&inbox->urgent)) ||
	       (task = overflow_take(&inbox->list)))
		cancel_one(pool, task);
	for (unsigned i = 0; i < load_acquire(&pool->slots); i++) {
		struct worker *worker = pool_worker(pool, i);
		while ((task = overflow_take(&worker->chosen)) ||
		       (task = ring_steal(&worker->ring)))
			cancel_one(pool, task);
		unsigned n;
		while ((n = range_steal(&worker->range, &spot)))
			for (; n > 0; n--, spot += 2)
				cancel_one(pool, inbox_get(inbox, spot));
	}
}

static void executor_close(tl_executor *pool, enum tl_shutdown_mode how)
{
	if (how == TL_CANCEL) /* first: nothing more is begun once submits are refused */
		exchange_seq_cst(&pool->cancelling, 1u);
	inbox_close(&pool->inbox);
	pool_chosen_unlocked(pool); /* as in there: who was about to append has done so */
	pending_close(pool);
	exchange_seq_cst(&pool->closed, 1u); /* last: idle workers may end from here on */
	timers_close(pool);
	if (how == TL_CANCEL)
		cancel_pending(pool);
	if (pool_has_work(pool)) /* submitted quietly, perhaps, and nobody was woken */
		pool_signal(pool);
	pool_finish_if_idle(pool);
}

/* First `finished`: before it, no thread may live and yet one be about to be started, by a
 * submit whose reservation let the last one retire. */
static int executor_wait_live(tl_executor *pool, uint32_t most, int64_t deadline)
{
	uint32_t live;
	while (!load_seq_cst(&pool->finished))
		if (futex_wait(&pool->finished, 0, deadline) == -ETIMEDOUT &&
		    !load_seq_cst(&pool->finished))
			return -ETIMEDOUT;
	while ((live = load_seq_cst(&pool->live)) > most)
		if (futex_wait(&pool->live, live, deadline) == -ETIMEDOUT)
			return load_seq_cst(&pool->live) > most ? -ETIMEDOUT : 0;
	return 0;
}

static int executor_reopen(tl_executor *pool)
{
	lock(&pool->threads_lock); /* see pool_finish_if_idle */
	store_relaxed(&pool->finished, 0u);
	store_relaxed(&pool->cancelling, 0u);
	store_relaxed(&pool->role, 0u);
	if (pool->timers)
		store_relaxed(&pool->timers->keeper, 0u);
	store_relaxed(&pool->pending, 0u);
	exchange_seq_cst(&pool->closed, 0u);
	unlock(&pool->threads_lock);
	int error = executor_start(pool);
	if (!error) /* only now: nobody may count on a thread that might not start */
		inbox_reopen(&pool->inbox);
	return error;
}

static bool called_from_own_task(const tl_executor *pool)
{
	return (self.worker && self.worker->pool == pool) || runs_task_of(pool);
}

TL_API int tl_executor_shutdown(tl_executor *executor, enum tl_shutdown_mode how,
                                int64_t timeout)
{
	if (!executor || timeout < 0 || (how != TL_DRAIN && how != TL_CANCEL))
		return -EINVAL;
	int64_t deadline = deadline_after(timeout);
	if (executor_is_serial(executor))
		return serial_shutdown(serial_of(executor), how, deadline);
	if (!pool_is_ours(executor))
		return -EOWNERDEAD;
	CHECK_POOL(executor);
	debug_count(&executor->waiters, 1);
	executor_close(executor, how);
	int error = -EDEADLK;
	if (!called_from_own_task(executor))
		error = executor_wait_live(executor, 0, deadline);
	if (!error)
		pool_join(executor);
	debug_count(&executor->waiters, -1);
	return error;
}

TL_API int tl_executor_destroy(tl_executor *executor)
{
	if (!executor)
		return 0;
	if (executor_is_serial(executor))
		return serial_destroy(serial_of(executor));
	if (!pool_is_ours(executor))
		return -EOWNERDEAD;
	if (called_from_own_task(executor))
		return -EDEADLK;
	CHECK_POOL(executor);
	MISUSE(load_seq_cst(&executor->waiters),
	       "a thread waits inside a shutdown of it");
	tl_executor_shutdown(executor, TL_DRAIN, TL_FOREVER);
	executor_free(executor);
	return 0;
}
