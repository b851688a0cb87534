/* SPDX-License-Identifier: MIT */
/* layer 6: shutdown · closing a pool, cancelling what is pending, waiting for the end */
#include "executor.h"

#include "clock.h"
#include "futex.h"
#include "help.h"
#include "own.h"
#include "pending.h"
#include "serial.h"
#include "timers.h"

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
		       (task = worker_oldest(worker)))
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
