/* SPDX-License-Identifier: MIT */
/* layer 3: future · publishing an end, promises, references */
#include "future.h"

#include <limits.h>

#include "callback.h"
#include "doze.h"
#include "futex.h"
#include "group.h"

static inline uint32_t word_ended(uint32_t word, enum state state)
{
	uint32_t ended = with_state(word, state);
	return word & CELL ? ended - REFERENCE : ended;
}

/* The end is out, the word was `word` before. */
static inline void future_tell(tl_future *future, uint32_t word, uint32_t ended)
{
	if (word & WAITERS)
		word_wake(&future->word_, INT_MAX);
	if ((ended & CELL) && ended < REFERENCE)
		cell_free(task_of(future));
}

/* The same with callbacks, or of a group's task. */
static __attribute__((noinline)) tl_callback *future_end_told(tl_future *future,
                                                              enum state state)
{
	tl_callback *list = NULL;
	tl_group *group = NULL;
	int error = 0;
	bool detached = false;
	uint32_t word = load_acquire(&future->word_), ended;
	if (word & GROUPED) {
		group = group_of(task_of(future));
		error = state == DONE ? 0 : future->error_;
		if (state_of(word) == QUEUED) /* it never will */
			group_begin(group);
	}
	do {
		if ((word & CALLBACKS) && !detached) {
			list = callbacks_detach(future);
			detached = true;
		}
		ended = word_ended(word, state);
	} while (!cas_acq_rel(&future->word_, &word, ended));
	future_tell(future, word, ended);
	if (group)
		group_leave(group, error);
	return list;
}

static tl_callback *future_end(tl_future *future, enum state state)
{
	uint32_t word = load_acquire(&future->word_), ended;
	if (is_alone(word)) { /* nobody will ask for the result */
		cell_free(task_of(future));
		return NULL;
	}
	do {
		if (UNLIKELY(word & (CALLBACKS | GROUPED)))
			return future_end_told(future, state);
		ended = word_ended(word, state);
	} while (!cas_acq_rel(&future->word_, &word, ended));
	future_tell(future, word, ended);
	return NULL;
}

static int future_park(tl_future *future, uint32_t word, int64_t deadline)
{
	uint32_t waiting = word | WAITERS;
	if (!(word & WAITERS) && !cas_acq_rel(&future->word_, &word, waiting))
		return 0;
	return futex_wait(&future->word_, waiting, deadline);
}

/* ---- Promises ----------------------------------------------------------------- */

TL_API void tl_future_init(tl_future *future)
{
	*future = (tl_future){ 0 };
}

TL_API void tl_future_init_cancellable(tl_future *future, tl_canceller *canceller)
{
	*future = (tl_future){ .word_ = HELD, .value_ = canceller };
}

/* The canceller of a promise is being asked: it stays until he has left. */
static COLD bool future_settle_cancelled(tl_future *future)
{
	uint32_t word;
	do {
		while (((word = load_acquire(&future->word_)) & (CANCEL | LEFT)) ==
		       CANCEL)
			future_park(future, word, TL_FOREVER);
		if (state_of(word) != NEW)
			return false;
	} while (!cas_acq_rel(&future->word_, &word, with_state(word, SETTLING)));
	return true;
}

/* NEW to SETTLING: from here on this thread alone may end it. */
static inline bool future_settle(tl_future *future)
{
	uint32_t word = load_relaxed(&future->word_);
	do {
		if (UNLIKELY(word & (STATE | CANCEL)))
			return state_of(word) == NEW && future_settle_cancelled(future);
	} while (!cas_acq_rel(&future->word_, &word, with_state(word, SETTLING)));
	return true;
}

TL_API int tl_future_set(tl_future *future, void *value)
{
	if (!future)
		return -EINVAL;
	CHECK_FUTURE(future);
	if (!future_settle(future))
		return -EALREADY;
	store_relaxed(&future->value_, value);
	future_finish(future, DONE);
	return 0;
}

TL_API int tl_future_fail(tl_future *future, int error)
{
	if (!future)
		return -EINVAL;
	CHECK_FUTURE(future);
	if (!future_settle(future))
		return -EALREADY;
	future->error_ = error_normal(error);
	future_finish(future, future->error_ == -ECANCELED ? CANCELLED : FAILED);
	return 0;
}

/* ---- Looking at it ------------------------------------------------------------ */

TL_API bool tl_future_done(const tl_future *future)
{
	return future && has_ended(load_acquire(&future->word_));
}

TL_API bool tl_future_running(const tl_future *future)
{
	return future && state_of(load_acquire(&future->word_)) == RUNNING;
}

TL_API bool tl_future_cancelled(const tl_future *future)
{
	return future && state_of(load_acquire(&future->word_)) == CANCELLED;
}

/* ---- References --------------------------------------------------------------- */

TL_API tl_future *tl_future_retain(tl_future *future)
{
	if (!future)
		return NULL;
	CHECK_FUTURE(future);
	MISUSE(!(future->word_ & CELL), "a future in your own memory has no references");
	CHECK_REFERENCES(load_relaxed(&future->word_));
	fetch_add_relaxed(&future->word_, REFERENCE);
	return future;
}

TL_API void tl_future_release(tl_future *future)
{
	if (!future)
		return;
	CHECK_FUTURE(future);
	MISUSE(!(future->word_ & CELL), "a future in your own memory has no references");
	uint32_t word = load_acquire(&future->word_);
	if (!(word & CELL))
		return;
	/* The last one needs no atomic: nobody is left who could take or give one. */
	if (word < 2 * REFERENCE ||
	    fetch_sub_acq_rel(&future->word_, REFERENCE) < 2 * REFERENCE)
		cell_free(task_of(future));
}
