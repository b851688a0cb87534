/* SPDX-License-Identifier: MIT */
/*
 * uring: what an operation costs beside the system call that it stands for.
 *
 *   read       4 KiB of a cached file, one after the other, and 64 at once
 *   byte       a byte to and fro between two threads over sockets
 *   files      all files below a folder, read by two workers with read(), by the same
 *              through a ring, and from one thread with 64 operations under way; cached,
 *              and after the cache was told to forget them
 *
 * A file ends with the first short read. ns and context switches each, medians of five.
 * usage: operations [FOLDER]
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "must.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <threadlet/uring.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 5
#define READS 20000L
#define BYTES 4000L
#define AT_ONCE 64
#define BLOCK 65536
#define FILES_MOST 4000

static tl_uring *ring;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double switches(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_nvcsw + usage.ru_nivcsw);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Run it some times; print what each of n costs. */
static void measure(const char *name, long n, void (*before)(void), void (*run)(void))
{
	double times[ROUNDS], counts[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		if (before)
			before();
		double begin = now(), count = switches();
		run();
		times[i] = (now() - begin) / (double)n;
		counts[i] = (switches() - count) / (double)n;
	}
	qsort(times, ROUNDS, sizeof *times, by_value);
	qsort(counts, ROUNDS, sizeof *counts, by_value);
	printf("%-40s %9.0f ns %7.2f switches\n", name, times[ROUNDS / 2],
	       counts[ROUNDS / 2]);
}

/* ---- Reads ---------------------------------------------------------------------- */

static int cached;
static char blocks[AT_ONCE][4096];

static void read_by_call(void)
{
	for (long i = 0; i < READS; i++)
		must(pread(cached, blocks[0], 4096, i % AT_ONCE * 4096) == 4096, "pread");
}

static void read_one_by_one(void)
{
	for (long i = 0; i < READS; i++) {
		tl_operation o;
		tl_operation_read(&o, cached, blocks[0], 4096,
		                  (uint64_t)(i % AT_ONCE * 4096));
		must(!tl_uring_submit(ring, &o), "submit");
		must(tl_operation_result(&o, TL_FOREVER) == 4096, "read");
	}
}

static void read_many(void)
{
	static tl_operation o[AT_ONCE];
	static tl_operation *all[AT_ONCE];
	for (long i = 0; i < READS; i += AT_ONCE) {
		for (int k = 0; k < AT_ONCE; k++)
			tl_operation_read(all[k] = &o[k], cached, blocks[k], 4096,
			                  (uint64_t)k * 4096);
		must(tl_uring_submit_all(ring, all, AT_ONCE) == AT_ONCE, "submit");
		for (int k = 0; k < AT_ONCE; k++)
			must(tl_operation_result(&o[k], TL_FOREVER) == 4096, "read");
	}
}

static void cached_open(void)
{
	char path[] = "/tmp/threadlet-bench-XXXXXX";
	cached = mkostemp(path, O_CLOEXEC);
	must(cached >= 0 && !unlink(path), "no file in /tmp");
	for (int i = 0; i < AT_ONCE; i++)
		must(write(cached, blocks[i], 4096) == 4096, "write");
}

/* ---- A byte to and fro ---------------------------------------------------------- */

static int ours, theirs;
static bool by_ring;

static void byte_move(int fd, bool sends)
{
	char byte = 0;
	tl_operation o;
	if (!by_ring || sends) {
		must((sends ? send(fd, &byte, 1, 0) : recv(fd, &byte, 1, 0)) == 1,
		     "byte");
		return;
	}
	tl_operation_recv(&o, fd, &byte, 1, 0);
	must(!tl_uring_submit(ring, &o), "submit");
	must(tl_operation_result(&o, TL_FOREVER) == 1, "recv");
}

static void *echo(void *unused)
{
	for (long i = 0; i < BYTES; i++) {
		byte_move(theirs, false);
		byte_move(theirs, true);
	}
	return unused;
}

static void ping(void)
{
	tl_future *other = tl_spawn(echo, NULL);
	for (long i = 0; i < BYTES; i++) {
		byte_move(ours, true);
		byte_move(ours, false);
	}
	tl_await(other);
}

/* ---- Files ---------------------------------------------------------------------- */

static char *paths[FILES_MOST];
static long files;
static tl_executor *pool;
static __thread char block[BLOCK];

static int find(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)ftw;
	if (type == FTW_F && files < FILES_MOST)
		paths[files++] = strdup(path);
	return 0;
}

static void forget(void)
{
	for (long i = 0; i < files; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
}

static void *file_by_call(void *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (read(fd, block, BLOCK) == BLOCK)
		;
	close(fd);
	return NULL;
}

static void *file_by_ring(void *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int64_t n = BLOCK;
	for (uint64_t at = 0; n == BLOCK; at += BLOCK) {
		tl_operation o;
		tl_operation_read(&o, fd, block, BLOCK, at);
		must(!tl_uring_submit(ring, &o), "submit");
		n = tl_operation_result(&o, TL_FOREVER);
	}
	close(fd);
	return NULL;
}

static void files_by_tasks(tl_function *function)
{
	static tl_task tasks[FILES_MOST];
	for (long i = 0; i < files; i++) {
		tl_task_init(&tasks[i], function, paths[i]);
		must(!tl_submit_task(pool, &tasks[i]), "submit");
	}
	for (long i = 0; i < files; i++)
		tl_future_wait(&tasks[i].future, TL_FOREVER);
}

static void files_by_call(void)
{
	files_by_tasks(file_by_call);
}

static void files_by_ring(void)
{
	files_by_tasks(file_by_ring);
}

/* One thread with a window of files. */
struct reading {
	tl_operation operation;
	uint64_t at;
	int fd;
	char block[BLOCK];
};

static void reading_go_on(struct reading *reading)
{
	tl_operation_read(&reading->operation, reading->fd, reading->block, BLOCK,
	                  reading->at);
	must(!tl_uring_submit(ring, &reading->operation), "submit");
}

static void reading_finish(struct reading *reading)
{
	while (tl_operation_result(&reading->operation, TL_FOREVER) == BLOCK) {
		reading->at += BLOCK;
		reading_go_on(reading);
	}
	close(reading->fd);
}

static void files_by_window(void)
{
	static struct reading window[AT_ONCE];
	for (long i = 0; i < files + AT_ONCE; i++) {
		struct reading *reading = &window[i % AT_ONCE];
		if (i >= AT_ONCE && i - AT_ONCE < files)
			reading_finish(reading);
		if (i < files) {
			reading->at = 0;
			reading->fd = open(paths[i], O_RDONLY | O_CLOEXEC);
			reading_go_on(reading);
		}
	}
}

int main(int argc, char **argv)
{
	int both[2];
	ring = tl_uring_create(&(tl_uring_options){ .flags = TL_URING_STRICT });
	must(ring != NULL, "no ring here");
	cached_open();
	measure("read 4 KiB, pread", READS, NULL, read_by_call);
	measure("read 4 KiB, ring", READS, NULL, read_one_by_one);
	measure("read 4 KiB, ring, 64 at once", READS, NULL, read_many);

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, both), "socketpair");
	ours = both[0];
	theirs = both[1];
	measure("a byte to and fro, recv", BYTES, NULL, ping);
	by_ring = true;
	measure("a byte to and fro, ring", BYTES, NULL, ping);

	nftw(argc > 1 ? argv[1] : "/usr/include", find, 16, FTW_PHYS);
	pool = tl_fixed_pool_create(2, NULL);
	printf("%ld files\n", files);
	forget();
	files_by_call();
	measure("a cached file, two workers, read", files, NULL, files_by_call);
	measure("a cached file, two workers, ring", files, NULL, files_by_ring);
	measure("a cached file, one thread, ring", files, NULL, files_by_window);
	measure("an uncached file, two workers, read", files, forget, files_by_call);
	measure("an uncached file, two workers, ring", files, forget, files_by_ring);
	measure("an uncached file, one thread, ring", files, forget, files_by_window);
	tl_executor_destroy(pool);
	return tl_uring_destroy(ring);
}
