/* SPDX-License-Identifier: MIT */
/* The descriptor of a completion queue: readable while there is something to take. */
#include "completion_queue.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

static bool readable(int descriptor)
{
	struct pollfd poll_ = { .fd = descriptor, .events = POLLIN };
	return poll(&poll_, 1, 0) == 1 && poll_.revents == POLLIN;
}

Test(completions, descriptor_is_readable_while_there_is_something_to_take)
{
	tl_completions *queue = queue_new();
	tl_future promises[3];
	tl_completion taken[3];
	int before = descriptor_count();
	for (int i = 0; i < 3; i++) {
		tl_future_init(&promises[i]);
		add(queue, &promises[i], i);
	}
	tl_future_set(&promises[0], NULL);
	cr_assert_eq(descriptor_count(), before); /* nobody has asked for it */
	int descriptor = tl_completions_descriptor(queue);
	cr_assert_geq(descriptor, 0);
	cr_assert_eq(tl_completions_descriptor(queue), descriptor);
	cr_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
	cr_assert(readable(descriptor));
	cr_assert_eq(tl_completions_take(queue, taken, 3, 0), 1);
	cr_assert_not(readable(descriptor));
	tl_future_set(&promises[1], NULL);
	tl_future_set(&promises[2], NULL);
	cr_assert(readable(descriptor));
	cr_assert_eq(tl_completions_take(queue, taken, 1, 0), 1);
	cr_assert(readable(descriptor));
	cr_assert_eq(tl_completions_take(queue, taken, 1, 0), 1);
	cr_assert_not(readable(descriptor));
	tl_completions_destroy(queue);
	cr_assert_eq(descriptor_count(), before);
	END_CLEAN();
}

Test(completions, descriptor_is_written_once_for_each_change)
{
	tl_completions *queue = queue_new();
	static tl_future promises[1000];
	tl_completion taken[1000];
	int descriptor = tl_completions_descriptor(queue);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			tl_future_init(&promises[i]);
			add(queue, &promises[i], i);
			tl_future_set(&promises[i], NULL);
			if (i == 500)
				cr_assert_eq(tl_completions_take(queue, taken, 100, 0),
				             100);
		}
		uint64_t written = 0;
		cr_assert_eq(read(descriptor, &written, sizeof written), 8);
		cr_assert_eq(written, 1);
		cr_assert_eq(tl_completions_take(queue, taken, 1000, 0), 900);
	}
	tl_completions_destroy(queue);
	END_CLEAN();
}

static int complete_without_system_calls(void *argument)
{
	atomic_long *call = argument;
	tl_completions *queue = tl_completions_create();
	tl_future promises[50];
	tl_completion taken[50];
	for (int i = 0; i < 50; i++) {
		tl_future_init(&promises[i]);
		tl_completions_add(queue, &promises[i], NULL);
	}
	if (!forbid_system_calls(call))
		return 1;
	for (int i = 0; i < 50; i++)
		tl_future_set(&promises[i], NULL);
	return tl_completions_take(queue, taken, 50, 0) == 50 ? 0 : 2;
}

Test(completions, make_no_system_call_when_nobody_waits_or_polls)
{
	atomic_long *call = shared_page();
	if (instrumented())
		return;
	int status = in_child(complete_without_system_calls, call);
	cr_assert_eq(status, 0, "status %d, call %ld", status, atomic_load(call));
	END_CLEAN();
}

Test(completions, drive_an_event_loop)
{
	tl_executor *pool = tl_adaptive_pool_create(NULL);
	tl_completions *queue = queue_new();
	int loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	for (int edge = 0; edge < 2; edge++) {
		long n = scaled(20000), submitted = 0, got = 0;
		event.events = edge ? EPOLLIN | EPOLLET : EPOLLIN;
		cr_assert_eq(epoll_ctl(loop, EPOLL_CTL_ADD,
		                       tl_completions_descriptor(queue), &event),
		             0);
		while (got < n) {
			for (int i = 0; i < 100 && submitted < n; i++, submitted++)
				add(queue, tl_submit(pool, identity, NULL), submitted);
			cr_assert_eq(epoll_wait(loop, &event, 1, 60000), 1);
			tl_completion taken[16];
			int some;
			do { /* edges come only after it was empty */
				some = tl_completions_take(queue, taken, 16, 0);
				for (int i = 0; i < some; i++)
					tl_await(taken[i].future);
				got += some > 0 ? some : 0;
			} while (some > 0 && edge);
		}
		cr_assert_eq(got, n);
		cr_assert_eq(epoll_ctl(loop, EPOLL_CTL_DEL,
		                       tl_completions_descriptor(queue), NULL),
		             0);
	}
	close(loop);
	tl_completions_destroy(queue);
	tl_executor_destroy(pool);
	END_CLEAN();
}
