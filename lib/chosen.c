/* SPDX-License-Identifier: MIT */
/* layer 6: chosen · submitting to one worker of a fixed pool */
/*
 * Each worker has a list of tasks that only it runs (worker->chosen). Only itself, cancellers
 * and shutdown take anything out of there. It is there for as long as the pool: of a fixed
 * pool only those go that stand in for others (worker_may_go). How it is woken: sleep.h; when
 * it comes to that list: find.c.
 */
#include "executor.h"
#include "pending.h"

static int chosen_push(struct worker *worker, tl_task *task)
{
	tl_executor *pool = worker->pool;
	uint32_t hints = pool->hints & ~HINT_RUN; /* that is for nobody else */
	store_relaxed(&task->hints_, hints | HINT_CHOSEN | worker->index << HINT_WORKER);
	return inbox_append(&pool->inbox, &worker->chosen, task);
}

static int submit_chosen(tl_executor *pool, unsigned number, tl_task *task)
{
	int way = executor_enter(pool);
	if (way)
		return way < 0 ? way : -EAGAIN; /* RUN_HERE: no other thread may run it */
	int64_t word = task_enqueue(task, pool);
	if (word < 0) {
		pending_leave(pool);
		return (int)word;
	}
	int error = chosen_push(pool_worker(pool, number), task);
	if (error) {
		pending_leave(pool);
		task_refused(task);
		return error;
	}
	worker_wake(pool, number);
	wake_early_waiters(task, word);
	return 0;
}

TL_API int tl_submit_to(tl_executor *executor, unsigned worker, tl_task *task)
{
	if (!executor || !task || !task->function_ || executor_is_serial(executor))
		return -EINVAL;
	CHECK_POOL(executor);
	if (executor->adaptive || worker >= executor->max_workers)
		return -EINVAL;
	return executor->ordered ? tl_submit_task(executor, task)
	                         : submit_chosen(executor, worker, task);
}

TL_API int tl_worker_number(void)
{
	return self.worker ? (int)self.worker->index : -1;
}
