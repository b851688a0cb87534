/* SPDX-License-Identifier: MIT */
/* Allocated futures and tasks of its own memory, for the stress program. */
#include "stress.h"

static void on_done(tl_future *future, void *context)
{
	struct job *job = context;
	(void)future;
	did(&count.callbacks);
	atomic_fetch_add(&job->called, 1);
}

void await_some_way(struct actor *actor, tl_future *future)
{
	switch (below(&actor->random, 5)) {
	case 0:
		while (tl_future_wait(future, below(&actor->random, 30) * MICROSECOND))
			did(&count.timeouts);
		break;
	case 1: CHECK(!tl_wait(&future, 1, TL_ALL, TL_FOREVER)); break;
	case 2: CHECK(!tl_wait(&future, 1, TL_ANY, TL_FOREVER)); break;
	default: CHECK(!tl_future_wait(future, TL_FOREVER));
	}
	CHECK(tl_future_done(future));
}

void use_cells(struct actor *actor, tl_executor *executor)
{
	unsigned n = 1 + below(&actor->random, 64), accepted = 0;
	unsigned how = below(&actor->random, 5);
	for (unsigned i = 0; i < n; i++) {
		tl_future *future = tl_submit(executor, leaf, VALUE(i));
		did(&count.cells);
		if (!was_accepted(future))
			continue;
		actor->cells[accepted++] = future;
	}
	if (how == 1 && accepted) {
		int index = tl_wait(actor->cells, accepted, TL_ANY, TL_FOREVER);
		CHECK(index >= 0 && index < (int)accepted);
		CHECK(tl_future_done(actor->cells[index]));
	} else if (how == 2) {
		int index = tl_wait(actor->cells, accepted, TL_FIRST_ERROR,
		                    below(&actor->random, 200) * MICROSECOND);
		CHECK(index == -ETIMEDOUT || (index >= 0 && index <= (int)accepted));
	} else if (how == 4) {
		take_some(actor->cells, accepted, next_random(&actor->random));
	}
	for (unsigned i = 0; i < accepted; i++) {
		tl_future *future = actor->cells[i];
		if (how == 3 && below(&actor->random, 3) == 0) {
			int result = tl_future_cancel(future);
			CHECK(!result || result == -EINPROGRESS || result == -EALREADY);
		}
		if (below(&actor->random, 4) == 0)
			tl_future_release(tl_future_retain(future));
		await_some_way(actor, future);
		settle(future);
		tl_future_release(future);
	}
}

/* Tasks of our own memory: one by one or in a batch, with callbacks, cancelled or not. */
void use_own_tasks(struct actor *actor, tl_executor *executor)
{
	unsigned n = 1 + below(&actor->random, below(&actor->random, 20) ? 30 : TASKS);
	unsigned how = below(&actor->random, 6);
	tl_task *batch[TASKS];
	bool accepted[TASKS] = { false }, watched[TASKS] = { false };
	for (unsigned i = 0; i < n; i++) {
		struct job *job = &actor->jobs[i];
		memset(job, 0, sizeof *job);
		job->chosen = -1;
		job->executor = executor;
		job->random = next_random(&actor->random);
		job->node = (tl_callback){ .function = on_done, .context = job };
		tl_task_init(&job->task, run_job, job);
		batch[i] = &job->task;
		if (how & 1 && below(&actor->random, 2)) {
			CHECK(!tl_future_on_done(&job->task.future, &job->node));
			watched[i] = true;
		}
	}
	unsigned done = 0;
	while (done < n) {
		unsigned some = 1 + below(&actor->random, 40);
		if (how < 3)
			some = 1;
		if (some > n - done)
			some = n - done;
		bool quiet = some == 1 && below(&actor->random, 4) == 0;
		bool urgent = some == 1 && !quiet && below(&actor->random, 4) == 0;
		bool chosen = some == 1 && !quiet && below(&actor->random, 4) == 0;
		int result = -EINVAL; /* a serial queue has no urgent lane */
		if (urgent) {
			result = tl_submit_urgently(executor, batch[done]);
		} else if (chosen) { /* nor has an adaptive pool workers to choose */
			struct job *job = &actor->jobs[done];
			job->chosen = (int)below(&actor->random, 3);
			result =
				tl_submit_to(executor, (unsigned)job->chosen, &job->task);
			if (result == -EINVAL)
				job->chosen = -1;
		}
		if (result == -EINVAL)
			result = quiet ? tl_submit_quietly(executor, batch[done])
			         : some == 1
			                 ? tl_submit_task(executor, batch[done])
			                 : tl_submit_tasks(executor, batch + done, some);
		if (quiet && below(&actor->random, 2))
			CHECK(!tl_kick(executor));
		did(some == 1 ? &count.own : &count.batches);
		if (some == 1 && !result)
			result = 1;
		CHECK(result == -ESHUTDOWN || (result > 0 && result <= (int)some));
		for (int i = 0; i < result; i++)
			accepted[done + (unsigned)i] = true;
		if (result < (int)some)
			break;
		done += some;
	}
	CHECK(!tl_kick(executor));
	for (unsigned i = 0; i < n; i++) {
		struct job *job = &actor->jobs[i];
		tl_future *future = &job->task.future;
		bool removed = false;
		if (!accepted[i]) {
			did(&count.refused);
			if (watched[i]) {
				CHECK(!tl_future_remove(future, &job->node));
				did(&count.removed);
			}
			CHECK(!job->runs && !job->called);
			continue;
		}
		did(&count.accepted);
		if (watched[i] && below(&actor->random, 2)) {
			int result = tl_future_remove(future, &job->node);
			CHECK(!result || result == -EALREADY);
			removed = !result;
			did(&count.removed);
		}
		if (how == 4 && below(&actor->random, 2)) {
			int result = tl_task_withdraw(&job->task);
			CHECK(!result || result == -EALREADY);
			CHECK(result || tl_future_cancelled(future));
		} else if (how == 5 && below(&actor->random, 2)) {
			tl_future_cancel(future);
		}
		await_some_way(actor, future);
		settle(future);
		CHECK(job->runs == !tl_future_cancelled(future));
		if (watched[i] && !removed) /* which also waits for its end */
			CHECK(tl_future_remove(future, &job->node) == -EALREADY);
		CHECK(job->called == (watched[i] && !removed));
	}
}
