/* SPDX-License-Identifier: MIT */
/* layer 7: wait_many · tl_wait */
/*
 * ALL waits for one after the other. ANY and FIRST_ERROR hang a callback on each future;
 * the first that decides sets the latch, on which the caller sleeps. Then every node is
 * taken back, so nothing points to the caller's stack any more.
 */
#include <limits.h>
#include <stdlib.h>

#include "blocking.h"
#include "callback.h"
#include "clock.h"
#include "doze.h"
#include "futex.h"
#include "meanwhile.h"
#include "timers.h"
#include "wait.h"

struct latch {
	uint32_t decided; /* the answer + 1; a futex */
	uint32_t left;    /* futures that have not ended well */
	uint32_t count;
	bool errors_only;
};

struct entry {
	tl_callback callback;
	struct latch *latch;
	uint32_t index;
};

static void latch_decide(struct latch *latch, uint32_t answer)
{
	uint32_t open = 0;
	if (cas_acq_rel(&latch->decided, &open, answer + 1))
		word_wake(&latch->decided, 1);
}

static void entry_ended(tl_future *future, void *context)
{
	struct entry *entry = context;
	struct latch *latch = entry->latch;
	bool well = state_of(load_acquire(&future->word_)) == DONE;
	if (!latch->errors_only || !well)
		latch_decide(latch, entry->index);
	else if (fetch_sub_acq_rel(&latch->left, 1u) == 1)
		latch_decide(latch, latch->count);
}

static int wait_all(tl_future *const *futures, size_t n, int64_t timeout)
{
	int64_t deadline = deadline_after(timeout);
	for (size_t i = 0; i < n; i++) {
		int error = 0;
		if (!has_ended(load_acquire(&futures[i]->word_)))
			error = timeout ? wait_until(futures[i], deadline) : -ETIMEDOUT;
		if (error)
			return error;
	}
	return 0;
}

/* In a worker: run what is queued in its own pool until the latch is decided. Returns
 * -EAGAIN if one of them is in another thread's hands, -ENOMEM if this stack has no room
 * for one, -EDEADLK if all are queued behind the waiting task. */
static int run_queued(tl_future *const *futures, size_t n, struct latch *latch)
{
	int result = 0;
	size_t behind = 0;
	for (size_t i = 0; i < n && !load_acquire(&latch->decided); i++) {
		int ran = wait_run_queued(futures[i]);
		behind += ran == -EDEADLK;
		if (ran == -ENOMEM || (ran == -EAGAIN && !result))
			result = ran;
	}
	return behind == n ? -EDEADLK : result;
}

/* D2 of doze.h */
static bool latch_awaits(void *latch)
{
	return fetch_or_acq_rel(&((struct latch *)latch)->decided, 0u);
}

static int latch_wait(tl_future *const *futures, struct latch *latch, int64_t deadline)
{
	int64_t nap = NAP_FIRST;
	struct awaited awaited = { .word = &latch->decided,
		                   .await = latch_awaits,
		                   .what = latch };
	while (!load_acquire(&latch->decided)) {
		int64_t until = worker_naps(self.worker, deadline);
		int ran = run_queued(futures, latch->count, latch);
		if (ran == -ENOMEM && !load_acquire(&latch->decided))
			return -EAGAIN;
		if (ran == -EDEADLK)
			return ran;
		if (ran == -EAGAIN) {
			int64_t next = deadline_after(nap);
			until = next < until ? next : until;
			nap = nap < NAP_MOST ? 2 * nap : NAP_MOST;
		}
		struct worker *worker = meanwhile_worker();
		if (UNLIKELY(worker != NULL)) {
			if (meanwhile(worker, &awaited, deadline))
				break;
			continue;
		}
		struct worker *blocked = thread_blocks();
		int error = futex_wait(&latch->decided, 0, until);
		thread_unblocks(blocked);
		if (error && until == deadline)
			break;
		if (error)
			worker_has_napped(self.worker);
	}
	uint32_t decided = load_acquire(&latch->decided);
	return decided ? (int)(decided - 1) : -ETIMEDOUT;
}

static int wait_first(tl_future *const *futures, size_t n, bool errors_only,
                      int64_t timeout)
{
	struct entry on_stack[WAIT_ON_STACK], *entries = on_stack;
	struct latch latch = {
		.left = (uint32_t)n,
		.count = (uint32_t)n,
		.errors_only = errors_only,
	};
	int64_t deadline = deadline_after(timeout);
	for (size_t i = 0; self.frame && i < n; i++)
		if (runs_here(futures[i]))
			return -EDEADLK;
	if (n > WAIT_ON_STACK && !(entries = malloc(n * sizeof *entries)))
		return -ENOMEM;

	size_t hung = 0;
	int lost = 0; /* one of them will never end in this process */
	for (; hung < n && !load_acquire(&latch.decided); hung++) {
		struct entry *entry = &entries[hung];
		entry->callback.function = entry_ended;
		entry->callback.context = entry;
		entry->latch = &latch;
		entry->index = (uint32_t)hung;
		if (callback_at_once(futures[hung], &entry->callback))
			lost = -EOWNERDEAD;
	}
	int answer;
	if (lost && !load_acquire(&latch.decided))
		answer = lost;
	else if (timeout || load_acquire(&latch.decided))
		answer = latch_wait(futures, &latch, deadline);
	else
		answer = -ETIMEDOUT;
	while (hung > 0) {
		hung--;
		tl_future_remove(futures[hung], &entries[hung].callback);
	}
	if (entries != on_stack)
		free(entries);
	return answer;
}

TL_API int tl_wait(tl_future *const *futures, size_t n, enum tl_wait_mode mode,
                   int64_t timeout)
{
	if ((!futures && n) || timeout < 0 || n >= INT_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!futures[i])
			return -EINVAL;
		CHECK_FUTURE(futures[i]);
	}
	switch (mode) {
	case TL_ALL: return wait_all(futures, n, timeout);
	case TL_ANY: return n ? wait_first(futures, n, false, timeout) : -EINVAL;
	case TL_FIRST_ERROR: return n ? wait_first(futures, n, true, timeout) : 0;
	}
	return -EINVAL;
}
