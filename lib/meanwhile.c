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
		worker_execute_within(worker, task);
	}
}

/* W3 */
static bool meanwhile_has_work(struct worker *worker)
{
	return overflow_count(&worker->chosen) || pool_has_work(worker->pool);
}

/* With its bit gone: what it has been claimed for, or has seen. W4. */
static tl_task *meanwhile_take(struct worker *worker)
{
	tl_task *task = worker_find_any(worker);
	worker_pass_on(worker);
	return task;
}

/* How a sleep has ended. */
struct outcome {
	tl_task *task;
	int error;   /* -ETIMEDOUT, -EDEADLK */
	int64_t due; /* since when there are timers to fire; 0: no */
};

/* Until it is notified, or it is time. */
static void meanwhile_park(struct worker *worker, const struct awaited *awaited,
                           int64_t deadline, struct outcome *outcome)
{
	tl_executor *pool = worker->pool;
	int64_t until = TL_FOREVER;
	bool keeps = UNLIKELY(load_seq_cst(&pool->timers) != NULL) &&
	             worker_keeps_time(worker, &until) && until < deadline;
	if (!worker_park(worker, keeps ? until : deadline)) {
		if (keeps)
			outcome->due = until;
		else
			outcome->error = -ETIMEDOUT;
		return;
	}
	if (!worker->woken || awaited->await(awaited->what))
		return;
	outcome->task = meanwhile_take(worker);
	if (!outcome->task)
		count_up(&worker->counters.vain, 1);
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

static void meanwhile_doze(struct worker *worker, const struct awaited *awaited,
                           int64_t deadline, struct outcome *outcome)
{
	struct dozer dozer = { .word = awaited->word, .worker = worker };
	doze_begin(&dozer);
	dozer_announce(worker);
	forks_ask(worker->pool);
	if (!awaited->await(awaited->what)) {
		if (meanwhile_has_work(worker)) {
			worker_comes(worker);
			outcome->task = meanwhile_take(worker);
		} else {
			meanwhile_park(worker, awaited, deadline, outcome);
		}
	}
	if (!outcome->task)
		meanwhile_leave(worker);
	dozer_withdrawn(worker);
	doze_end(&dozer);
}

static void meanwhile_sleep(struct worker *worker, const struct awaited *awaited,
                            int64_t deadline, struct outcome *outcome)
{
	forks_offer_all(worker);
	bool noted = (awaited->future || awaited->group) && deadline == TL_FOREVER;
	if (noted && !(awaited->future ? circle_note(awaited->future, NULL)
	                               : circle_note_group(awaited->group, NULL))) {
		outcome->error = -EDEADLK;
		return;
	}
	meanwhile_doze(worker, awaited, deadline, outcome);
	if (noted)
		circle_forget();
}

/* Callbacks of users may run in here, and wait: not before this wait has taken back what
 * there is one of to a thread, its note and its idle bit. */
static void meanwhile_fire(struct worker *worker, int64_t due)
{
	worker_fires_late(worker, due);
	pool_signal(worker->pool);
}

static int meanwhile(struct worker *worker, const struct awaited *awaited,
                     int64_t deadline)
{
	struct outcome outcome = { 0 };
	if (deadline != TL_FOREVER && clock_now() >= deadline)
		return -ETIMEDOUT;
	struct callbacks aside = callbacks_aside();
	outcome.task = worker_next(worker);
	if (!outcome.task)
		meanwhile_sleep(worker, awaited, deadline, &outcome);
	if (outcome.due)
		meanwhile_fire(worker, outcome.due);
	if (outcome.task)
		meanwhile_execute(worker, outcome.task);
	callbacks_back(aside);
	return outcome.error;
}
