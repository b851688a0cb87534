/* SPDX-License-Identifier: MIT */
/*
 * The files in flight: a ring of slots, each with a task of ours (tl_task), so that
 * submitting allocates nothing. The walk fills slots at one end; the other end waits
 * for the oldest and prints it. The lines come in the order of the walk, and memory
 * stays the same whatever the size of the tree.
 */
#include "sum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Enough for the workers to go on with small files while a large one holds up the
 * oldest slot; each has a path of PATH_MAX bytes, so 1024 are 4 MiB.
 */
#define SLOTS 1024

struct slot {
	tl_task task;
	struct digest_job job;
};

struct window {
	tl_executor *pool;
	uint64_t added, finished; /* slot number n is slots[n % SLOTS] */
	uint64_t unread;
	struct slot slots[SLOTS];
};

struct window *window_create(unsigned max_workers)
{
	tl_options options = {
		.max_workers = max_workers,
		.name = "sum",
		.on_start = digest_thread_start,
		.on_stop = digest_thread_stop,
	};
	struct window *window = malloc(sizeof(*window));

	if (!window)
		return NULL;
	window->added = window->finished = window->unread = 0;
	window->pool = tl_adaptive_pool_create(&options);
	if (!window->pool) {
		free(window);
		return NULL;
	}
	return window;
}

/* Waiting is when there is time to draw. */
static void wait_for(tl_future *future)
{
	int64_t timeout = progress_shown() ? PROGRESS_PERIOD : TL_FOREVER;

	while (tl_future_wait(future, timeout) == -ETIMEDOUT)
		progress_draw();
}

static void complain(struct window *window, const char *path, int error)
{
	bool replaced = error == -ELOOP;

	window->unread++;
	print_error(path, replaced ? "no longer a regular file" : strerror(-error));
}

/* Wait for the oldest and print it. */
static bool finish_one(struct window *window)
{
	struct slot *slot = &window->slots[window->finished % SLOTS];
	tl_future *future = &slot->task.future;
	bool written = true;
	int error;

	wait_for(future);
	error = tl_future_result(future, NULL, 0);
	window->finished++;
	if (error)
		complain(window, slot->job.path, error);
	else
		written = print_digest(slot->job.digest, slot->job.path);
	progress_file();
	progress_draw();
	return written;
}

bool window_add(struct window *window, const char *path, bool follow)
{
	struct slot *slot = &window->slots[window->added % SLOTS];
	int error;

	if (window->added - window->finished == SLOTS && !finish_one(window))
		return false;
	strcpy(slot->job.path, path); /* a walk's paths are shorter than PATH_MAX */
	slot->job.follow = follow;
	tl_task_init(&slot->task, digest_file, &slot->job);
	error = tl_submit_task(window->pool, &slot->task);
	if (error)
		complain(window, path, error);
	else
		window->added++;
	return true;
}

bool window_finish(struct window *window)
{
	while (window->finished < window->added)
		if (!finish_one(window))
			return false;
	return true;
}

uint64_t window_destroy(struct window *window)
{
	uint64_t unread = window->unread;

	/* all are asked to stop before any is waited for */
	for (uint64_t n = window->finished; n < window->added; n++)
		tl_future_cancel(&window->slots[n % SLOTS].task.future);
	for (uint64_t n = window->finished; n < window->added; n++)
		tl_task_withdraw(&window->slots[n % SLOTS].task);
	tl_executor_destroy(window->pool);
	free(window);
	return unread;
}
