/* SPDX-License-Identifier: MIT */
/* layer 6: executor · making and freeing a pool */
#include "executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "cpus.h"
#include "evidence.h"
#include "pending.h"
#include "timers.h"

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
	rings_free(&pool->rings);
	timers_let_go(pool->timers);
	free(pool_rest(pool));
	cell_trim(NULL);
}

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
