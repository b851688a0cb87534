/* SPDX-License-Identifier: MIT */
/* Threads, memory and descriptors of this process, as /proc shows them. */
#include "support_parts.h"

#include <dirent.h>
#include <stdio.h>

/* Threads that are there before the test: of a sanitizer, of Criterion. */
static pid_t foreign[16];
static int foreign_count;

static bool is_foreign(pid_t thread)
{
	for (int i = 0; i < foreign_count; i++)
		if (foreign[i] == thread)
			return true;
	return false;
}

/* All of this process are counted in *total. */
static int list_threads(pid_t *threads, size_t limit, int *total)
{
	DIR *directory = opendir("/proc/self/task");
	int n = 0;
	*total = 0;
	if (!directory)
		return -1;
	for (struct dirent *entry; (entry = readdir(directory));) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		*total += thread != 0;
		if (!thread || thread == gettid() || is_foreign(thread))
			continue;
		if ((size_t)n < limit)
			threads[n] = thread;
		n++;
	}
	closedir(directory);
	return n;
}

/* The kernel's list stops early at a thread that ends meanwhile: then once more. */
int other_threads(pid_t *threads, size_t limit)
{
	int n, total;
	do {
		n = list_threads(threads, limit, &total);
	} while (n >= 0 && total < status_of(0, "Threads", 10));
	return n;
}

int thread_count(void)
{
	return other_threads(NULL, 0) + 1;
}

static bool read_thread_file(pid_t thread, const char *file, char *text, size_t size)
{
	char path[64];
	if (thread)
		snprintf(path, sizeof path, "/proc/self/task/%d/%s", (int)thread, file);
	else
		snprintf(path, sizeof path, "/proc/self/%s", file);
	FILE *stream = fopen(path, "re");
	if (!stream)
		return false;
	size_t n = fread(text, 1, size - 1, stream);
	text[n] = 0;
	fclose(stream);
	return n > 0;
}

char thread_state(pid_t thread)
{
	char text[512];
	if (!read_thread_file(thread, "stat", text, sizeof text))
		return 0;
	char *end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

bool thread_name(pid_t thread, char name[static 32])
{
	bool found = read_thread_file(thread, "comm", name, 32);
	name[found ? strcspn(name, "\n") : 0] = 0;
	return found;
}

long long status_of(pid_t thread, const char *key, int base)
{
	char text[4096], line[64];
	if (!read_thread_file(thread, "status", text, sizeof text))
		return -1;
	snprintf(line, sizeof line, "\n%s:", key);
	char *found = strstr(text, line);
	return found ? (long long)strtoull(found + strlen(line), NULL, base) : -1;
}

int descriptor_count(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int n = 0;
	if (!directory)
		return -1;
	while (readdir(directory))
		n++;
	closedir(directory);
	return n - 3; /* ".", ".." and the directory itself */
}

long resident_kilobytes(void)
{
	return (long)status_of(0, "VmRSS", 10);
}

static void *note_thread(void *thread)
{
	*(pid_t *)thread = gettid();
	return NULL;
}

void check_begin(void)
{
	alarm(120);
	if (WITH_TSAN) {
		/* ThreadSanitizer starts its own thread at the latest with our first */
		pid_t first = 0;
		pthread_t thread;
		if (__real_pthread_create(&thread, NULL, note_thread, &first))
			abort();
		pthread_join(thread, NULL);
		(void)wait_until(!thread_state(first));
	}
	foreign_count = 0;
	foreign_count = other_threads(foreign, LENGTH(foreign));
}
