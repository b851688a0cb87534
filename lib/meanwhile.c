/* SPDX-License-Identifier: MIT */
/* layer 6: meanwhile · a worker that waits runs whatever is queued in its pool */
/*
 * With TL_WAITERS_HELP. By default a wait runs what it waits for and nothing else, since
 * any other task might want a lock that is held further down this stack. With the flag
 * the user has said that no task holds one while it waits. Then a worker that has to wait
 * is without work, as one is whose task has ended; and it does what that one does
 * (worker.c), by the same words and with the same duties:
 *
 *   it takes what is queued, its own first
 *   W1 it sets its idle bit; A1 asks for forks; W3 looks at all queues; parks on its
 *      parker. Submits find it by its bit, as anybody who is idle: S1 to S3 know nothing of
 *      waits, and pay nothing for them
 *   K2, K3 it may be who keeps the time (timers.h)
 *   M, W4 before it runs a task
 *
 * What is different:
 *
 *   the end of what it waits for    wakes it, too. To that it is a dozer (doze.h) of the word
 *                                   that it waits for: who changes that takes the idle
 *                                   bit, if it is there, and notifies it: ENDED. If the
 *                                   bit is gone, who took it notifies the worker, or the
 *                                   worker itself has taken it back; then it looks at the
 *                                   word before it sets the bit again: D2 comes after W1.
 *   it may leave although claimed   because its wait is over. It passes the claim on, as
 *                                   a worker does that goes on in a callback. What is
 *                                   queued then and has nobody idle is found by the next
 *                                   one that has nothing to do, as ever.
 *   it never ends the pool          its idle bit says nothing of its task, which has not
 *                                   ended. `dozes` tells pool_finish_if_idle how many such
 *                                   bits there may be, and that there was none all the
 *                                   time that it counted.
 *   it is the last choice           of those who look for somebody idle: `dozers` is a
 *                                   hint for them.
 *
 * It doesn't count in pool->blocked, so no spare stands in: it works itself. If no stack
 * is left for a strange task it sleeps as without the flag; so it does in a blocking section,
 * where others may work in its place, and outside of tasks.
 *
 * Circles of waits: the note (circle.h) stands while it sleeps, as ever. The tasks whose
 * frames lie below a strange one wait for that, too, so that all frames of a stack are
 * marked for one note is right. What runs meanwhile can't end a task that runs elsewhere:
 * so a circle that is found while the worker may be woken for work is one for ever.
 */
#include "meanwhile.h"

#include "callback.h"
#include "circle.h"
#include "clock.h"
#include "doze.h"
#include "find.h"
#include "forks.h"
#include "timers.h"
#include "wait.h"

static struct worker *meanwhile_worker(void)
{
	struct worker *worker = self.worker;
	if (LIKELY(!worker || !worker->pool->waiters_help))
		return NULL;
	bool may = self.frame && !worker->sections && pool_is_ours(worker->pool);
	return may && !stack_is_short() ? worker : NULL;
}

static void meanwhile_execute(struct worker *worker, tl_task *task)
{
	if (task == &forked) {
		worker_calls_branch(worker);
	} else if (worker_begins(worker, task)) {
		count_up(&worker->counters.aside, 1);
		worker_execute(worker, task);
	}
}

/* With its bit gone: what it has been claimed for, or has seen. W4. */
static tl_task *meanwhile_take(struct worker *worker)
{
	tl_task *task = worker_find_any(worker);
	worker_pass_on(worker);
	return task;
}

/* Until it is notified, or it is time. A task, or NULL. */
static tl_task *meanwhile_park(struct worker *worker, const struct awaited *awaited,
                               int64_t deadline, int *result)
{
	tl_executor *pool = worker->pool;
	int64_t until = TL_FOREVER;
	bool keeps = UNLIKELY(load_seq_cst(&pool->timers) != NULL) &&
	             worker_keeps_time(worker, &until) && until < deadline;
	if (!worker_park(worker, keeps ? until : deadline)) {
		if (!keeps) {
			*result = -ETIMEDOUT;
			return NULL;
		}
		worker_fires_late(worker, until);
		return meanwhile_take(worker);
	}
	if (!worker->woken || awaited->await(awaited->what))
		return NULL;
	tl_task *task = meanwhile_take(worker);
	if (!task)
		count_up(&worker->counters.vain, 1);
	return task;
}

/* It is not idle any more, and hasn't found a task. */
static void meanwhile_leave(struct worker *worker)
{
	tl_executor *pool = worker->pool;
	if (worker->announced)
		worker_withdraw(worker);
	if (worker->woken) {
		worker_has_looked(worker);
		worker_drop_role(worker);
		pool_bring_another(pool);
	}
	if (load_seq_cst(&pool->timers))
		worker_leaves_time(worker);
}

static tl_task *meanwhile_doze(struct worker *worker, const struct awaited *awaited,
                               int64_t deadline, int *result)
{
	struct dozer dozer = { .word = awaited->word, .worker = worker };
	tl_executor *pool = worker->pool;
	tl_task *task = NULL;
	doze_begin(&dozer);
	dozer_announce(worker);
	forks_ask(pool);
	if (!awaited->await(awaited->what)) {
		if (pool_has_work(pool)) {
			worker_comes(worker);
			task = meanwhile_take(worker);
		} else {
			task = meanwhile_park(worker, awaited, deadline, result);
		}
	}
	if (!task)
		meanwhile_leave(worker);
	dozer_withdrawn(worker);
	doze_end(&dozer);
	return task;
}

static tl_task *meanwhile_sleep(struct worker *worker, const struct awaited *awaited,
                                int64_t deadline, int *result)
{
	forks_offer_all(worker);
	bool noted = (awaited->future || awaited->group) && deadline == TL_FOREVER;
	if (noted && !(awaited->future ? circle_note(awaited->future)
	                               : circle_note_group(awaited->group))) {
		*result = -EDEADLK;
		return NULL;
	}
	tl_task *task = meanwhile_doze(worker, awaited, deadline, result);
	if (noted)
		circle_forget();
	return task;
}

static int meanwhile(struct worker *worker, const struct awaited *awaited,
                     int64_t deadline)
{
	int result = 0;
	if (deadline != TL_FOREVER && clock_now() >= deadline)
		return -ETIMEDOUT;
	struct callbacks aside = callbacks_aside();
	tl_task *task = worker_next(worker);
	if (!task)
		task = meanwhile_sleep(worker, awaited, deadline, &result);
	if (task)
		meanwhile_execute(worker, task);
	callbacks_back(aside);
	return result;
}
