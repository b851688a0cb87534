/* SPDX-License-Identifier: MIT */
/* layer 7: completions_take · waiting for what comes to a completion queue */
/*
 * Outside of tasks: look for a moment, then sleep. In a task of a pool: run what is queued
 * there and will come to this queue (seek.c), so that a pool of one takes what its own tasks
 * bring; whether more of that is between two queues it can't know, so it looks again at
 * growing intervals.
 */
#include "completions.h"

#include "blocking.h"
#include "callback.h"
#include "clock.h"
#include "doze.h"
#include "event.h"
#include "meanwhile.h"
#include "seek.h"
#include "timers.h"
#include "wait.h"

static bool leads_here(const tl_callback *node, const void *queue)
{
	return node->function == node_comes &&
	       ((const struct node *)(const void *)node)->queue == queue;
}

static bool will_come(tl_task *task, const void *queue)
{
	return callbacks_have(&task->future, leads_here, queue);
}

/* In a task of a pool: run one that is queued there and will come to the queue. */
static bool run_one(tl_completions *queue, struct worker *helper, bool again)
{
	struct sought sought = { .wanted = will_come, .by = queue, .again = again };
	tl_task *task = pool_seek(helper, &sought);
	if (task)
		wait_execute(helper, task);
	return task;
}

static int64_t longer(int64_t nap)
{
	return nap ? nap < LOOK_AGAIN_MOST ? 2 * nap : nap : NAP_FIRST;
}

struct signal {
	tl_completions *queue;
	uint32_t seen;
};

/* D2 of doze.h. E1 is under the lock, too. */
static bool signal_awaits(void *what)
{
	struct signal *signal = what;
	lock(&signal->queue->lock);
	bool over = signal->queue->signal != signal->seen;
	unlock(&signal->queue->lock);
	return over;
}

/* Until something may be there, or -ETIMEDOUT; -EAGAIN: no stack is left to help. */
static int queue_wait(tl_completions *queue, uint32_t seen, int64_t deadline,
                      int64_t *nap)
{
	struct worker *worker = self.worker;
	bool helper = worker && !worker->pool->ordered && pool_is_ours(worker->pool);
	int64_t until = deadline;
	if (helper && stack_is_short())
		return -EAGAIN;
	if (helper) {
		if (run_one(queue, worker, *nap > 0))
			return deadline != TL_FOREVER && clock_now() >= deadline
			               ? -ETIMEDOUT
			               : 0;
		*nap = longer(*nap);
		int64_t next = deadline_after(*nap);
		until = next < deadline ? next : deadline;
	}
	struct worker *helping = meanwhile_worker();
	if (UNLIKELY(helping != NULL)) {
		struct signal signal = { queue, seen };
		struct awaited awaited = {
			.word = &queue->signal,
			.await = signal_awaits,
			.what = &signal,
		};
		return meanwhile(helping, &awaited, deadline);
	}
	struct worker *blocked = thread_blocks();
	int error = futex_wait(&queue->signal, seen, until);
	thread_unblocks(blocked);
	if (until == deadline)
		return error;
	worker_has_napped(worker);
	return 0;
}

/* Whoever completes futures one after the other would have to wake us for each of the first
 * ones: look for a moment, and seldom, so that he has the queue's lines to himself. */
static void queue_watch(tl_completions *queue, int64_t deadline)
{
	int64_t looks = queue->spin / LOOK_LEAST;
	int64_t end = queue->spin ? clock_now() + queue->spin : 0;
	if (end > deadline)
		end = deadline;
	while (looks-- > 0 && clock_now() < end) {
		for (int i = 0; i < TAKE_PAUSES; i++)
			cpu_relax();
		if (load_relaxed(&queue->filled))
			return;
	}
}

/* The same with the lock held, before and after. */
static int queue_sleep(tl_completions *queue, int64_t deadline, int64_t *nap)
{
	if (!self.worker) {
		unlock(&queue->lock);
		queue_watch(queue, deadline);
		lock(&queue->lock);
		if (queue->arrivals.ready)
			return 0;
	}
	uint32_t seen = queue->signal;
	queue->sleepers++;
	unlock(&queue->lock);
	int error = queue_wait(queue, seen, deadline, nap);
	lock(&queue->lock);
	queue->sleepers--;
	return error;
}

static uint32_t queue_get(tl_completions *queue, tl_completion *taken, size_t most)
{
	uint32_t n = arrivals_take(&queue->arrivals, taken, most);
	if (n && !queue->arrivals.ready) {
		store_relaxed(&queue->filled, 0u);
		if (queue->event >= 0)
			event_clear(queue->event);
	}
	return n;
}

TL_API int tl_completions_take(tl_completions *completions, tl_completion *taken,
                               size_t n, int64_t timeout)
{
	if (!completions || !taken || !n || n > INT_MAX || timeout < 0)
		return -EINVAL;
	if (!process_is(completions->process))
		return -EOWNERDEAD;
	int64_t deadline = timeout ? -1 : 0, nap = 0;
	int error = 0;
	lock(&completions->lock);
	while (!completions->arrivals.ready && !error) {
		if (deadline < 0)
			deadline = deadline_after(timeout);
		error = timeout ? queue_sleep(completions, deadline, &nap) : -ETIMEDOUT;
	}
	uint32_t got = queue_get(completions, taken, n);
	bool wake = completions->arrivals.ready && queue_signals(completions);
	unlock(&completions->lock);
	if (wake)
		word_wake(&completions->signal, 1);
	if (!got)
		return error;
	fetch_sub_relaxed(&completions->left, got);
	return (int)got;
}
