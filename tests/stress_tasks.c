/* SPDX-License-Identifier: MIT */
/* What the tasks of the stress program do. */
#include "stress.h"

#include <threadlet/fork.h>

void *leaf(void *argument)
{
	did(&count.ran);
	return argument;
}

bool was_accepted(const tl_future *future)
{
	CHECK(future || errno == ESHUTDOWN);
	did(future ? &count.accepted : &count.refused);
	return future;
}

void settle(tl_future *future)
{
	int result = tl_future_result(future, NULL, 0);
	CHECK(result == 0 || result == -EIO || result == -ECANCELED);
	if (result == -ECANCELED)
		did(&count.cancelled);
}

static void post_one(tl_executor *executor, tl_function *function)
{
	int result = tl_post(executor, function, executor);
	CHECK(!result || result == -ESHUTDOWN);
	did(result ? &count.refused : &count.accepted);
}

/* Posts a few more, or more than its worker's ring holds. */
static void *spread(void *executor)
{
	unsigned random = (unsigned)now() | 1;
	unsigned n = below(&random, 100) ? below(&random, 4) : 3000;
	did(&count.ran);
	while (n--)
		post_one(executor, leaf);
	return tl_fail(-EIO); /* nobody hears of it */
}

void post_some(struct actor *actor, tl_executor *executor)
{
	for (unsigned n = 1 + below(&actor->random, 64); n--;) {
		did(&count.posts);
		post_one(executor, below(&actor->random, 2) ? leaf : spread);
	}
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

void take_some(tl_future *const *futures, unsigned n, unsigned random)
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

void *beat(void *argument)
{
	atomic_fetch_add((atomic_ulong *)argument, 1);
	return argument;
}

/* Waited for in reverse. */
static void have_children(struct job *job, unsigned *random)
{
	tl_future *children[6] = { NULL };
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

void *run_job(void *argument)
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
