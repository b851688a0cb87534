/* SPDX-License-Identifier: MIT */
/*
 * The task: open one file, read it by blocks, digest it. However many files are in
 * flight, there is one buffer and one hash context for each worker thread: made by
 * the executor's on_start hook, freed by on_stop, so they come and go with demand.
 */
#include "sum.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE (128 * 1024)

struct scratch {
	EVP_MD_CTX *hash;
	unsigned char block[BLOCK_SIZE];
};

static _Thread_local struct scratch *scratch;

void digest_thread_start(void *unused)
{
	(void)unused;
	scratch = malloc(sizeof(*scratch));
	if (!scratch)
		return;
	scratch->hash = EVP_MD_CTX_new();
	/* the algorithm is looked up once, here; digest_file only starts it over */
	if (!scratch->hash || !EVP_DigestInit_ex(scratch->hash, EVP_sha256(), NULL))
		digest_thread_stop(NULL);
}

void digest_thread_stop(void *unused)
{
	(void)unused;
	if (!scratch)
		return;
	EVP_MD_CTX_free(scratch->hash);
	free(scratch);
	scratch = NULL;
}

/*
 * The walk has seen a regular file, but another may stand there by now. Without
 * O_NONBLOCK, opening a fifo would wait for a writer.
 */
static int open_regular(const struct digest_job *job)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat status;
	int fd, error;

	fd = open(job->path, flags | (job->follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		return fd;
	error = S_ISREG(status.st_mode) ? -errno : -ELOOP;
	close(fd);
	return error;
}

static int hash_content(int fd)
{
	for (;;) {
		ssize_t count = read(fd, scratch->block, sizeof(scratch->block));

		if (count == 0)
			return 0;
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (!EVP_DigestUpdate(scratch->hash, scratch->block, (size_t)count))
			return -EIO;
		progress_bytes((size_t)count);
		if (tl_cancel_requested())
			return -ECANCELED;
	}
}

void *digest_file(void *argument)
{
	struct digest_job *job = argument;
	int fd, error;

	if (!scratch || !EVP_DigestInit_ex(scratch->hash, NULL, NULL))
		return tl_fail(-ENOMEM);
	fd = open_regular(job);
	if (fd < 0)
		return tl_fail(fd);
	error = hash_content(fd);
	close(fd);
	if (!error && !EVP_DigestFinal_ex(scratch->hash, job->digest, NULL))
		error = -EIO;
	return error ? tl_fail(error) : NULL;
}
