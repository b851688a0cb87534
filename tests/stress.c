/* SPDX-License-Identifier: MIT */
/*
 * stress [-s seconds] [-S seed] [-p]: random operations over the whole interface, by
 * several threads at once, on executors of their own and on shared ones. Checks that
 * every task accepted ran or was cancelled, once; that something always gets done;
 * and that no thread is left. Ends with counts and "ok", or with status 1.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <threadlet/fork.h>

#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)
#define VALUE(n) ((void *)(intptr_t)(n))

enum { THREADS = 6, SHARED = 6, TASKS = 512, STALL_SECONDS = 60 };

static struct {
	atomic_ulong operations, cells, own, batches, timers, go, spawns, executors,
		groups, queues, regions, loops;
	atomic_ulong ran, failed, cancelled, refused, accepted, callbacks, removed,
		timeouts;
} count;

static tl_executor *shared[SHARED];
static atomic_bool over;
static unsigned long seed;

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MILLISECOND + t.tv_nsec;
}

static void dump(const char *why)
{
	fprintf(stderr, "stress: %s; seed %lu\n", why, seed);
	fprintf(stderr,
	        "operations %lu: cells %lu, own tasks %lu, batches %lu, timers %lu, "
	        "go %lu, spawns %lu, executors %lu, groups %lu, queues %lu, regions %lu, "
	        "loops %lu\n",
	        count.operations, count.cells, count.own, count.batches, count.timers,
	        count.go, count.spawns, count.executors, count.groups, count.queues,
	        count.regions, count.loops);
	fprintf(stderr,
	        "accepted %lu = ran %lu + cancelled %lu; failed %lu, refused %lu, "
	        "callbacks %lu, removed %lu, timeouts %lu\n",
	        count.accepted, count.ran, count.cancelled, count.failed, count.refused,
	        count.callbacks, count.removed, count.timeouts);
	for (int i = 0; i < SHARED; i++) {
		tl_stats stats;
		if (!shared[i] || tl_executor_stats(shared[i], &stats, sizeof stats))
			continue;
		fprintf(stderr,
		        "shared %d: submitted %lu completed %lu cancelled %lu "
		        "queued %lu workers %lu idle %lu\n",
		        i, (unsigned long)stats.submitted, (unsigned long)stats.completed,
		        (unsigned long)stats.cancelled, (unsigned long)stats.queued,
		        (unsigned long)stats.workers, (unsigned long)stats.idle);
	}
}

static void die(const char *why)
{
	dump(why);
	_exit(1);
}

#define CHECK(condition) ((condition) ? (void)0 : die("failed: " #condition))

static void did(atomic_ulong *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static unsigned next_random(unsigned *state)
{
	unsigned x = *state;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

static unsigned below(unsigned *state, unsigned n)
{
	return next_random(state) % n;
}

/* Give others time to do what has been begun. */
static void pause_for(int64_t time)
{
	clock_nanosleep(CLOCK_MONOTONIC, 0,
	                &(struct timespec){ time / (1000 * MILLISECOND),
	                                    time % (1000 * MILLISECOND) },
	                NULL);
}

/* ---- Tasks: the argument says what to do, the result tells ---------------------- */

struct job {
	tl_task task;
	tl_executor *executor;
	tl_callback node;
	atomic_uint runs, called;
	unsigned random;
	int depth;
	int chosen; /* the number of the worker that alone may run it; -1: any */
};

static void *leaf(void *argument)
{
	did(&count.ran);
	return argument;
}

/* Account for a future that has ended. */
static void settle(tl_future *future)
{
	int result = tl_future_result(future, NULL, 0);
	CHECK(result == 0 || result == -EIO || result == -ECANCELED);
	if (result == -ECANCELED)
		did(&count.cancelled);
}

/* A group on the stack of a task, of tasks in the same executor. */
static void run_group(tl_executor *executor, unsigned random)
{
	tl_group group;
	tl_future *children[8];
	unsigned n = 1 + below(&random, 8);
	if (tl_group_init(&group, executor, NULL))
		return; /* a serial queue */
	did(&count.groups);
	for (unsigned i = 0; i < n; i++) {
		children[i] = tl_group_submit(&group, leaf, VALUE(i));
		did(children[i] ? &count.accepted : &count.refused);
	}
	if (below(&random, 4) == 0)
		CHECK(!tl_group_cancel(&group));
	int result = tl_group_wait(&group, TL_FOREVER);
	CHECK(!result || result == -ECANCELED || result == -EDEADLK);
	while (!tl_group_done(&group)) /* in a worker, which can't wait for these */
		for (unsigned i = 0; i < n; i++)
			tl_future_cancel(children[i]);
	for (unsigned i = 0; i < n; i++) {
		if (children[i])
			settle(children[i]);
		tl_future_release(children[i]);
	}
}

/* Take what ends within a while from a completion queue; the rest never comes. */
static void take_some(tl_future *const *futures, unsigned n, unsigned random)
{
	tl_completions *queue = tl_completions_create();
	unsigned char taken[64] = { 0 };
	unsigned added = 0;
	CHECK(queue);
	did(&count.queues);
	if (below(&random, 4) == 0) {
		int descriptor = tl_completions_descriptor(queue);
		/* There may be none to be had: the queue does without. */
		CHECK(descriptor >= 0 || descriptor == -EMFILE);
	}
	for (unsigned i = 0; i < n; i++) {
		if (!futures[i])
			continue;
		CHECK(!tl_completions_add(queue, futures[i], VALUE(i)));
		added++;
	}
	for (unsigned tries = below(&random, 8); tries && added; tries--) {
		tl_completion some[8];
		int got = tl_completions_take(queue, some, 1 + below(&random, 8),
		                              below(&random, 50) * MICROSECOND);
		CHECK(got == -ETIMEDOUT || (got > 0 && got <= 8));
		for (int i = 0; i < got; i++) {
			unsigned tag = (unsigned)(uintptr_t)some[i].tag;
			CHECK(tag < n && some[i].future == futures[tag]);
			CHECK(tl_future_done(futures[tag]) && !taken[tag]++);
			added--;
		}
		CHECK(tl_completions_left(queue) == added);
	}
	CHECK(!tl_completions_destroy(queue));
}

static void *beat(void *argument)
{
	atomic_fetch_add((atomic_ulong *)argument, 1);
	return argument;
}

/* Waited for in reverse. */
static void have_children(struct job *job, unsigned *random)
{
	tl_future *children[6];
	unsigned n = 1 + below(random, 6);
	for (unsigned i = 0; i < n; i++) {
		children[i] = tl_submit(job->executor, leaf, VALUE(i));
		did(children[i] ? &count.accepted : &count.refused);
	}
	if (below(random, 4) == 0)
		take_some(children, n, *random);
	while (n--) {
		if (!children[n])
			continue;
		int result = tl_future_result(children[n], NULL, TL_FOREVER);
		CHECK(!result || result == -ECANCELED || result == -EDEADLK);
		if (result == -EDEADLK) {
			/* a worker can't wait for what is behind: it will be
			 * counted when it runs or is cancelled */
			int cancel = tl_future_cancel(children[n]);
			CHECK(cancel == 0 || cancel == -EALREADY);
			result = cancel ? 0 : -ECANCELED;
			if (cancel && tl_future_cancelled(children[n]))
				result = -ECANCELED;
		}
		if (result == -ECANCELED)
			did(&count.cancelled);
		tl_future_release(children[n]);
	}
}

/* A random tree: the number of its nodes, of which some wait for a while. */
TL_FORKABLE(long, fork_tree, unsigned, random, int, depth)
{
	TL_BRANCH(fork_tree) branches[4];
	unsigned n = depth ? below(&random, 5) : 0;
	long nodes = 1;
	for (unsigned i = 0; i < n; i++)
		TL_FORK(fork_tree, &branches[i], random + i + 1, depth - 1);
	if (below(&random, 500) == 0) {
		tl_future promise;
		tl_future_init(&promise);
		CHECK(tl_future_wait(&promise, below(&random, 20) * MICROSECOND) ==
		      -ETIMEDOUT);
		did(&count.timeouts);
	}
	while (n)
		nodes += TL_JOIN(fork_tree, &branches[--n]);
	return nodes;
}

static int add_range(size_t begin, size_t end, void *sum)
{
	atomic_fetch_add((atomic_ulong *)sum, (end - begin) * (begin + end - 1) / 2);
	return 0;
}

static void *run_job(void *argument)
{
	struct job *job = argument;
	unsigned random = job->random;
	did(&count.ran);
	atomic_fetch_add(&job->runs, 1);
	CHECK(job->chosen < 0 || job->chosen == tl_worker_number());
	switch (below(&random, 12)) {
	case 0: have_children(job, &random); break;
	case 1: /* a task of its own on its stack, here and now */
	{
		tl_task here;
		tl_task_init(&here, leaf, VALUE(3));
		CHECK(!tl_task_run(&here));
		did(&count.accepted);
		break;
	}
	case 2: /* a little work */
		for (int64_t start = now(), time = below(&random, 50) * MICROSECOND;
		     now() - start < time && !tl_cancel_requested();)
			;
		break;
	case 3: did(&count.failed); return tl_fail(-EIO);
	case 4: /* a promise that nobody sets */
	{
		tl_future promise;
		tl_future_init(&promise);
		CHECK(tl_future_wait(&promise, below(&random, 100) * MICROSECOND) ==
		      -ETIMEDOUT);
		did(&count.timeouts);
		break;
	}
	case 5: run_group(job->executor, random); break;
	case 6: /* a tree of forks, twice: it has as many nodes wherever they run */
		CHECK(TL_RUN(fork_tree, random, 7) == TL_RUN(fork_tree, random, 7));
		did(&count.regions);
		break;
	case 7: /* a loop, in this executor or the default one */
	{
		atomic_ulong sum = 0;
		size_t n = 1 + below(&random, 2000);
		int result = tl_for(below(&random, 4) ? NULL : job->executor, 0, n,
		                    add_range, &sum);
		CHECK(result == -ECANCELED || result == -ESHUTDOWN ||
		      (!result && atomic_load(&sum) == n * (n - 1) / 2));
		did(&count.loops);
		break;
	}
	case 8: /* a blocking section, with children or without */
		tl_blocking_begin();
		if (below(&random, 2))
			have_children(job, &random);
		pause_for(below(&random, 100) * MICROSECOND);
		tl_blocking_end();
		break;
	default: break;
	}
	return job;
}

static void on_done(tl_future *future, void *context)
{
	struct job *job = context;
	(void)future;
	did(&count.callbacks);
	atomic_fetch_add(&job->called, 1);
}

/* ---- What a thread does with an executor ---------------------------------------- */

struct actor {
	unsigned random;
	struct job jobs[TASKS];
	tl_future *cells[64];
};

static void await_some_way(struct actor *actor, tl_future *future)
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

static void use_cells(struct actor *actor, tl_executor *executor)
{
	unsigned n = 1 + below(&actor->random, 64), accepted = 0;
	unsigned how = below(&actor->random, 5);
	for (unsigned i = 0; i < n; i++) {
		tl_future *future = tl_submit(executor, leaf, VALUE(i));
		did(&count.cells);
		if (!future) {
			CHECK(errno == ESHUTDOWN);
			did(&count.refused);
			continue;
		}
		did(&count.accepted);
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
static void use_own_tasks(struct actor *actor, tl_executor *executor)
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

/* Own tasks in a group, or in one nested in it; cancelled or not. */
static void use_group(struct actor *actor, tl_executor *executor)
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
static void use_timers(struct actor *actor, tl_executor *executor)
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
		if (!future) {
			CHECK(errno == ESHUTDOWN);
			did(&count.refused);
			continue;
		}
		did(&count.accepted);
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

static void use_default(struct actor *actor)
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
		if (!future) {
			CHECK(errno == ESHUTDOWN);
			did(&count.refused);
			return NULL;
		}
		did(&count.accepted);
		CHECK(!tl_future_wait(future, TL_FOREVER));
		settle(future);
		tl_future_release(future);
	}
}

/* An executor that comes, is used, and goes; now and then with others still at it. */
static void use_one_of_its_own(struct actor *actor)
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

static void *act(void *argument)
{
	struct actor *actor = argument;
	while (!atomic_load(&over)) {
		tl_executor *executor = shared[below(&actor->random, SHARED)];
		switch (below(&actor->random, 9)) {
		case 0:
		case 1: use_cells(actor, executor); break;
		case 8: use_timers(actor, executor); break;
		case 2:
		case 3:
		case 4: use_own_tasks(actor, executor); break;
		case 5: use_one_of_its_own(actor); break;
		case 6: use_group(actor, executor); break;
		default: use_default(actor);
		}
		did(&count.operations);
	}
	return NULL;
}

static int thread_count(void)
{
	DIR *directory = opendir("/proc/self/task");
	int n = 0;
	if (!directory)
		return -1;
	for (struct dirent *entry; (entry = readdir(directory));)
		n += entry->d_name[0] != '.';
	closedir(directory);
	return n;
}

/* With -p: a signal for every thread, again and again; each ends a system call. */
static void on_signal(int signal)
{
	(void)signal;
}

static void *signal_all(void *unused)
{
	(void)unused;
	while (!atomic_load(&over)) {
		DIR *directory = opendir("/proc/self/task");
		for (struct dirent *entry; directory && (entry = readdir(directory));)
			if (entry->d_name[0] != '.')
				tgkill(getpid(), (pid_t)atol(entry->d_name), SIGPROF);
		if (directory)
			closedir(directory);
		pause_for(200 * MICROSECOND);
	}
	return NULL;
}

static void *nothing(void *unused)
{
	return unused;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("SECONDS");
	long seconds = environment ? strtol(environment, NULL, 10) : 10;
	environment = getenv("SEED");
	seed = environment && *environment ? strtoul(environment, NULL, 10)
	                                   : (unsigned long)now() % 1000000007;
	bool storm = false;
	for (int option; (option = getopt(argc, argv, "s:S:p")) != -1;)
		switch (option) {
		case 'p': storm = true; break;
		case 's': seconds = strtol(optarg, NULL, 10); break;
		case 'S': seed = strtoul(optarg, NULL, 10); break;
		default:
			fprintf(stderr, "stress [-s seconds] [-S seed] [-p]\n");
			return 2;
		}
	printf("stress: %ld seconds, seed %lu\n", seconds, seed);
	fflush(stdout);

	/* a sanitizer starts its own thread with the first of ours */
	pthread_t threads[THREADS];
	CHECK(!pthread_create(&threads[0], NULL, nothing, NULL));
	pthread_join(threads[0], NULL);
	pause_for(50 * MILLISECOND);
	int threads_before = thread_count();

	static struct actor actors[THREADS];
	shared[0] = tl_worker_create(NULL);
	shared[1] = tl_fixed_pool_create(
		2, &(tl_options){ .spare_workers = 1, .flags = TL_WAITERS_RUN });
	shared[2] = tl_adaptive_pool_create(
		&(tl_options){ .max_workers = 4, .idle_timeout = 50 * MICROSECOND });
	shared[3] = tl_serial_create(shared[1], 1);
	shared[4] = tl_serial_create(shared[2], 2);
	shared[5] = tl_fixed_pool_create(2, &(tl_options){ .flags = TL_WAITERS_HELP });
	for (unsigned i = 0; i < THREADS; i++) {
		actors[i].random = (unsigned)(seed * 2654435761u + i * 40503u) | 1;
		CHECK(shared[i % SHARED]);
		CHECK(!pthread_create(&threads[i], NULL, act, &actors[i]));
	}

	pthread_t stormer;
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */
	CHECK(!sigaction(SIGPROF, &action, NULL));
	if (storm)
		CHECK(!pthread_create(&stormer, NULL, signal_all, NULL));

	/* this thread watches */
	int64_t end = now() + seconds * 1000 * MILLISECOND;
	unsigned long last = 0;
	int64_t last_change = now();
	while (now() < end) {
		pause_for(20 * MILLISECOND);
		unsigned long done = atomic_load(&count.operations);
		if (done != last) {
			last = done;
			last_change = now();
		} else if (now() - last_change > STALL_SECONDS * 1000 * MILLISECOND) {
			dump("nothing gets done any more");
			abort();
		}
	}
	atomic_store(&over, true);
	alarm(STALL_SECONDS * 2);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (storm)
		pthread_join(stormer, NULL);
	for (int i = SHARED; i-- > 0;) { /* queues before their pools */
		tl_stats stats;
		CHECK(!tl_executor_shutdown(shared[i], TL_DRAIN, TL_FOREVER));
		CHECK(!tl_executor_stats(shared[i], &stats, sizeof stats));
		CHECK(stats.submitted == stats.completed + stats.cancelled);
		CHECK(stats.queued == 0);
		CHECK(!tl_executor_destroy(shared[i]));
		shared[i] = NULL;
	}
	CHECK(!tl_shutdown());
	CHECK(count.accepted == count.ran + count.cancelled);
	for (int tries = 0; thread_count() > threads_before && tries < 500; tries++)
		pause_for(20 * MILLISECOND);
	CHECK(thread_count() <= threads_before);
	struct rusage usage;
	CHECK(!getrusage(RUSAGE_SELF, &usage));
	dump("done");
	fprintf(stderr, "peak of resident memory: %ld MiB\n", usage.ru_maxrss / 1024);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK(usage.ru_maxrss < 256 * 1024); /* however long it ran */
#endif
	printf("ok\n");
	return 0;
}
