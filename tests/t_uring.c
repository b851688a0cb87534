/* SPDX-License-Identifier: MIT */
/* Operations: what each gives, alone and many at once. */
#include "uring.h"

#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>

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
		cr_assert_eq(tl_future_cancel(&o.future), -EINPROGRESS);
		cr_assert_eq(result_of(&o), -ECANCELED);
	}
	END_CLEAN();
}

/* ---- A ring of one's own -------------------------------------------------------- */

/* The other way round: what a pool completes shows in the ring that one waits in. */
Test(uring, results_of_a_pool_come_to_a_ring_of_ones_own)
{
	enum { TASKS = 1000 };
	struct io_uring mine;
	if (!ring_is_possible())
		return;
	cr_assert_eq(io_uring_queue_init(8, &mine, 0), 0);
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_completions *ended = tl_completions_create();
	for (intptr_t i = 0; i < TASKS; i++)
		tl_completions_add(ended, tl_submit(pool, identity, VALUE(i)), VALUE(i));
	int fd = tl_completions_descriptor(ended);
	while (tl_completions_left(ended)) {
		struct io_uring_cqe *cqe;
		tl_completion taken[64];
		io_uring_prep_poll_add(io_uring_get_sqe(&mine), fd, POLLIN);
		cr_assert_geq(io_uring_submit_and_wait(&mine, 1), 0);
		cr_assert_eq(io_uring_peek_cqe(&mine, &cqe), 0);
		cr_assert_gt(cqe->res, 0);
		io_uring_cqe_seen(&mine, cqe);
		int n = tl_completions_take(ended, taken, LENGTH(taken), 0);
		cr_assert_gt(n, 0);
		for (int i = 0; i < n; i++)
			cr_assert_eq(tl_await(taken[i].future), taken[i].tag);
	}
	tl_completions_destroy(ended);
	tl_executor_destroy(pool);
	io_uring_queue_exit(&mine);
	END_CLEAN();
}

/* ---- Many ----------------------------------------------------------------------- */

#define MANY 1000

/* A ring of 4 entries has room for 8 completions. */
Test(uring, more_may_be_under_way_than_the_ring_has_room_for)
{
	static tl_operation o[MANY];
	WITH_RINGS(ring, .entries = 4, .max_blocking = 512)
	{
		int n = tl_uring_submit(ring, NULL) == -EINVAL && counts_of(ring).blocking
		                ? 200
		                : MANY;
		tl_operation_timeout(&o[0], 50 * MILLISECOND);
		for (int i = 0; i < n; i++) {
			tl_operation_init(&o[i]);
			o[i].time_ = o[0].time_;
			io_uring_prep_timeout(&o[i].sqe, &o[i].time_, 0,
			                      IORING_TIMEOUT_ABS);
			cr_assert_eq(tl_uring_submit(ring, &o[i]), 0);
		}
		for (int i = 0; i < n; i++)
			cr_assert_eq(result_of(&o[i]), 0);
	}
	END_CLEAN();
}

Test(uring, what_is_submitted_together_costs_one_wake)
{
	static tl_operation o[64];
	tl_operation *all[64];
	WITH_RINGS(ring, 0)
	{
		if (counts_of(ring).blocking)
			continue;
		for (int i = 0; i < 64; i++) {
			tl_operation_init(all[i] = &o[i]);
			io_uring_prep_nop(&o[i].sqe);
		}
		cr_assert_eq(tl_uring_submit_all(ring, all, 64), 64);
		for (int i = 0; i < 64; i++)
			cr_assert_eq(result_of(&o[i]), 0);
		tl_uring_counts counts = counts_of(ring);
		cr_assert_leq(counts.wakes, 1);
		cr_assert_leq(counts.enters, 6, "%d calls", (int)counts.enters);
	}
	END_CLEAN();
}

struct reader {
	tl_uring *ring;
	long rounds;
};

static void *reads_zeros(void *argument)
{
	struct reader *reader = argument;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	for (long i = 0; i < reader->rounds; i++) {
		tl_operation o;
		char buffer[32];
		memset(buffer, 1, sizeof buffer);
		tl_operation_read(&o, fd, buffer, sizeof buffer, 0);
		cr_assert_eq(done_by(reader->ring, &o), sizeof buffer);
		for (size_t k = 0; k < sizeof buffer; k++)
			cr_assert_eq(buffer[k], 0);
	}
	close(fd);
	return NULL;
}

Test(uring, many_threads_use_one_ring)
{
	WITH_RINGS(ring, .entries = 2)
	{
		struct reader reader = { ring, scaled(2000) };
		tl_future *threads[6];
		for (size_t i = 0; i < LENGTH(threads); i++)
			threads[i] = tl_spawn(reads_zeros, &reader);
		for (size_t i = 0; i < LENGTH(threads); i++)
			tl_await(threads[i]);
		assert_soon(counts_of(ring).completed ==
		            LENGTH(threads) * (uint64_t)reader.rounds);
	}
	END_CLEAN();
}

Test(uring, tasks_of_a_pool_of_one_wait_for_their_operations)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	WITH_RINGS(ring, .max_blocking = 2)
	{
		struct reader reader = { ring, scaled(200) };
		tl_future *tasks[10];
		for (size_t i = 0; i < LENGTH(tasks); i++)
			tasks[i] = tl_submit(pool, reads_zeros, &reader);
		for (size_t i = 0; i < LENGTH(tasks); i++)
			tl_await(tasks[i]);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void on_profile(int signal)
{
	(void)signal;
}

/* The driver leaves SIGPROF open, and its sleep in the kernel ends by it. */
Test(uring, signals_do_no_harm)
{
	struct sigaction action = { .sa_handler = on_profile };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	sigaction(SIGPROF, &action, NULL);
	WITH_RINGS(ring, 0)
	{
		struct reader reader = { ring, scaled(3000) };
		setitimer(ITIMER_PROF, &often, NULL);
		reads_zeros(&reader);
		setitimer(ITIMER_PROF, &never, NULL);
	}
	END_CLEAN();
}
