/* SPDX-License-Identifier: MIT */
/* layer 7: group · tl_group: tasks that are waited for together */
/*
 * A waiter sleeps until the last member has ended. A worker of the group's own pool helps
 * meanwhile: it runs the group's queued tasks on its own stack, so that a pool of one
 * makes progress, and no others, which might want a lock that is held further down this
 * stack (but see meanwhile.c). While the group has queued tasks and none is found, somebody has it in his
 * hands, between two of his instructions: the helper naps and looks again.
 * The pool may be gone as soon as the group is empty, so others don't look at it.
 */
#include "group.h"

#include "blocking.h"
#include "circle.h"
#include "clock.h"
#include "meanwhile.h"
#include "pending.h"
#include "seek.h"
#include "timers.h"
#include "wait.h"

TL_API int tl_group_init(tl_group *group, tl_executor *executor, tl_group *parent)
{
	if (!group || !executor || group == parent || executor_is_serial(executor))
		return -EINVAL;
	CHECK_POOL(executor);
	*group = (tl_group){
		.executor_ = executor,
		.parent_ = parent,
		.process_ = executor->process,
	};
	for (unsigned level = 0; level < 2; level++)
		group->since_[level] =
			load_relaxed(&executor->inbox.level[level].tail) & ~CLOSED;
	return 0;
}

/* ---- Submitting --------------------------------------------------------------- */

/* Push a task that is a member already. On success the group may be gone. */
static int group_push(tl_group *group, tl_task *task, int way, bool helped)
{
	uint32_t *futex = group_futex(group);
	int error = executor_submit(group->executor_, task, way);
	if (UNLIKELY(helped))
		word_wake(futex, INT_MAX);
	return error;
}

/* A place in the pool and one in the group for a task, or why not. */
static int group_enter(tl_group *group, bool *helped)
{
	if (group_is_cancelled(group))
		return -ECANCELED;
	CHECK_POOL(group->executor_);
	int way = executor_enter(group->executor_);
	if (way >= 0)
		*helped = group_join(group);
	return way;
}

/* They were not used. */
static void group_exit(tl_group *group, int way, bool helped)
{
	if (way == 0)
		pending_leave(group->executor_);
	if (helped)
		word_wake(group_futex(group), INT_MAX);
	group_unjoin(group);
}

TL_API tl_future *tl_group_submit(tl_group *group, tl_function *function, void *argument)
{
	bool helped;
	if (!group || !group->executor_)
		return fail_with(-EINVAL);
	tl_task *task = task_new((tl_executor *)(void *)group, function, argument);
	if (UNLIKELY(!task))
		return NULL;
	task->future.word_ |= GROUPED;
	int way = group_enter(group, &helped), error = way;
	if (way >= 0) {
		error = group_push(group, task, way, helped);
		if (UNLIKELY(error))
			group_unjoin(group);
	}
	if (UNLIKELY(error < 0)) {
		cell_free(task);
		return fail_with(error);
	}
	return &task->future;
}

TL_API int tl_group_submit_task(tl_group *group, tl_task *task)
{
	bool helped;
	if (!group || !group->executor_ || !task || !task->function_)
		return -EINVAL;
	int way = group_enter(group, &helped);
	if (UNLIKELY(way < 0))
		return way;
	int64_t word = task_enqueue_grouped(task, group);
	if (UNLIKELY(word < 0)) {
		group_exit(group, way, helped);
		return (int)word;
	}
	int error = group_push(group, task, way, helped);
	if (UNLIKELY(error))
		task_refused(task);
	else
		wake_early_waiters(task, word);
	return error;
}

/* ---- Waiting ------------------------------------------------------------------ */

/* Does this thread run a task of the group, here or further down its stack? */
static bool group_runs_here(const tl_group *group)
{
	for (struct frame *frame = self.frame; frame; frame = frame->below)
		if (group_has(group, frame->task))
			return true;
	return false;
}

/* Say that somebody is about to sleep; the caller looks at everything again. */
static void group_await(tl_group *group, bool helper)
{
	uint64_t left = load_relaxed(&group->left_);
	while (!(left & WAITED) && !cas_acq_rel(&group->left_, &left, left | WAITED))
		;
	if (helper)
		fetch_or_seq_cst(&group->joined_, HELPED);
}

/* D2 of doze.h */
static bool group_awaits(void *what)
{
	tl_group *group = what;
	uint64_t left = load_relaxed(&group->left_);
	while (!cas_acq_rel(&group->left_, &left, left | WAITED))
		;
	return group_is_empty(group);
}

static int group_sleep(tl_group *group, uint64_t left, int64_t until, int64_t deadline)
{
	bool noted = self.frame && deadline == TL_FOREVER;
	if (noted && !circle_note_group(group, self.worker))
		return -EDEADLK;
	struct worker *blocked = thread_blocks();
	int error = futex_wait(group_futex(group), (uint32_t)left, until);
	thread_unblocks(blocked);
	if (noted)
		circle_forget();
	return error;
}

static bool is_member(tl_task *task, const void *group)
{
	return group_has(group, task);
}

static bool is_over(int64_t deadline)
{
	return deadline != TL_FOREVER && clock_now() >= deadline;
}

static int group_wait(tl_group *group, int64_t deadline)
{
	tl_executor *pool = group->executor_;
	bool helper = self.worker && self.worker->pool == pool;
	struct sought sought = {
		.wanted = is_member,
		.by = group,
		.next = { group->since_[0], group->since_[1] },
	};
	int64_t nap = NAP_FIRST;
	struct awaited awaited = {
		.word = group_futex(group),
		.await = group_awaits,
		.what = group,
		.group = group,
	};
	if (!process_is(group->process_))
		return -EOWNERDEAD;
	if (group_runs_here(group) || (helper && pool->ordered))
		return -EDEADLK;
	for (;;) {
		uint64_t left = load_acquire(&group->left_);
		uint32_t begun = load_acquire(&group->begun_);
		uint64_t joined = load_acquire(&group->joined_);
		int64_t until = worker_naps(self.worker, deadline);
		if (group_all_left(joined, left))
			return 0;
		if (helper && group_has_queued(joined, begun)) {
			if (is_over(deadline))
				return -ETIMEDOUT;
			if (stack_is_short())
				return -EAGAIN;
			tl_task *task = pool_seek(self.worker, &sought);
			if (task) {
				wait_execute(self.worker, task);
				nap = NAP_FIRST;
				continue;
			}
			int64_t wake = deadline_after(nap);
			until = wake < until ? wake : until;
			nap = nap < NAP_MOST ? 2 * nap : NAP_MOST;
		}
		struct worker *worker = meanwhile_worker();
		if (UNLIKELY(worker != NULL)) {
			int error = meanwhile(worker, &awaited, deadline);
			if (error)
				return group_is_empty(group) ? 0 : error;
			continue;
		}
		if (!(left & WAITED) || (helper && !(joined & HELPED)))
			group_await(group, helper);
		else {
			int error = group_sleep(group, left, until, deadline);
			if (error == -EDEADLK)
				return error;
			if (error != -ETIMEDOUT)
				continue;
			if (until == deadline)
				return group_is_empty(group) ? 0 : -ETIMEDOUT;
			worker_has_napped(self.worker);
		}
	}
}

TL_API int tl_group_wait(tl_group *group, int64_t timeout)
{
	if (!group || !group->executor_ || timeout < 0)
		return -EINVAL;
	if (!group_is_empty(group)) {
		int error =
			timeout ? group_wait(group, deadline_after(timeout)) : -ETIMEDOUT;
		if (error)
			return error;
	}
	return load_relaxed(&group->error_);
}

TL_API bool tl_group_done(const tl_group *group)
{
	return group && group_is_empty(group);
}

TL_API int tl_group_cancel(tl_group *group)
{
	if (!group || !group->executor_)
		return -EINVAL;
	if (!group_is_empty(group) && !process_is(group->process_))
		return -EOWNERDEAD;
	exchange_seq_cst(&group->cancelled_, 1u);
	return 0;
}
