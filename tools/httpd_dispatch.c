/* SPDX-License-Identifier: MIT */
/*
 * Jobs go out to the pool, and come back by the completion queue, whose descriptor the
 * loop polls beside its sockets. With a thread for each request all the same holds,
 * but that nothing is ever queued: there the number of connections is the only limit.
 */
#include "httpd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int open_pool(struct dispatch *dispatch, const struct settings *settings)
{
	tl_options options = {
		.max_workers = settings->max_workers,
		.max_pending = settings->max_pending,
		.when_full = TL_FULL_FAIL,
		.name = "httpd",
	};

	dispatch->pool = tl_adaptive_pool_create(&options);
	return dispatch->pool ? 0 : -errno;
}

int dispatch_open(struct dispatch *dispatch, const struct settings *settings)
{
	int error = settings->threads ? 0 : open_pool(dispatch, settings);

	dispatch->max_workers = settings->max_workers;
	dispatch->patience = settings->patience * (SECOND / 1000);
	if (!error) {
		dispatch->completions = tl_completions_create();
		error = dispatch->completions ? 0 : -errno;
	}
	if (!error) {
		int fd = tl_completions_descriptor(dispatch->completions);

		error = fd < 0 ? fd : 0;
	}
	if (error)
		dispatch_close(dispatch);
	return error;
}

void dispatch_close(struct dispatch *dispatch)
{
	tl_executor_destroy(dispatch->pool);
	tl_completions_destroy(dispatch->completions);
}

int dispatch_descriptor(struct dispatch *dispatch)
{
	return tl_completions_descriptor(dispatch->completions);
}

static void enlist(struct dispatch *dispatch, struct request *request)
{
	request->previous = NULL;
	request->next = dispatch->running;
	if (request->next)
		request->next->previous = request;
	dispatch->running = request;
}

static void delist(struct dispatch *dispatch, struct request *request)
{
	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		dispatch->running = request->next;
}

static tl_future *submit(struct dispatch *dispatch, struct job *job)
{
	if (!dispatch->pool)
		return tl_spawn(job->function, job);
	return tl_submit_within(dispatch->pool, dispatch->patience, job->function, job);
}

int dispatch_start(struct dispatch *dispatch, struct request *request)
{
	int error;

	request->future = submit(dispatch, &request->job);
	if (!request->future)
		return -errno;
	error = tl_completions_add(dispatch->completions, request->future, request);
	if (!error) {
		enlist(dispatch, request);
		dispatch->started++;
		return 0;
	}
	/* no memory, so nobody would hear of its end */
	tl_future_cancel(request->future);
	tl_future_wait(request->future, TL_FOREVER);
	tl_future_release(request->future);
	return error;
}

struct request *dispatch_take(struct dispatch *dispatch)
{
	tl_completion taken;
	struct request *request;

	if (tl_completions_take(dispatch->completions, &taken, 1, 0) != 1)
		return NULL;
	request = taken.tag;
	delist(dispatch, request);
	request->error = tl_future_result(request->future, NULL, 0);
	request->ended = true;
	tl_future_release(request->future);
	request->future = NULL;
	return request;
}

void dispatch_cancel(struct dispatch *dispatch)
{
	for (struct request *each = dispatch->running; each; each = each->next)
		tl_future_cancel(each->future);
}

int dispatch_set_workers(struct dispatch *dispatch, unsigned max_workers)
{
	int error;

	if (!dispatch->pool)
		return 0;
	error = tl_executor_set_max_workers(dispatch->pool, max_workers);
	if (!error)
		dispatch->max_workers = max_workers;
	return error;
}

void dispatch_describe(struct dispatch *dispatch, char *text, size_t size)
{
	tl_stats stats = { 0 };
	size_t in_flight = 0;

	if (dispatch->pool)
		tl_executor_stats(dispatch->pool, &stats, sizeof(stats));
	for (struct request *each = dispatch->running; each; each = each->next)
		in_flight++;
	snprintf(text, size,
	         "max_workers %u\nworkers %" PRIu64 "\nqueued %" PRIu64
	         "\nstarted %" PRIu64 "\nin_flight %zu\n",
	         dispatch->max_workers, stats.workers, stats.queued, dispatch->started,
	         in_flight);
}
