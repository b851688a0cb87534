/* SPDX-License-Identifier: MIT */
/* Many operations at once, many threads, and a ring of the user's own beside. */
#include "uring.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>

/* ---- A ring of one's own -------------------------------------------------------- */

/* The other way round: what a pool completes shows in the ring that one waits in. */
Test(uring_many, results_of_a_pool_come_to_a_ring_of_ones_own)
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
Test(uring_many, more_may_be_under_way_than_the_ring_has_room_for)
{
	static tl_operation o[MANY];
	WITH_RINGS(ring, .entries = 4, .max_blocking = 512)
	{
		int n = tl_uring_submit(ring, NULL) == -EINVAL && counts_of(ring).blocking
		                ? 200
		                : MANY;
		tl_operation together;
		tl_operation_timeout(&together, 50 * MILLISECOND);
		for (int i = 0; i < n; i++) {
			tl_operation_init(&o[i]);
			o[i].time_ = together.time_;
			io_uring_prep_timeout(&o[i].sqe, &o[i].time_, 0,
			                      IORING_TIMEOUT_ABS);
			cr_assert_eq(tl_uring_submit(ring, &o[i]), 0);
		}
		for (int i = 0; i < n; i++)
			cr_assert_eq(result_of(&o[i]), 0);
	}
	END_CLEAN();
}

Test(uring_many, what_is_submitted_together_costs_one_wake)
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

Test(uring_many, many_threads_use_one_ring)
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

Test(uring_many, tasks_of_a_pool_of_one_wait_for_their_operations)
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
Test(uring_many, signals_do_no_harm)
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
