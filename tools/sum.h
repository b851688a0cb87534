/* SPDX-License-Identifier: MIT */
/*
 * The parts of threadlet-sum, from the bottom up:
 *   sum_print.c     lines on standard output and standard error
 *   sum_progress.c  the bar, drawn on standard error when that is a terminal
 *   sum_walk.c      the regular files below a directory, in a fixed order
 *   sum_digest.c    the task: one file's SHA-256, run by a worker
 *   sum_window.c    the files in flight: a ring of slots, finished in order
 *   sum.c           options and main
 * Everything but the digests (and the count for the bar) runs on the main thread.
 */
#ifndef SUM_H
#define SUM_H

#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* files of more than 2 GiB on 32-bit machines */
#endif

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <threadlet.h>

/* ---- sum_print.c -------------------------------------------------------------- */

#define DIGEST_SIZE 32

/* One line as sha256sum prints it. False once standard output is broken. */
bool print_digest(const unsigned char digest[DIGEST_SIZE], const char *path);

/* Write out what is buffered and close. 0, or the first error of any line. */
int print_close(void);

/* One line on standard error. */
void print_error(const char *path, const char *what);

/* ---- sum_progress.c ----------------------------------------------------------- */

#define PROGRESS_PERIOD 100000000 /* ns between two drawings */

/* Nothing is ever drawn unless standard error is a terminal. */
void progress_begin(char *const *paths, int count);
void progress_end(void);

bool progress_shown(void);
void progress_file(void);          /* one file more is finished */
void progress_bytes(size_t count); /* from any thread */
void progress_draw(void);          /* if it is time */
void progress_make_way(int fd);    /* something else will be written there */

/* ---- sum_walk.c --------------------------------------------------------------- */

/*
 * What a walk calls. file() returns false to end the whole walk; `follow` is true
 * for a path that the user named, which may be a symbolic link. error() is told of
 * each path that can't be walked, and may be NULL.
 */
struct walker {
	bool (*file)(void *context, const char *path, bool follow);
	void (*error)(void *context, const char *path, const char *what);
	void *context;
};

/*
 * Call walker->file for every regular file at or below `path`, each directory's
 * names in the order of their bytes. False if file() ended the walk.
 */
bool walk(const struct walker *walker, const char *path);

/* ---- sum_digest.c ------------------------------------------------------------- */

/* A file to digest. The first two members go in, the last comes out. */
struct digest_job {
	char path[PATH_MAX];
	bool follow;
	unsigned char digest[DIGEST_SIZE];
};

/* The hooks give each worker thread its own buffer and hash context. */
void digest_thread_start(void *unused);
void digest_thread_stop(void *unused);

/* A tl_function: its argument is a digest_job; it fails with what went wrong. */
void *digest_file(void *job);

/* ---- sum_window.c ------------------------------------------------------------- */

struct window;

/* NULL with errno set. max_workers 0: the library's default. */
struct window *window_create(unsigned max_workers);

/* Digest a file, once there is room. False if standard output is broken. */
bool window_add(struct window *window, const char *path, bool follow);

/* Wait for what is in flight. False if standard output is broken. */
bool window_finish(struct window *window);

/* Free it; what is still in flight is cancelled. How many files couldn't be read. */
uint64_t window_destroy(struct window *window);

#endif /* SUM_H */
