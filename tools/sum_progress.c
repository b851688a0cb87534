/* SPDX-License-Identifier: MIT */
/*
 * The progress bar. How many files there are, nobody knows at first: a thread of its
 * own (tl_spawn) walks ahead and counts, while the bar shows what is done so far.
 */
#include "sum.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 24

struct counting {
	char *const *paths;
	int count;
	uint64_t files;
};

static struct {
	bool wanted;       /* standard error is a terminal */
	bool beside_lines; /* and standard output, too */
	bool drawn;        /* there is something to hide */
	uint64_t files;    /* finished */
	int64_t begun;     /* ns */
	int64_t next;      /* not to be drawn again before */
	struct counting counting;
	tl_future *counted; /* ends when counting.files is the total */
} progress;

static atomic_ullong bytes_read;

static int64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool count_file(void *context, const char *path, bool follow)
{
	(void)path;
	(void)follow;
	*(uint64_t *)context += 1;
	return !tl_cancel_requested();
}

static void *count_files(void *argument)
{
	struct counting *counting = argument;
	struct walker walker = { .file = count_file, .context = &counting->files };

	for (int i = 0; i < counting->count; i++)
		if (!walk(&walker, counting->paths[i]))
			break;
	return NULL;
}

void progress_begin(char *const *paths, int count)
{
	progress.wanted = isatty(STDERR_FILENO) == 1;
	if (!progress.wanted)
		return;
	progress.beside_lines = isatty(STDOUT_FILENO) == 1;
	progress.begun = nanoseconds();
	progress.next = progress.begun + PROGRESS_PERIOD;
	progress.counting = (struct counting){ .paths = paths, .count = count };
	/* without it there is no total: no reason to stop */
	progress.counted = tl_spawn(count_files, &progress.counting);
}

static void hide(void)
{
	if (!progress.drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress.drawn = false;
}

void progress_make_way(int fd)
{
	if (fd == STDERR_FILENO || progress.beside_lines)
		hide();
}

void progress_end(void)
{
	hide();
	progress.wanted = false;
	if (!progress.counted)
		return;
	tl_future_cancel(progress.counted);
	tl_await(progress.counted);
	progress.counted = NULL;
}

bool progress_shown(void)
{
	return progress.wanted;
}

void progress_file(void)
{
	progress.files++;
}

void progress_bytes(size_t count)
{
	atomic_fetch_add_explicit(&bytes_read, count, memory_order_relaxed);
}

static void draw_bar(uint64_t total)
{
	/* a tree that grows meanwhile has more files than were counted */
	uint64_t done = progress.files < total ? progress.files : total;
	int filled = total ? (int)(done * BAR_WIDTH / total) : BAR_WIDTH;
	int percent = total ? (int)(done * 100 / total) : 100;

	fprintf(stderr, "[%.*s%*s] %3d%%  ", filled, "########################",
	        BAR_WIDTH - filled, "", percent);
}

void progress_draw(void)
{
	unsigned long long bytes;
	int64_t now;

	if (!progress.wanted || (now = nanoseconds()) < progress.next)
		return;
	progress.next = now + PROGRESS_PERIOD;
	bytes = atomic_load_explicit(&bytes_read, memory_order_relaxed);

	fputc('\r', stderr);
	if (progress.counted && tl_future_done(progress.counted))
		draw_bar(progress.counting.files);
	fprintf(stderr, "%llu files, %.1f MB, %.0f MB/s\033[K",
	        (unsigned long long)progress.files, (double)bytes / 1e6,
	        (double)bytes * 1e3 / (double)(now - progress.begun));
	fflush(stderr);
	progress.drawn = true;
}
