/* SPDX-License-Identifier: MIT */
/* Operations: what each of them gives. */
#include "uring.h"

#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sys/stat.h>

/* ---- Files ---------------------------------------------------------------------- */

#define FILES 1000
#define LARGEST (256 << 10)

static struct file {
	char *path, *first, *second;
	long size;
	int fd;
	tl_operation operation;
} files[FILES];

static int found;

static int find(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && status->st_size <= LARGEST)
		files[found++].path = strdup(path);
	return found == FILES;
}

static void files_find(void)
{
	static const char *const roots[] = { "/usr/include", "/usr/share", "/usr/lib" };
	found = 0;
	for (size_t i = 0; i < LENGTH(roots) && found < FILES; i++)
		nftw(roots[i], find, 16, FTW_PHYS);
	cr_assert_eq(found, FILES);
}

Test(uring, thousand_files_read_as_pread_reads_them)
{
	files_find();
	for (int i = 0; i < FILES; i++) {
		struct file *file = &files[i];
		file->first = malloc(LARGEST);
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
		cr_assert_geq(file->fd, 0);
		file->size = pread(file->fd, file->first, LARGEST, 0);
		close(file->fd);
	}
	WITH_RINGS(ring, .max_blocking = 4)
	{
		tl_operation *hundred[100];
		for (int from = 0; from < FILES; from += 100) {
			for (int i = 0; i < 100; i++) {
				struct file *file = &files[from + i];
				file->second = malloc(LARGEST);
				file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
				tl_operation_read(hundred[i] = &file->operation, file->fd,
				                  file->second, LARGEST, 0);
			}
			cr_assert_eq(tl_uring_submit_all(ring, hundred, 100), 100);
			for (int i = 0; i < 100; i++) {
				struct file *file = &files[from + i];
				cr_assert_eq(result_of(&file->operation), file->size);
				cr_assert(!memcmp(file->first, file->second,
				                  (size_t)file->size));
				free(file->second);
				close(file->fd);
			}
		}
		tl_uring_counts counts = counts_of(ring);
		cr_assert_eq((long)counts.submitted, FILES);
		cr_assert_eq(counts.cancelled, 0);
	}
	for (int i = 0; i < FILES; i++) {
		free(files[i].first);
		free(files[i].path);
	}
	END_CLEAN();
}

static int scratch_file(void)
{
	char path[] = "/tmp/threadlet-uring-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	cr_assert_geq(fd, 0);
	unlink(path);
	return fd;
}

Test(uring, written_bytes_are_read_back)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation o;
		char buffer[16];
		int fd = scratch_file();
		tl_operation_write(&o, fd, "0123456789", 10, 0);
		cr_assert_eq(done_by(ring, &o), 10);
		tl_operation_write(&o, fd, "AB", 2, 4);
		cr_assert_eq(done_by(ring, &o), 2);
		tl_operation_fsync(&o, fd, 0);
		cr_assert_eq(done_by(ring, &o), 0);
		tl_operation_fsync(&o, fd, IORING_FSYNC_DATASYNC);
		cr_assert_eq(done_by(ring, &o), 0);
		tl_operation_read(&o, fd, buffer, sizeof buffer, 2);
		cr_assert_eq(done_by(ring, &o), 8, "a short read at the end");
		cr_assert(!memcmp(buffer, "23AB6789", 8));
		tl_operation_read(&o, fd, buffer, sizeof buffer, 10);
		cr_assert_eq(done_by(ring, &o), 0);
		tl_operation_read(&o, fd, buffer, 4, (uint64_t)-1);
		cr_assert_eq(done_by(ring, &o), 4);
		cr_assert_eq(lseek(fd, 0, SEEK_CUR), 4, "at the file's own position");
		close(fd);
	}
	END_CLEAN();
}

Test(uring, errors_are_those_of_the_system_call)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation o;
		char buffer[8];
		tl_operation_read(&o, -1, buffer, sizeof buffer, 0);
		cr_assert_eq(done_by(ring, &o), -EBADF);
		cr_assert_eq(tl_future_result(&o.future, NULL, 0), -EBADF);
		tl_operation_recv(&o, STDERR_FILENO, buffer, sizeof buffer, 0);
		cr_assert_eq(done_by(ring, &o), -ENOTSOCK);
		struct pair pair = pair_open();
		close(pair.theirs);
		tl_operation_send(&o, pair.ours, "x", 1, 0);
		cr_assert_eq(done_by(ring, &o), -EPIPE);
		tl_operation_recv(&o, pair.ours, buffer, sizeof buffer, 0);
		cr_assert_eq(done_by(ring, &o), 0);
		close(pair.ours);
	}
	END_CLEAN();
}

/* ---- Sockets -------------------------------------------------------------------- */

Test(uring, sockets_connect_and_talk)
{
	WITH_RINGS(ring, 0)
	{
		struct sockaddr_in address = { .sin_family = AF_INET }, peer;
		socklen_t length = sizeof address, peer_length = sizeof peer;
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		cr_assert_eq(bind(listener, (struct sockaddr *)&address, length), 0);
		cr_assert_eq(listen(listener, 8), 0);
		getsockname(listener, (struct sockaddr *)&address, &length);

		tl_operation accepts, connects, sends, receives;
		char buffer[8] = "";
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		tl_operation_accept(&accepts, listener, (struct sockaddr *)&peer,
		                    &peer_length, SOCK_CLOEXEC);
		tl_operation_connect(&connects, client, (struct sockaddr *)&address,
		                     length);
		cr_assert_eq(tl_uring_submit(ring, &accepts), 0);
		cr_assert_eq(done_by(ring, &connects), 0);
		int server = (int)result_of(&accepts);
		cr_assert_gt(server, STDERR_FILENO);
		cr_assert_eq(peer.sin_family, AF_INET);

		tl_operation_recv(&receives, server, buffer, sizeof buffer, 0);
		cr_assert_eq(tl_uring_submit(ring, &receives), 0);
		cr_assert_eq(tl_operation_result(&receives, 0), -ETIMEDOUT);
		tl_operation_send(&sends, client, "hello", 5, 0);
		cr_assert_eq(done_by(ring, &sends), 5);
		cr_assert_eq(result_of(&receives), 5);
		cr_assert_str_eq(buffer, "hello");
		close(client);
		close(server);
		close(listener);
	}
	END_CLEAN();
}

Test(uring, pipes_are_read_when_something_comes)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation reads, writes;
		char buffer[4] = "";
		int both[2];
		cr_assert_eq(pipe2(both, O_CLOEXEC), 0);
		tl_operation_read(&reads, both[0], buffer, sizeof buffer, 0);
		cr_assert_eq(tl_uring_submit(ring, &reads), 0);
		tl_operation_write(&writes, both[1], "abc", 3, 0);
		cr_assert_eq(done_by(ring, &writes), 3);
		cr_assert_eq(result_of(&reads), 3);
		cr_assert_str_eq(buffer, "abc");
		close(both[0]);
		close(both[1]);
	}
	END_CLEAN();
}

/* ---- Times ---------------------------------------------------------------------- */

Test(uring, timeout_ends_when_it_is_over_and_not_before)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation o;
		int64_t begin = now();
		tl_operation_timeout(&o, 30 * MILLISECOND);
		cr_assert_eq(done_by(ring, &o), 0);
		cr_assert_geq(now() - begin, 30 * MILLISECOND);
		tl_operation_timeout(&o, -5);
		cr_assert_eq(done_by(ring, &o), 0);
		tl_operation_timeout(&o, TL_FOREVER);
		cr_assert_eq(tl_uring_submit(ring, &o), 0);
		cr_assert_eq(tl_operation_result(&o, 10 * MILLISECOND), -ETIMEDOUT);
		cancel_under_way(kind_, &o);
		cr_assert_eq(result_of(&o), -ECANCELED);
	}
	END_CLEAN();
}
