/* SPDX-License-Identifier: MIT */
/*
 * A walk over a tree in a fixed order: each directory's names sorted by their bytes,
 * a subdirectory's content where its name stands. Symbolic links are not followed,
 * save the one the user named. Memory: one list of names for each open level, and
 * not one file descriptor between two calls of file().
 */
#include "sum.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	const struct walker *walker;
	size_t length;
	char path[PATH_MAX];
};

/* One directory's names, each behind one byte that tells its d_type. */
struct names {
	char *bytes;
	size_t used, room;
	char **sorted;
	size_t count;
};

static bool visit_directory(struct place *place, bool follow);

static void complain(const struct place *place, const char *what)
{
	if (place->walker->error)
		place->walker->error(place->walker->context, place->path, what);
}

static void complain_errno(const struct place *place, int error)
{
	if (place->walker->error)
		complain(place, strerror(-error));
}

static int add_name(struct names *names, const struct dirent *entry)
{
	size_t size = strlen(entry->d_name) + 1;

	if (names->room - names->used < size + 1) {
		size_t room = 2 * (names->room + size) + 1024;
		char *bytes = realloc(names->bytes, room);

		if (!bytes)
			return -ENOMEM;
		names->bytes = bytes;
		names->room = room;
	}
	names->bytes[names->used] = (char)entry->d_type;
	memcpy(names->bytes + names->used + 1, entry->d_name, size);
	names->used += size + 1;
	names->count++;
	return 0;
}

static bool worth_a_visit(const struct dirent *entry)
{
	switch (entry->d_type) {
	case DT_REG: return true;
	case DT_DIR:
	case DT_UNKNOWN: /* not every file system tells */
		return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	default: return false;
	}
}

static int read_names(struct names *names, DIR *directory)
{
	for (;;) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(directory);
		if (!entry)
			return -errno;
		if (worth_a_visit(entry) && add_name(names, entry))
			return -ENOMEM;
	}
}

static int by_bytes(const void *one, const void *other)
{
	return strcmp(*(char *const *)one + 1, *(char *const *)other + 1);
}

static int sort_names(struct names *names)
{
	char *name = names->bytes;

	if (!names->count)
		return 0;
	names->sorted = malloc(names->count * sizeof(*names->sorted));
	if (!names->sorted)
		return -ENOMEM;
	for (size_t i = 0; i < names->count; i++) {
		names->sorted[i] = name;
		name += 1 + strlen(name + 1) + 1;
	}
	qsort(names->sorted, names->count, sizeof(*names->sorted), by_bytes);
	return 0;
}

/* Whatever could be read before an error is left in *names. */
static int list_directory(struct names *names, const char *path, bool follow)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
	int fd = open(path, flags);
	DIR *directory;
	int error, sort_error;

	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory) {
		error = -errno;
		close(fd);
		return error;
	}
	error = read_names(names, directory);
	closedir(directory);
	sort_error = sort_names(names);
	if (sort_error)
		names->count = 0;
	return error ? error : sort_error;
}

static bool visit_name(struct place *place, const char *name)
{
	int type = (unsigned char)name[0];

	if (type == DT_UNKNOWN) {
		struct stat status;

		if (lstat(place->path, &status)) {
			complain_errno(place, -errno);
			return true;
		}
		type = S_ISDIR(status.st_mode)   ? DT_DIR
		       : S_ISREG(status.st_mode) ? DT_REG
		                                 : DT_LNK;
	}
	if (type == DT_DIR)
		return visit_directory(place, false);
	if (type == DT_REG)
		return place->walker->file(place->walker->context, place->path, false);
	return true;
}

/* Append a name to the path; false if it doesn't fit. */
static bool enter(struct place *place, const char *name)
{
	size_t length = place->length, size = strlen(name) + 1;
	bool slash = length && place->path[length - 1] != '/';

	if (length + slash + size > sizeof(place->path))
		return false;
	if (slash)
		place->path[length++] = '/';
	memcpy(place->path + length, name, size);
	place->length = length + size - 1;
	return true;
}

static void leave(struct place *place, size_t length)
{
	place->path[length] = '\0';
	place->length = length;
}

/* The recursion is as deep as the path: PATH_MAX / 2 small frames. */
static bool visit_directory(struct place *place, bool follow)
{
	size_t length = place->length;
	struct names names = { 0 };
	int error = list_directory(&names, place->path, follow);
	bool go_on = true, too_long = false;

	if (error)
		complain_errno(place, error);
	for (size_t i = 0; i < names.count && go_on; i++) {
		if (!enter(place, names.sorted[i] + 1)) {
			too_long = true;
			continue;
		}
		go_on = visit_name(place, names.sorted[i]);
		leave(place, length);
	}
	/* the path itself would be no help, and once for a directory is enough */
	if (too_long)
		complain(place, "names in it make a path too long to open");
	free(names.sorted);
	free(names.bytes);
	return go_on;
}

bool walk(const struct walker *walker, const char *path)
{
	struct place place = { .walker = walker, .path = "" };
	struct stat status;

	if (stat(path, &status) || !enter(&place, path)) {
		if (walker->error)
			walker->error(walker->context, path, strerror(errno));
		return true;
	}
	if (S_ISDIR(status.st_mode))
		return visit_directory(&place, true);
	if (S_ISREG(status.st_mode))
		return walker->file(walker->context, path, true);
	complain(&place, "not a regular file or directory");
	return true;
}
