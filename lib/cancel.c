/* SPDX-License-Identifier: MIT */
/* layer 7: cancel · tl_future_cancel and tl_task_withdraw */
#include "cancel.h"

#include "futex.h"
#include "group.h"
#include "pending.h"
#include "serial.h"

static bool executor_claim(tl_executor *executor, tl_task *task)
{
	return executor_is_serial(executor)
	               ? overflow_claim(&serial_of(executor)->list, task)
	               : pool_claim_pending(executor, task);
}

/*
 * CANCEL has been set while the task was queued. Try to take it out of its queue, whose
 * pool lives at least until LEFT is set; else whoever takes it out ends it.
 */
static void cancel_queued(tl_task *task)
{
	tl_executor *pool = task_executor(task);
	if (pool) {
		uint64_t *cancelled = executor_is_serial(pool)
		                              ? &serial_of(pool)->cancelled
		                              : &pool->cancelled;
		fetch_add_relaxed(cancelled, 1);
		/* Before the claim: for a holder, too, the pool is there only as long as
		 * the task is in a queue, or in the hands of one of its threads. */
		task_unheld(task);
		if (executor_claim(pool, task)) {
			task->future.error_ = -ECANCELED;
			future_finish(&task->future, CANCELLED);
			return;
		}
		fetch_sub_relaxed(cancelled, 1);
	}
	if (fetch_or_acq_rel(&task->future.word_, LEFT) & WAITERS)
		futex_wake(&task->future.word_, INT_MAX);
}

static bool future_cancel_queued(tl_future *future)
{
	uint32_t *word = &future->word_, seen = load_acquire(word);
	while (state_of(seen) == QUEUED && !(seen & CANCEL))
		if (cas_acq_rel(word, &seen, seen | CANCEL)) {
			cancel_queued(task_of(future));
			return true;
		}
	return false;
}

/*
 * A promise with a canceller, which is asked once, by who sets CANCEL. Until LEFT is set
 * it doesn't end, so it is there for him. 1: the word has changed, look again.
 */
static COLD int cancel_promise(tl_future *future, uint32_t seen)
{
	uint32_t *word = &future->word_;
	if (seen & CANCEL)
		return -EINPROGRESS;
	if (!cas_acq_rel(word, &seen, seen | CANCEL))
		return 1;
	tl_canceller *canceller = future->value_;
	int answer = canceller->cancel(future, canceller->context);
	if (answer == 0) {
		seen = load_relaxed(word);
		while (!cas_acq_rel(word, &seen, with_state(seen, SETTLING) | LEFT))
			;
		future->error_ = -ECANCELED;
		future_finish(future, CANCELLED);
		return 0;
	}
	if (fetch_or_acq_rel(word, LEFT) & WAITERS)
		futex_wake(word, INT_MAX);
	return answer < 0 ? answer : -EINPROGRESS;
}

TL_API int tl_future_cancel(tl_future *future)
{
	if (!future)
		return -EINVAL;
	CHECK_FUTURE(future);
	if (is_orphan(future))
		return -EOWNERDEAD;
	uint32_t *word = &future->word_, seen = load_acquire(word);
	for (;;) {
		switch (state_of(seen)) {
		case NEW:
			if (seen & HELD) {
				int asked = cancel_promise(future, seen);
				if (asked <= 0)
					return asked;
			} else if (tl_future_fail(future, -ECANCELED) == 0) {
				return 0;
			}
			seen = load_acquire(word);
			break;
		case QUEUED:
			if (seen & CANCEL)
				return 0;
			if (cas_acq_rel(word, &seen, seen | CANCEL)) {
				cancel_queued(task_of(future));
				return 0;
			}
			break;
		case RUNNING:
			if ((seen & CANCEL) || cas_acq_rel(word, &seen, seen | CANCEL))
				return -EINPROGRESS;
			break;
		case SETTLING: return -EINPROGRESS;
		default: return -EALREADY;
		}
	}
}

TL_API int tl_task_withdraw(tl_task *task)
{
	if (!task)
		return -EINVAL;
	if (self.frame && runs_here(&task->future))
		return -EDEADLK;
	int error = tl_future_cancel(&task->future);
	if (error == -EOWNERDEAD)
		return error;
	int waited = wait_until(&task->future, TL_FOREVER);
	if (waited) /* still the executor's */
		return waited;
	return error == -EINPROGRESS ? -EALREADY : error;
}
