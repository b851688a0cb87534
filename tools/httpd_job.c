/* SPDX-License-Identifier: MIT */
/*
 * What a request asks for, and the tasks that do it:
 *   /digest/PATH         the SHA-256 of a file below the folder
 *   /work/MICROSECONDS   that much CPU time
 *   /status              lines about the daemon; the loop answers this itself
 */
#include "httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DIGEST_SIZE 32
#define BLOCK_SIZE (64 * 1024)
#define LONGEST_WORK (10 * SECOND)

/*
 * The kernel sees to it that no link and no ".." leads out of the folder, also while
 * somebody renames what is in it. Without O_NONBLOCK a fifo would be waited for.
 */
static int open_below(int folder, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	struct stat status;
	int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));

	if (fd < 0)
		return errno == EXDEV || errno == ELOOP ? -ENOENT : -errno;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

static int hash_content(EVP_MD_CTX *hash, int fd)
{
	unsigned char block[BLOCK_SIZE];
	ssize_t count;

	while ((count = read(fd, block, sizeof(block))) != 0) {
		if (count < 0 && errno != EINTR)
			return -errno;
		if (count > 0 && !EVP_DigestUpdate(hash, block, (size_t)count))
			return -EIO;
		if (tl_cancel_requested())
			return -ECANCELED;
	}
	return 0;
}

static void print_hex(char *text, const unsigned char digest[DIGEST_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		*text++ = digits[digest[i] >> 4];
		*text++ = digits[digest[i] & 15];
	}
	*text++ = '\n';
	*text = 0;
}

static void *digest(void *argument)
{
	struct job *job = argument;
	unsigned char result[DIGEST_SIZE];
	EVP_MD_CTX *hash;
	int error, fd = open_below(job->folder, job->path);

	if (fd < 0)
		return tl_fail(fd);
	hash = EVP_MD_CTX_new();
	error = hash ? 0 : -ENOMEM;
	if (!error && !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
		error = -EIO;
	if (!error)
		error = hash_content(hash, fd);
	if (!error && !EVP_DigestFinal_ex(hash, result, NULL))
		error = -EIO;
	EVP_MD_CTX_free(hash);
	close(fd);
	if (error)
		return tl_fail(error);
	print_hex(job->text, result);
	return NULL;
}

static int64_t cpu_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

static void *work(void *argument)
{
	struct job *job = argument;
	int64_t end = cpu_time() + job->work;

	while (cpu_time() < end)
		if (tl_cancel_requested())
			return tl_fail(-ECANCELED);
	snprintf(job->text, sizeof(job->text), "worked\n");
	return NULL;
}

static int parse_work(struct job *job, const char *text)
{
	char *end;
	unsigned long long microseconds;

	errno = 0;
	microseconds = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno ||
	    microseconds > LONGEST_WORK / 1000)
		return -EINVAL;
	job->work = (int64_t)microseconds * 1000;
	job->function = work;
	return 0;
}

static const char *after(const char *url, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(url, prefix, length) ? NULL : url + length;
}

int job_parse(struct job *job, const char *url, int folder)
{
	const char *rest;

	if (!strcmp(url, "/status"))
		return 0;
	rest = after(url, "/work/");
	if (rest)
		return parse_work(job, rest);
	job->path = after(url, "/digest/");
	if (!job->path)
		return -ENOENT;
	job->folder = folder;
	job->function = digest;
	return 0;
}
