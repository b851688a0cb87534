/* SPDX-License-Identifier: MIT */
/* layer 6: wait · waiting for one future, outside and inside of tasks */
/*
 * Outside of tasks: watch it for a moment if its task runs on another CPU, then sleep
 * on the word.
 *
 * In a worker of the pool where the awaited task is queued: win its slot and run it
 * here. So a wait never needs a thread that isn't there, and waits without a circle
 * make progress in a pool of one, at any depth that the stack allows. No other task is
 * run inside a wait: it might want a lock that is held further down this stack. (Unless the
 * pool's user has said that it doesn't: meanwhile.c.)
 *
 * A task that says QUEUED but is in no slot is in some thread's hands: one that is
 * submitting it, or one that has taken it and is about to run it. Both are instructions
 * away from the next step, but the first doesn't look at the word any more (the task
 * may be gone by then), so nobody would wake us: we nap and look again. A task that is
 * submitted after the wait has begun is no such case: its submit sees WAITERS.
 */
#include "wait.h"

#include "blocking.h"
#include "callback.h"
#include "circle.h"
#include "clock.h"
#include "forks.h"
#include "group.h"
#include "help.h"
#include "meanwhile.h"
#include "serial.h"
#include "thread.h"
#include "timers.h"

static COLD void stack_measure(void)
{
	size_t size;
	thread_stack(&self.stack, &size);
	self.stack_reserve = size / 4 < STACK_RESERVE ? size / 4 : STACK_RESERVE;
}

/* Not asked on stacks that aren't the thread's. */
static ALWAYS_INLINE bool stack_is_short(void)
{
	if (UNLIKELY(!self.stack_reserve))
		stack_measure();
	return (uintptr_t)__builtin_frame_address(0) - self.stack < self.stack_reserve;
}

static void wait_execute(struct worker *worker, tl_task *task)
{
	struct callbacks aside = callbacks_aside();
	count_up(&worker->counters.claimed, 1);
	worker_execute_within(worker, task);
	worker_stays(worker); /* in a callback, below which there is no task */
	callbacks_back(aside);
}

/* Win it, if it is queued in the worker's own pool: 1, or as wait_run_queued. The place has
 * been looked at before the executor: it may have been refused by this pool and be in
 * another one's list by now, which must not be taken for one of ours. */
static inline int wait_claim(struct worker *worker, tl_task *task, uintptr_t place,
                             tl_executor *executor)
{
	if (executor != worker->pool)
		return 0;
	if (worker->pool->ordered)
		return -EDEADLK; /* in a callback or a hook, too */
	int chosen = task_chosen_for(task, place);
	if (UNLIKELY(chosen >= 0) && chosen != (int)worker->index)
		return 0;
	return pool_claim_at(worker->pool, task, place) ? 1 : -EAGAIN;
}

/* The same for a group's task: as long as it is kept from ending the group is there. */
static COLD int wait_claim_grouped(struct worker *worker, tl_task *task)
{
	if (!help_hold(task))
		return -EAGAIN;
	uintptr_t place = load_acquire(&task->place_);
	int claimed = wait_claim(worker, task, place, task_executor(task));
	help_let_go(task);
	return claimed;
}

/* By itself, as the next: a wait within a wait takes no more stack than it must. */
static COLD int wait_run_elsewhere(struct worker *worker, tl_task *task)
{
	int ran = 0;
	struct callbacks aside = callbacks_aside();
	if (worker)
		ran = serial_run_queued(task);
	if (!ran)
		ran = help_run(task);
	callbacks_back(aside);
	return ran;
}

static int wait_run_queued(tl_future *future)
{
	struct worker *worker = self.worker;
	uint32_t word = load_acquire(&future->word_);
	if (is_timed(word) && worker && worker->pool->ordered &&
	    load_relaxed(&task_of(future)->executor_) == worker->pool)
		return -EDEADLK; /* it will be queued behind this one */
	bool cancelled = word & CANCEL;
	if (state_of(word) != QUEUED || (cancelled && (!worker || word & GROUPED)))
		return 0;
	tl_task *task = task_of(future);
	if ((worker || self.frame) && UNLIKELY(stack_is_short()))
		return -ENOMEM;
	int ran = 0;
	uintptr_t place = load_acquire(&task->place_);
	if (worker)
		ran = UNLIKELY(word & GROUPED)
		              ? wait_claim_grouped(worker, task)
		              : wait_claim(worker, task, place,
		                           load_relaxed(&task->executor_));
	if (ran > 0)
		wait_execute(worker, task);
	return ran || cancelled ? ran : wait_run_elsewhere(worker, task);
}

/* Sleep while it is in this state, the one that it was in before wait_run_queued: when
 * it has been queued since, it may be ours to run, and its submit saw no WAITERS. */
static COLD int wait_asleep(tl_future *future, enum state state, int64_t deadline)
{
	uint32_t word = load_acquire(&future->word_);
	int result = 0;
	if (!self.worker)
		state = state_of(word);
	struct worker *blocked = thread_blocks();
	while (!has_ended(word) && state_of(word) == state && result == 0) {
		result = future_park(future, word, deadline);
		word = load_acquire(&future->word_);
		if (!self.worker)
			state = state_of(word);
	}
	thread_unblocks(blocked);
	return has_ended(word) ? 0 : result;
}

/* D2 of doze.h */
static bool future_awaits(void *what)
{
	tl_future *future = what;
	uint32_t word = load_acquire(&future->word_);
	do {
		if (has_ended(word))
			return true;
	} while (!cas_acq_rel(&future->word_, &word, word | WAITERS));
	return false;
}

/* With TL_WAITERS_HELP, in place of wait_asleep: 0: look again. */
static COLD int wait_meanwhile(struct worker *worker, tl_future *future, int64_t deadline)
{
	struct awaited awaited = {
		.word = &future->word_,
		.await = future_awaits,
		.what = future,
		.future = future,
	};
	return meanwhile(worker, &awaited, deadline);
}

/* How long to watch it before sleeping: if its task runs on another CPU, it may end
 * before a sleep would begin; if its pool was made for that, while it is queued, too. */
static int64_t wait_spin(tl_future *future)
{
	struct worker *worker = self.worker;
	uint32_t word = load_acquire(&future->word_);
	enum state state = state_of(word);
	if (state != QUEUED && state != RUNNING)
		return 0;
	uint32_t hints = load_relaxed(&task_of(future)->hints_);
	bool ours = worker && load_relaxed(&task_of(future)->executor_) == worker->pool;
	ours = ours || (worker && (hints & HINT_SERIAL || word & GROUPED));
	if (state == QUEUED && (ours || (hints & HINT_RUN)))
		return 0;
	if (state == QUEUED || hints_spin(hints))
		return hints_spin(hints);
	return WAIT_SPIN;
}

static void wait_spinning(tl_future *future)
{
	int64_t spin = wait_spin(future), looks = spin / LOOK_LEAST;
	if (!spin)
		return;
	int64_t end = clock_now() + spin;
	while (looks-- > 0 && clock_now() < end)
		for (int i = 0; i < 8; i++) {
			enum state state = state_of(load_relaxed(&future->word_));
			if (state != QUEUED && state != RUNNING)
				return;
			cpu_relax();
		}
}

static int wait_until(tl_future *future, int64_t deadline)
{
	int64_t nap = NAP_FIRST;
	if (is_orphan(future))
		return -EOWNERDEAD;
	if (self.frame && runs_here(future))
		return -EDEADLK;
	wait_spinning(future);
	uint32_t word;
	while (!has_ended(word = load_acquire(&future->word_))) {
		int ran = wait_run_queued(future);
		if (ran == -EDEADLK)
			return ran;
		if (ran == -ENOMEM)
			return -EAGAIN;
		if (ran > 0)
			continue;
		struct worker *helper = meanwhile_worker();
		if (UNLIKELY(helper != NULL)) {
			int error = wait_meanwhile(helper, future, deadline);
			if (error)
				return has_ended(load_acquire(&future->word_)) ? 0
				                                               : error;
			continue;
		}
		int64_t until = worker_naps(self.worker, deadline);
		if (ran == -EAGAIN) {
			int64_t next = deadline_after(nap);
			until = next < until ? next : until;
			nap = nap < NAP_MOST ? 2 * nap : NAP_MOST;
		}
		bool noted = self.frame && deadline == TL_FOREVER;
		if (noted && !circle_note(future, self.worker))
			return -EDEADLK;
		int slept = wait_asleep(future, state_of(word), until);
		if (noted)
			circle_forget();
		if (slept == -ETIMEDOUT && until != deadline)
			worker_has_napped(self.worker);
		else if (slept == -ETIMEDOUT)
			return has_ended(load_acquire(&future->word_)) ? 0 : -ETIMEDOUT;
	}
	return 0;
}

TL_API int tl_future_wait(tl_future *future, int64_t timeout)
{
	if (!future || timeout < 0)
		return -EINVAL;
	CHECK_FUTURE(future);
	if (LIKELY(has_ended(load_acquire(&future->word_))))
		return 0;
	if (timeout == 0)
		return -ETIMEDOUT;
	return wait_until(future, deadline_after(timeout));
}

TL_API int tl_future_result(tl_future *future, void **value, int64_t timeout)
{
	int error = tl_future_wait(future, timeout);
	if (error)
		return error;
	switch (state_of(load_acquire(&future->word_))) {
	case DONE:
		if (value)
			*value = future->value_;
		return 0;
	case CANCELLED: return -ECANCELED;
	default: return future->error_;
	}
}

TL_API void *tl_await(tl_future *future)
{
	if (!future)
		return NULL;
	void *value = NULL;
	int error = tl_future_result(future, &value, TL_FOREVER);
	tl_future_release(future);
	errno = -error;
	return value;
}
