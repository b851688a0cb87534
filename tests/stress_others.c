/* SPDX-License-Identifier: MIT */
/* Groups, timers, the default executor; executors that come and go: for the stress
 * program. */
#include "stress.h"

#include <pthread.h>

/* Own tasks in a group, or in one nested in it; cancelled or not. */
void use_group(struct actor *actor, tl_executor *executor)
{
	tl_group outer, inner;
	unsigned n = below(&actor->random, below(&actor->random, 20) ? 30 : TASKS);
	unsigned how = below(&actor->random, 6);
	bool accepted[TASKS] = { false };
	if (tl_group_init(&outer, executor, NULL))
		return; /* a serial queue */
	CHECK(!tl_group_init(&inner, executor, &outer));
	did(&count.groups);
	for (unsigned i = 0; i < n; i++) {
		struct job *job = &actor->jobs[i];
		memset(job, 0, sizeof *job);
		job->chosen = -1;
		job->executor = executor;
		job->random = next_random(&actor->random);
		tl_task_init(&job->task, run_job, job);
		int result = tl_group_submit_task(i % 3 ? &inner : &outer, &job->task);
		CHECK(!result || result == -ESHUTDOWN || result == -ECANCELED ||
		      result == -EAGAIN);
		accepted[i] = !result;
		did(result ? &count.refused : &count.accepted);
		if (how == 0 && i == n / 2)
			CHECK(!tl_group_cancel(&inner));
	}
	if (how == 1)
		CHECK(!tl_group_cancel(&outer));
	int result;
	while ((result = tl_group_wait(&inner, below(&actor->random, 60) *
	                                               MICROSECOND)) == -ETIMEDOUT)
		did(&count.timeouts);
	CHECK(!result || result == -EIO || result == -ECANCELED);
	result = tl_group_wait(&outer, TL_FOREVER);
	CHECK(!result || result == -EIO || result == -ECANCELED);
	memset(&inner, 0x5a, sizeof inner);
	memset(&outer, 0x5a, sizeof outer);
	for (unsigned i = 0; i < n; i++) {
		struct job *job = &actor->jobs[i];
		CHECK(tl_future_done(&job->task.future) == accepted[i]);
		if (accepted[i])
			settle(&job->task.future);
		CHECK(job->runs ==
		      (accepted[i] && !tl_future_cancelled(&job->task.future)));
	}
}

/* Timers, limits, and one that runs again and again; some are taken back. */
void use_timers(struct actor *actor, tl_executor *executor)
{
	unsigned n = 1 + below(&actor->random, 32), set = 0;
	atomic_ulong beats = 0;
	tl_future *every = tl_every(executor, 1 + below(&actor->random, 50) * MICROSECOND,
	                            beat, &beats);
	for (unsigned i = 0; i < n; i++) {
		int64_t delay = below(&actor->random, 200) * MICROSECOND;
		tl_future *future =
			every && below(&actor->random, 3)
				? tl_after(executor, delay, leaf, VALUE(i))
				: tl_submit_within(executor, delay, leaf, VALUE(i));
		did(&count.timers);
		if (!was_accepted(future))
			continue;
		actor->cells[set++] = future;
	}
	for (unsigned i = 0; i < set; i++) {
		if (below(&actor->random, 3) == 0)
			tl_future_cancel(actor->cells[i]);
		await_some_way(actor, actor->cells[i]);
		settle(actor->cells[i]);
		tl_future_release(actor->cells[i]);
	}
	if (!every) /* a serial queue has none */
		return;
	int result = tl_future_cancel(every);
	CHECK(!result || result == -EINPROGRESS || result == -EALREADY);
	CHECK(tl_future_result(every, NULL, TL_FOREVER) == -ECANCELED);
	unsigned long then = atomic_load(&beats);
	tl_future_release(every);
	CHECK(then == atomic_load(&beats));
}

void use_default(struct actor *actor)
{
	bool spawn = below(&actor->random, 8) == 0;
	tl_future *future = spawn ? tl_spawn(leaf, VALUE(2)) : tl_go(leaf, VALUE(2));
	did(spawn ? &count.spawns : &count.go);
	CHECK(future);
	did(&count.accepted);
	if (below(&actor->random, 3) == 0)
		CHECK(!tl_set_max_workers(1 + below(&actor->random, 6)));
	if (below(&actor->random, 10) == 0)
		CHECK(!tl_set_idle_timeout(below(&actor->random, 100) * MICROSECOND + 1));
	await_some_way(actor, future);
	settle(future);
	tl_future_release(future);
	if (below(&actor->random, 200) == 0)
		CHECK(!tl_shutdown());
}

static tl_executor *make(struct actor *actor)
{
	tl_options options = {
		.max_workers = 1 + below(&actor->random, 4),
		.idle_timeout = 1 + below(&actor->random, 200) * MICROSECOND,
		.spare_workers = below(&actor->random, 3),
		.spin = below(&actor->random, 2) ? 0 : TL_NONE,
		.flags = below(&actor->random, 2) ? TL_WAITERS_RUN : 0,
	};
	if (below(&actor->random, 4) == 0)
		options.flags |= TL_GROW_ON_EVIDENCE;
	bool help = below(&actor->random, 3) == 0;
	if (below(&actor->random, 3) == 0) {
		options.max_pending = 1 + below(&actor->random, 40);
		options.when_full = TL_FULL_WAIT;
	}
	tl_executor *executor = NULL;
	unsigned kind = below(&actor->random, 5);
	if (help && kind) /* a worker keeps its order */
		options.flags |= TL_WAITERS_HELP;
	switch (kind) {
	case 4: /* on a pool that others use, too */
		executor = tl_serial_create(shared[1 + below(&actor->random, 2)],
		                            1 + below(&actor->random, 3));
		break;
	case 0: executor = tl_worker_create(&options); break;
	case 1:
		executor = tl_fixed_pool_create(1 + below(&actor->random, 3), &options);
		break;
	default: executor = tl_adaptive_pool_create(&options);
	}
	CHECK(executor);
	did(&count.executors);
	return executor;
}

static void *submit_until_refused(void *argument)
{
	tl_executor *executor = argument;
	for (;;) {
		tl_future *future = tl_submit(executor, leaf, NULL);
		did(&count.cells);
		if (!was_accepted(future))
			return NULL;
		CHECK(!tl_future_wait(future, TL_FOREVER));
		settle(future);
		tl_future_release(future);
	}
}

/* An executor that comes, is used, and goes; now and then with others still at it. */
void use_one_of_its_own(struct actor *actor)
{
	tl_executor *executor = make(actor);
	pthread_t other;
	bool others = below(&actor->random, 4) == 0;
	if (others)
		CHECK(!pthread_create(&other, NULL, submit_until_refused, executor));
	for (unsigned i = below(&actor->random, 4); i--;) {
		if (below(&actor->random, 4) == 0)
			use_group(actor, executor);
		else if (below(&actor->random, 2))
			use_cells(actor, executor);
		else if (below(&actor->random, 2))
			use_timers(actor, executor);
		else
			use_own_tasks(actor, executor);
		tl_executor_set_max_workers(executor, 1 + below(&actor->random, 5));
		tl_executor_set_idle_timeout(executor,
		                             below(&actor->random, 50) * MICROSECOND + 1);
	}
	for (int tries = 0; others || below(&actor->random, 2); tries++) {
		enum tl_shutdown_mode how =
			below(&actor->random, 2) ? TL_DRAIN : TL_CANCEL;
		int64_t timeout =
			tries > 3 ? TL_FOREVER : below(&actor->random, 100) * MICROSECOND;
		int result = tl_executor_shutdown(executor, how, timeout);
		CHECK(result == 0 || result == -ETIMEDOUT);
		if (!result)
			break;
		did(&count.timeouts);
	}
	if (others)
		pthread_join(other, NULL);
	tl_stats stats;
	bool closed = others;
	CHECK(!tl_executor_stats(executor, &stats, sizeof stats));
	CHECK(!closed || stats.submitted == stats.completed + stats.cancelled);
	CHECK(!tl_executor_destroy(executor));
}
