/* SPDX-License-Identifier: MIT */
/* What blocking calls have to do as a ring does: they end when they are cancelled, whoever
 * else has been faster, and their memory outlives their callbacks. */
#include "uring.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- Ends ----------------------------------------------------------------------- */

static void keep_result(tl_future *future, void *context)
{
	void *value = NULL;
	int error = tl_future_result(future, &value, 0);
	atomic_store((atomic_long *)context, error ? error : (long)(intptr_t)value);
}

Test(uring_blocking, callback_finds_a_started_operation_that_was_released)
{
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		for (long i = scaled(500); i > 0; i--) {
			char byte;
			atomic_long result = 0;
			tl_operation prepared;
			tl_operation_recv(&prepared, pair.ours, &byte, 1, 0);
			tl_operation *o = tl_uring_start(ring, &prepared);
			tl_callback node = { .function = keep_result,
				             .context = &result };
			cr_assert_eq(tl_future_on_done(&o->future, &node), 0);
			tl_operation_release(o);
			cr_assert_eq(send(pair.theirs, "x", 1, 0), 1);
			assert_soon(atomic_load(&result) != 0);
			cr_assert_eq(atomic_load(&result), 1, "%d",
			             (int)atomic_load(&result));
			assert_soon(counts_of(ring).completed ==
			            counts_of(ring).submitted);
		}
		pair_close(pair);
	}
	END_CLEAN();
}

/* The first of two callbacks may give the operation back. */
static void release(tl_future *future, void *context)
{
	tl_operation **operation = context;
	cr_assert_eq(future, &(*operation)->future);
	tl_operation_release(*operation);
}

Test(uring_blocking, cancel_reaches_what_no_thread_has_begun)
{
	WITH_RINGS(ring, .max_blocking = 1)
	{
		struct pair pair = pair_open();
		char bytes[3];
		tl_operation first, second, third;
		tl_operation_recv(&first, pair.ours, &bytes[0], 1, 0);
		tl_operation_recv(&second, pair.ours, &bytes[1], 1, 0);
		tl_operation_recv(&third, pair.ours, &bytes[2], 1, 0);
		cr_assert_eq(tl_uring_submit(ring, &first), 0);
		cr_assert_eq(tl_uring_submit(ring, &second), 0);
		tl_operation *copy = tl_uring_start(ring, &third);
		cr_assert_not_null(copy);
		atomic_long result = 0;
		tl_callback nodes[] = {
			{ .function = release, .context = &copy },
			{ .function = keep_result, .context = &result },
		};
		cr_assert_eq(tl_future_on_done(&copy->future, &nodes[0]), 0);
		cr_assert_eq(tl_future_on_done(&copy->future, &nodes[1]), 0);
		tl_future_cancel(&copy->future);
		assert_soon(atomic_load(&result) == -ECANCELED);
		tl_future_cancel(&second.future);
		cr_assert_eq(tl_operation_result(&second, 20 * SECOND), -ECANCELED);
		cr_assert_not(tl_future_done(&first.future));
		assert_soon(counts_of(ring).completed == 2);
		cr_assert_eq(counts_of(ring).cancelled, 2);
		cr_assert_eq(send(pair.theirs, "x", 1, 0), 1);
		cr_assert_eq(result_of(&first), 1);
		pair_close(pair);
	}
	END_CLEAN();
}

/* ---- Who comes second ------------------------------------------------------------- */

/* Two wait for the same thing, which comes once. */
static void one_of_two(tl_uring *ring, void (*prepare)(tl_operation *, int), int file,
                       void (*come)(int), int to)
{
	tl_operation o[2];
	for (int i = 0; i < 2; i++) {
		prepare(&o[i], file);
		cr_assert_eq(tl_uring_submit(ring, &o[i]), 0);
	}
	come(to);
	tl_future *both[] = { &o[0].future, &o[1].future };
	int won = tl_wait(both, 2, TL_ANY, TL_FOREVER);
	cr_assert(won == 0 || won == 1);
	tl_future_cancel(both[!won]);
	int64_t other = tl_operation_result(&o[!won], 20 * SECOND);
	cr_assert_eq(other, -ECANCELED, "%d", (int)other);
	cr_assert_geq(result_of(&o[won]), 0);
	if (o[won].sqe.opcode == IORING_OP_ACCEPT)
		close((int)result_of(&o[won]));
}

static uint64_t eight[2];

static void reads_byte(tl_operation *o, int file)
{
	tl_operation_read(o, file, &eight[0], 1, 0);
}

static void reads_eight(tl_operation *o, int file)
{
	tl_operation_read(o, file, &eight[0], 8, 0);
}

static void receives(tl_operation *o, int file)
{
	tl_operation_recv(o, file, &eight[0], 1, 0);
}

static void accepts(tl_operation *o, int file)
{
	tl_operation_accept(o, file, NULL, NULL, SOCK_CLOEXEC);
}

static void write_byte(int file)
{
	cr_assert_eq(write(file, "x", 1), 1);
}

static void write_one(int file)
{
	cr_assert_eq(write(file, &(uint64_t){ 1 }, 8), 8);
}

static struct sockaddr_in address;

static void connect_once(int file)
{
	(void)file;
	int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(connect(one, (void *)&address, sizeof address), 0);
	close(one);
}

static int listening(void)
{
	socklen_t length = sizeof address;
	int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address = (struct sockaddr_in){ .sin_family = AF_INET,
		                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cr_assert_eq(bind(file, (void *)&address, length), 0);
	cr_assert_eq(listen(file, 8), 0);
	cr_assert_eq(getsockname(file, (void *)&address, &length), 0);
	return file;
}

Test(uring_blocking, who_was_not_first_can_be_cancelled)
{
	int pipes[2], counter = eventfd(0, EFD_CLOEXEC), server = listening();
	struct pair pair = pair_open();
	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	WITH_RINGS(ring, 0)
	{
		for (long i = scaled(200); i > 0; i--) {
			one_of_two(ring, reads_byte, pipes[0], write_byte, pipes[1]);
			one_of_two(ring, reads_eight, counter, write_one, counter);
			one_of_two(ring, receives, pair.ours, write_byte, pair.theirs);
			one_of_two(ring, accepts, server, connect_once, 0);
		}
	}
	pair_close(pair);
	close(pipes[0]);
	close(pipes[1]);
	close(counter);
	close(server);
	END_CLEAN();
}

Test(uring_blocking, what_is_told_not_to_wait_does_not)
{
	WITH_RINGS(ring, 0)
	{
		struct pair pair = pair_open();
		tl_operation o;
		char byte;
		tl_operation_recv(&o, pair.ours, &byte, 1, MSG_DONTWAIT);
		cr_assert_eq(tl_uring_submit(ring, &o), 0);
		cr_assert_eq(tl_operation_result(&o, 20 * SECOND), -EAGAIN);
		pair_close(pair);
	}
	END_CLEAN();
}

/* ---- Around it -------------------------------------------------------------------- */

static void forks(tl_future *future, void *context)
{
	(void)future;
	pid_t child = fork();
	if (child)
		atomic_store((atomic_long *)context, child);
}

Test(uring_blocking, child_forked_in_a_callback_ends_on_return)
{
	WITH_RINGS(ring, 0)
	{
		tl_operation o;
		int status = -1;
		atomic_long child = 0;
		tl_callback node = { .function = forks, .context = &child };
		tl_operation_timeout(&o, 0);
		cr_assert_eq(tl_future_on_done(&o.future, &node), 0);
		cr_assert_eq(tl_uring_submit(ring, &o), 0);
		assert_soon(atomic_load(&child) != 0);
		pid_t one = (pid_t)atomic_load(&child);
		bool ended = wait_until(waitpid(one, &status, WNOHANG) == one);
		if (!ended)
			kill(one, SIGKILL);
		cr_assert(ended && status == 0, "status %d", status);
		tl_operation_timeout(&o, MILLISECOND);
		cr_assert_eq(done_by(ring, &o), 0);
	}
	END_CLEAN();
}

Test(uring_blocking, without_descriptors_there_is_no_ring)
{
	struct rlimit old, none;
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	for (unsigned flags = 0; flags <= TL_URING_STRICT; flags += TL_URING_STRICT) {
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
		tl_uring *ring = tl_uring_create(&(tl_uring_options){ .flags = flags });
		int error = errno;
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
		cr_assert_null(ring);
		cr_assert_eq(error, EMFILE);
	}
	END_CLEAN();
}
