/* SPDX-License-Identifier: MIT */
/* layer 6: submit · the way of a task into a pool */
#include "executor.h"
#include "futex.h"
#include "own.h"
#include "pending.h"
#include "serial.h"

/* How a task is submitted; each is compiled into a way of its own. */
enum how { WAKING, QUIETLY, URGENTLY };

static ALWAYS_INLINE int push_plain(tl_executor *pool, tl_task *task)
{
	struct worker *worker = self.worker;
	store_relaxed(&task->hints_, pool->hints);
	if (worker && worker->pool == pool && !pool->ordered) {
		if (UNLIKELY(load_relaxed(&pool->closed)))
			return -ESHUTDOWN;
		if (LIKELY(worker_push(worker, task))) {
			count_up(&worker->counters.local, 1);
			return 0;
		}
	}
	return inbox_push(&pool->inbox, task);
}

static ALWAYS_INLINE int push(tl_executor *pool, tl_task *task, enum how how)
{
	int error;
	if (how == URGENTLY) {
		store_relaxed(&task->hints_, pool->hints | HINT_URGENT);
		error = inbox_push_urgent(&pool->inbox, task);
	} else
		error = push_plain(pool, task);
	if (UNLIKELY(error))
		pending_leave(pool);
	return error;
}

/* A pool that may grow, where nobody searches: have a worker for this task, then push it. */
static COLD int submit_growing(tl_executor *pool, tl_task *task, enum how how)
{
	struct worker *claimed = idle_claim(pool);
	bool reserved = !claimed && pool_reserve_thread(pool);
	int error = push(pool, task, how);
	if (claimed) {
		worker_notify(claimed, PLAIN);
	} else if (reserved && error) {
		fetch_sub_seq_cst(&pool->coming, 1u);
		pool_release_thread(pool, 0);
		/* Refused: a worker may have waited for this one before it ended all. */
		pool_finish_if_idle(pool);
	} else if (!error && (!reserved || pool_start_thread(pool, false)))
		pool_signal(pool);
	return error;
}

/* There is room for it. */
static ALWAYS_INLINE int submit_to_pool(tl_executor *pool, tl_task *task, enum how how)
{
	if (how != QUIETLY && pool->adaptive && pool_may_grow(pool) &&
	    !load_seq_cst(&pool->role))
		return submit_growing(pool, task, how);
	int error = push(pool, task, how);
	if (LIKELY(!error) && (how != QUIETLY || pending_awaited(pool)) &&
	    UNLIKELY(pool_wants_signal(pool)))
		pool_signal(pool);
	return error;
}

/* There is no room: the submitter runs it. A shutdown waits for that as for a helper. */
static COLD int submit_run_here(tl_executor *pool, tl_task *task)
{
	int error = -ESHUTDOWN;
	struct visit visit;
	pool_hold(pool);
	visit_begin(&visit, pool);
	if (!load_seq_cst(&pool->closed)) {
		error = 0;
		if (task_begin(task)) {
			fetch_add_relaxed(&pool->inlined, 1);
			future_finish(&task->future, task_call(task));
		}
	}
	visit_end(&visit);
	pool_let_go(pool);
	return error;
}

/* Which way a task goes, besides RUN_HERE of pending_enter; or why it is refused. */
enum { TO_POOL = 0, TO_SERIAL = 2 };

static ALWAYS_INLINE int way_in(tl_executor *executor)
{
	if (UNLIKELY(!pool_is_ours(executor)))
		return executor_is_serial(executor) ? TO_SERIAL : -EOWNERDEAD;
	return UNLIKELY(executor->max_pending) ? pending_enter(executor) : TO_POOL;
}

static COLD int submit_another_way(tl_executor *executor, tl_task *task, int way,
                                   enum how how)
{
	if (way == RUN_HERE)
		return submit_run_here(executor, task);
	return how == URGENTLY ? -EINVAL
	                       : serial_submit(serial_of(executor), task, how == WAKING);
}

static ALWAYS_INLINE int submit_by(tl_executor *executor, tl_task *task, int way,
                                   enum how how)
{
	if (UNLIKELY(way != TO_POOL))
		return submit_another_way(executor, task, way, how);
	return submit_to_pool(executor, task, how);
}

static int executor_enter(tl_executor *executor)
{
	return way_in(executor);
}

static int executor_submit(tl_executor *executor, tl_task *task, int way)
{
	return submit_by(executor, task, way, WAKING);
}

/* A cell with so many references; without a user's it may be gone when this returns. */
static ALWAYS_INLINE int submit_cell(tl_executor *executor, tl_function *function,
                                     void *argument, uint32_t references, tl_task **made)
{
	if (!executor || !function)
		return -EINVAL;
	tl_task *task = *made = task_make(executor, function, argument, references);
	if (UNLIKELY(!task))
		return -ENOMEM;
	CHECK_POOL(executor);
	int way = way_in(executor);
	int error = UNLIKELY(way < 0) ? way : submit_by(executor, task, way, WAKING);
	if (UNLIKELY(error))
		cell_free(task);
	return error;
}

TL_API tl_future *tl_submit(tl_executor *executor, tl_function *function, void *argument)
{
	tl_task *task;
	int error = submit_cell(executor, function, argument, 2, &task);
	return UNLIKELY(error) ? fail_with(error) : &task->future;
}

TL_API int tl_post(tl_executor *executor, tl_function *function, void *argument)
{
	tl_task *task;
	return submit_cell(executor, function, argument, 1, &task);
}

static void wake_early_waiters(tl_task *task, int64_t word)
{
	if (UNLIKELY(word & WAITERS))
		futex_wake(&task->future.word_, INT_MAX);
}

/* Who submits its own tasks in the order of an array, or of any row of objects, waits for
 * memory at each of them: fetch what is a few steps on. */
static ALWAYS_INLINE void fetch_next_tasks(const tl_task *task)
{
	uintptr_t place = (uintptr_t)task, step = place - ~self.submitted;
	if (step == self.step)
		prefetch_write((void *)(place + TASKS_AHEAD * step));
	self.step = step;
	self.submitted = ~place; /* no address for those who look for one that dangles */
}

static ALWAYS_INLINE int submit_own(tl_executor *executor, tl_task *task, enum how how)
{
	if (!executor || !task || !task->function_)
		return -EINVAL;
	CHECK_POOL(executor);
	int way = way_in(executor);
	if (UNLIKELY(way < 0))
		return way;
	int64_t word = task_enqueue(task, executor);
	if (UNLIKELY(word < 0)) {
		if (way == TO_POOL)
			pending_leave(executor);
		return (int)word;
	}
	int error = submit_by(executor, task, way, how);
	if (UNLIKELY(error))
		task_refused(task);
	else
		wake_early_waiters(task, word);
	return error;
}

TL_API int tl_submit_task(tl_executor *executor, tl_task *task)
{
	fetch_next_tasks(task);
	return submit_own(executor, task, WAKING);
}

TL_API int tl_submit_quietly(tl_executor *executor, tl_task *task)
{
	fetch_next_tasks(task);
	return submit_own(executor, task, QUIETLY);
}

TL_API int tl_submit_urgently(tl_executor *executor, tl_task *task)
{
	fetch_next_tasks(task);
	return submit_own(executor, task, URGENTLY);
}

/* Wake, or start, what n tasks need at once. */
static void signal_batch(tl_executor *pool, uint64_t n)
{
	while (n-- > 1 && pool_has_work(pool)) {
		struct worker *worker = idle_any(pool) ? idle_claim(pool) : NULL;
		if (worker)
			worker_notify(worker, PLAIN);
		else if (!pool_reserve_thread(pool) || pool_start_thread(pool, false))
			break;
	}
	pool_signal(pool);
}

static uint64_t own_count(tl_executor *pool)
{
	struct worker *worker = self.worker;
	return worker && worker->pool == pool ? worker_count(worker) : 0;
}

TL_API int tl_kick(tl_executor *executor)
{
	if (!executor)
		return -EINVAL;
	tl_executor *pool =
		executor_is_serial(executor) ? serial_of(executor)->pool : executor;
	CHECK_POOL(pool);
	if (!pool_is_ours(pool))
		return -EOWNERDEAD;
	uint64_t n = inbox_count(&pool->inbox) + own_count(pool);
	if (n)
		signal_batch(pool, n);
	return 0;
}

TL_API int tl_submit_tasks(tl_executor *executor, tl_task *const *tasks, size_t n)
{
	size_t accepted = 0;
	int error = 0;
	if (!executor || (!tasks && n) || n > INT_MAX)
		return -EINVAL;
	bool serial = executor_is_serial(executor);
	if (UNLIKELY(!serial && !pool_is_ours(executor)))
		return -EOWNERDEAD;
	bool together = !serial && !executor->adaptive && !executor->max_pending;
	while (accepted < n) {
		tl_task *task = tasks[accepted];
		if (accepted + TASKS_AHEAD < n)
			prefetch_write(tasks[accepted + TASKS_AHEAD]);
		error = together ? submit_own(executor, task, QUIETLY)
		                 : tl_submit_task(executor, task);
		if (error)
			break;
		accepted++;
	}
	if (together && accepted)
		signal_batch(executor, accepted);
	return accepted ? (int)accepted : error;
}
