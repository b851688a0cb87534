/* SPDX-License-Identifier: MIT */
/* Completion queues: futures come in the order in which they end, each once. */
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

static tl_completions *queue_new(void)
{
	tl_completions *queue = tl_completions_create();
	cr_assert_not_null(queue);
	return queue;
}

static void add(tl_completions *queue, tl_future *future, intptr_t tag)
{
	cr_assert_not_null(future);
	cr_assert_eq(tl_completions_add(queue, future, VALUE(tag)), 0);
}

static bool readable(int descriptor)
{
	struct pollfd poll_ = { .fd = descriptor, .events = POLLIN };
	return poll(&poll_, 1, 0) == 1 && poll_.revents == POLLIN;
}

Test(completions, come_in_the_order_of_their_ends)
{
	tl_completions *queue = queue_new();
	tl_future promises[100];
	tl_completion taken[100];
	for (int i = 0; i < 100; i++) {
		tl_future_init(&promises[i]);
		add(queue, &promises[i], i);
	}
	cr_assert_eq(tl_completions_left(queue), 100);
	cr_assert_eq(tl_completions_take(queue, taken, 100, 0), -ETIMEDOUT);
	for (int i = 0; i < 100; i++)
		tl_future_set(&promises[i * 37 % 100], NULL);
	for (int n = 0; n < 100; n += 10) {
		cr_assert_eq(tl_completions_take(queue, taken, 10, 0), 10);
		for (int i = 0; i < 10; i++) {
			int expected = (n + i) * 37 % 100;
			cr_assert_eq(taken[i].future, &promises[expected]);
			cr_assert_eq(taken[i].tag, VALUE(expected));
		}
	}
	cr_assert_eq(tl_completions_left(queue), 0);
	cr_assert_eq(tl_completions_take(queue, taken, 1, 0), -ETIMEDOUT);
	cr_assert_eq(tl_completions_destroy(queue), 0);
	END_CLEAN();
}

Test(completions, come_however_the_future_ends)
{
	tl_completions *queue = queue_new();
	tl_executor *worker = tl_worker_create(NULL);
	struct gate gate = GATE;
	hold(worker, &gate, 1);
	tl_future *futures[] = { tl_submit(worker, identity, VALUE(1)),
		                 tl_submit(worker, identity, VALUE(2)),
		                 tl_submit(worker, fail_with, VALUE(-EIO)) };
	tl_completion taken;
	for (int i = 0; i < 3; i++)
		add(queue, futures[i], i);
	tl_future_cancel(futures[1]);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, TL_FOREVER), 1);
	cr_assert_eq(taken.tag, VALUE(1));
	cr_assert(tl_future_cancelled(taken.future));
	gate_open(&gate);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, TL_FOREVER), 1);
	cr_assert_eq(tl_await(taken.future), VALUE(1));
	cr_assert_eq(tl_completions_take(queue, &taken, 1, TL_FOREVER), 1);
	cr_assert_eq(tl_future_result(taken.future, NULL, 0), -EIO);
	add(queue, futures[1], 7); /* once more, and it has ended */
	add(queue, futures[1], 8);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), 1);
	cr_assert_eq(taken.tag, VALUE(7));
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), 1);
	cr_assert_eq(taken.tag, VALUE(8));
	tl_future_release(futures[1]);
	tl_future_release(futures[2]);
	tl_completions_destroy(queue);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(completions, one_future_may_come_to_several_queues)
{
	tl_completions *queues[] = { queue_new(), queue_new(), queue_new() };
	tl_future promise;
	tl_completion taken;
	tl_future_init(&promise);
	for (int i = 0; i < 3; i++)
		add(queues[i], &promise, i);
	tl_future_set(&promise, NULL);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(tl_completions_take(queues[i], &taken, 1, 0), 1);
		cr_assert_eq(taken.tag, VALUE(i));
		tl_completions_destroy(queues[i]);
	}
	END_CLEAN();
}

/* ---- Many ---------------------------------------------------------------------- */

Test(completions, thousands_come_once_each)
{
	enum { N = 20000 };
	static unsigned char seen[N];
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t batch = 1; batch <= 1000; batch *= 10) {
			tl_executor *executor = executor_of(kind, 2, NULL);
			tl_completions *queue = queue_new();
			tl_completion taken[1000];
			int n = (int)scaled(N), got = 0;
			memset(seen, 0, sizeof seen);
			for (int i = 0; i < n; i++)
				add(queue, tl_submit(executor, identity, VALUE(i)), i);
			while (got < n) {
				int some = tl_completions_take(queue, taken, batch,
				                               TL_FOREVER);
				cr_assert(some > 0 && some <= (int)batch);
				for (int i = 0; i < some; i++) {
					intptr_t tag = (intptr_t)taken[i].tag;
					seen[tag]++;
					cr_assert_eq(tl_await(taken[i].future),
					             VALUE(tag));
				}
				got += some;
			}
			for (int i = 0; i < n; i++)
				cr_assert_eq(seen[i], 1);
			cr_assert_eq(tl_completions_left(queue), 0);
			tl_completions_destroy(queue);
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

struct crowd {
	tl_completions *queue;
	atomic_long got, wrong;
	long wanted;
};

/* Until somebody has taken the last one, which has the tag NULL. */
static void *consume(void *argument)
{
	struct crowd *crowd = argument;
	tl_completion taken[8];
	for (;;) {
		int n = tl_completions_take(crowd->queue, taken, LENGTH(taken),
		                            TL_FOREVER);
		for (int i = 0; i < n; i++) {
			if (!taken[i].tag)
				return NULL;
			if (tl_await(taken[i].future) != taken[i].tag)
				atomic_fetch_add(&crowd->wrong, 1);
			atomic_fetch_add(&crowd->got, 1);
		}
		if (n < 1)
			atomic_fetch_add(&crowd->wrong, 1);
	}
}

Test(completions, several_consumers_share_them)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct crowd crowd = { .queue = queue_new(), .wanted = scaled(50000) };
	pthread_t threads[4];
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, consume, &crowd);
	for (long i = 1; i <= crowd.wanted; i++)
		add(crowd.queue, tl_submit(pool, identity, VALUE(i)), i);
	assert_soon(atomic_load(&crowd.got) == crowd.wanted);
	tl_future end;
	tl_future_init(&end);
	tl_future_set(&end, NULL);
	for (size_t i = 0; i < LENGTH(threads); i++)
		do /* one may take several */
			add(crowd.queue, &end, 0);
		while (look_again(patience()) && pthread_tryjoin_np(threads[i], NULL));
	cr_assert_eq(atomic_load(&crowd.wrong), 0);
	tl_completions_destroy(crowd.queue);
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct single {
	tl_completions *queue;
	_Atomic(pid_t) thread;
	int result;
};

static void *take_one(void *argument)
{
	struct single *single = argument;
	tl_completion taken;
	single->thread = gettid();
	single->result = tl_completions_take(single->queue, &taken, 1, TL_FOREVER);
	return NULL;
}

Test(completions, wake_as_many_consumers_as_there_are_of_them)
{
	tl_completions *queue = queue_new();
	struct single singles[3];
	pthread_t threads[3];
	tl_future promises[3];
	for (int i = 0; i < 3; i++) {
		singles[i] = (struct single){ .queue = queue };
		pthread_create(&threads[i], NULL, take_one, &singles[i]);
		tl_future_init(&promises[i]);
		add(queue, &promises[i], i);
	}
	for (int i = 0; i < 3; i++)
		assert_soon(singles[i].thread && thread_state(singles[i].thread) == 'S');
	for (int i = 0; i < 3; i++)
		tl_future_set(&promises[i], NULL);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		cr_assert_eq(singles[i].result, 1);
	}
	tl_completions_destroy(queue);
	END_CLEAN();
}

Test(completions, wait_runs_out_and_a_later_one_succeeds)
{
	tl_completions *queue = queue_new();
	tl_future promise;
	tl_completion taken;
	tl_future_init(&promise);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 2 * MILLISECOND), -ETIMEDOUT);
	add(queue, &promise, 1);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 2 * MILLISECOND), -ETIMEDOUT);
	tl_future_set(&promise, NULL);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 2 * MILLISECOND), 1);
	tl_completions_destroy(queue);
	END_CLEAN();
}

/* ---- The descriptor ------------------------------------------------------------ */

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

/* ---- Inside tasks -------------------------------------------------------------- */

struct inside {
	tl_executor *pool;
	tl_completions *queue;
	struct gate gate;
	atomic_long others, others_then;
	int wanted;
};

static void *take_inside(void *argument)
{
	struct inside *inside = argument;
	tl_completion taken[7];
	gate_pass(&inside->gate);
	int got = 0;
	while (got < inside->wanted) {
		int n = tl_completions_take(inside->queue, taken, 7, TL_FOREVER);
		for (int i = 0; i < n; i++)
			tl_await(taken[i].future);
		got += n;
	}
	inside->others_then = inside->others;
	return VALUE(tl_completions_take(inside->queue, taken, 7, 2 * MILLISECOND));
}

Test(completions, take_in_a_pool_of_one_runs_what_will_come_and_no_others)
{
	for (unsigned workers = 1; workers <= 2; workers++)
		for (int kind = FIXED; kind < KINDS; kind++) {
			tl_executor *pool = executor_of(kind, workers, NULL);
			struct inside inside = { pool, queue_new(), GATE, .wanted = 500 };
			tl_future *takes = tl_submit(pool, take_inside, &inside);
			assert_soon(atomic_load(&inside.gate.inside) == 1);
			for (int i = 0; i < inside.wanted; i++) {
				tl_future_release(
					tl_submit(pool, add_one, &inside.others));
				add(inside.queue, tl_submit(pool, identity, NULL), i);
			}
			gate_open(&inside.gate);
			cr_assert_eq(tl_await(takes), VALUE(-ETIMEDOUT));
			if (workers == 1)
				cr_assert_eq(atomic_load(&inside.others_then), 0);
			tl_executor_destroy(pool);
			cr_assert_eq(atomic_load(&inside.others), inside.wanted);
			tl_completions_destroy(inside.queue);
		}
	END_CLEAN();
}

/* ---- Ends, errors -------------------------------------------------------------- */

Test(completions, destroyed_with_futures_outstanding_forget_them)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct gate gate = GATE;
	tl_future promises[10], *futures[10];
	for (int round = 0; round < 2; round++) {
		tl_completions *queue = queue_new();
		if (round)
			tl_completions_descriptor(queue);
		for (int i = 0; i < 10; i++) {
			tl_future_init(&promises[i]);
			add(queue, &promises[i], i);
			futures[i] = tl_submit(pool, gate_pass, &gate);
			add(queue, futures[i], i);
		}
		tl_future_set(&promises[0], NULL); /* ready, and nobody takes it */
		cr_assert_eq(tl_completions_left(queue), 20);
		cr_assert_eq(tl_completions_destroy(queue), 0);
		gate_open(&gate);
		for (int i = 0; i < 10; i++) {
			tl_future_set(&promises[i], NULL);
			tl_await(futures[i]);
		}
		gate_shut(&gate);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(completions, destroyed_beside_the_ends_of_their_futures)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (long round = scaled(5000); round--;) {
		tl_completions *queue = queue_new();
		tl_completion taken[4];
		tl_future *futures[8];
		if (round % 4 == 0)
			tl_completions_descriptor(queue);
		for (int i = 0; i < 8; i++) {
			futures[i] = tl_submit(pool, identity, NULL);
			add(queue, futures[i], i);
		}
		if (round % 2)
			cr_assert_gt(tl_completions_take(queue, taken, 4, TL_FOREVER), 0);
		tl_completions_destroy(queue);
		for (int i = 0; i < 8; i++)
			tl_await(futures[i]);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(completions, allocate_no_more_once_they_have_room)
{
	tl_completions *queue = queue_new();
	static tl_future promises[3000];
	tl_completion taken[100];
	long before = 0;
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			before = allocation_count();
		for (int i = 0; i < 3000; i++) {
			tl_future_init(&promises[i]);
			add(queue, &promises[i], i);
		}
		for (int i = 0; i < 3000; i++)
			tl_future_set(&promises[i], NULL);
		for (int got = 0; got < 3000;)
			got += tl_completions_take(queue, taken, 100, 0);
	}
	if (!WITH_DEBUG)
		cr_assert_eq(allocation_count(), before);
	tl_completions_destroy(queue);
	END_CLEAN();
}

Test(completions, without_memory_say_so_and_lose_nothing)
{
	for (long n = 1; n <= 2; n++) {
		fail_allocation_at(n);
		errno = 0;
		cr_assert_null(tl_completions_create());
		cr_assert_eq(errno, ENOMEM);
		fail_allocation_at(0);
	}
	tl_completions *queue = queue_new();
	static tl_future promises[1000];
	tl_completion taken[1000];
	int added = 0;
	for (int i = 0; i < 1000; i++) {
		tl_future_init(&promises[i]);
		if (i % 2)
			fail_allocation_at(1);
		int result = tl_completions_add(queue, &promises[i], VALUE(i));
		fail_allocation_at(0);
		cr_assert(result == 0 || (result == -ENOMEM && i % 2));
		added += !result;
		cr_assert_eq(tl_completions_left(queue), (size_t)added);
	}
	for (int i = 0; i < 1000; i++)
		tl_future_set(&promises[i], NULL);
	cr_assert_eq(tl_completions_take(queue, taken, 1000, 0), added);
	tl_completions_destroy(queue);
	END_CLEAN();
}

struct lost {
	tl_completions *queue;
	tl_future *promise;
};

static int child_of_a_queue(void *argument)
{
	struct lost *lost = argument;
	tl_completion taken;
	tl_future promise;
	tl_future_init(&promise);
	if (tl_completions_add(lost->queue, &promise, NULL) != -EOWNERDEAD)
		return 1;
	if (tl_completions_take(lost->queue, &taken, 1, TL_FOREVER) != -EOWNERDEAD)
		return 2;
	if (tl_completions_descriptor(lost->queue) != -EOWNERDEAD)
		return 3;
	if (tl_future_set(lost->promise, NULL)) /* comes nowhere */
		return 4;
	return tl_completions_destroy(lost->queue) == -EOWNERDEAD ? 0 : 5;
}

Test(completions, child_of_a_fork_is_told)
{
	tl_completions *queue = queue_new();
	tl_future promise;
	tl_completion taken;
	struct lost lost = { queue, &promise };
	tl_future_init(&promise);
	add(queue, &promise, 1);
	cr_assert_eq(in_child(child_of_a_queue, &lost), 0);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), -ETIMEDOUT);
	tl_future_set(&promise, NULL);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, 0), 1);
	tl_completions_destroy(queue);
	END_CLEAN();
}

/* With a queue of its own, in a task of its parent's: what is queued there is not its. */
static int child_with_a_queue(void *unused)
{
	tl_completions *queue = tl_completions_create();
	tl_future promise;
	tl_completion taken;
	(void)unused;
	tl_future_init(&promise);
	if (tl_completions_add(queue, &promise, NULL) ||
	    tl_completions_take(queue, &taken, 1, 20 * MILLISECOND) != -ETIMEDOUT)
		return 1;
	tl_future_set(&promise, NULL);
	if (tl_completions_take(queue, &taken, 1, TL_FOREVER) != 1)
		return 2;
	return tl_completions_destroy(queue) || other_threads(NULL, 0) ? 3 : 4;
}

struct forks {
	tl_executor *pool;
	tl_task queued[10];
	int child;
};

static void *forks_above_queued_tasks(void *argument)
{
	struct forks *forks = argument;
	for (int i = 0; i < 10; i++) {
		tl_task_init(&forks->queued[i], identity, NULL);
		tl_submit_quietly(forks->pool, &forks->queued[i]);
	}
	forks->child = in_child(child_with_a_queue, NULL);
	return NULL;
}

Test(completions, child_of_a_fork_starts_nothing_of_its_parents_to_wait)
{
	tl_options options = { .max_workers = 4 };
	struct forks forks = { .pool = tl_adaptive_pool_create(&options) };
	tl_await(tl_submit(forks.pool, forks_above_queued_tasks, &forks));
	cr_assert_eq(forks.child, 4);
	tl_executor_destroy(forks.pool);
	END_CLEAN();
}

Test(completions, bad_arguments_are_refused)
{
	tl_completions *queue = queue_new();
	tl_future promise;
	tl_completion taken;
	tl_future_init(&promise);
	cr_assert_eq(tl_completions_add(NULL, &promise, NULL), -EINVAL);
	cr_assert_eq(tl_completions_add(queue, NULL, NULL), -EINVAL);
	cr_assert_eq(tl_completions_take(NULL, &taken, 1, 0), -EINVAL);
	cr_assert_eq(tl_completions_take(queue, NULL, 1, 0), -EINVAL);
	cr_assert_eq(tl_completions_take(queue, &taken, 0, 0), -EINVAL);
	cr_assert_eq(tl_completions_take(queue, &taken, 1, -1), -EINVAL);
	cr_assert_eq(tl_completions_left(NULL), 0);
	cr_assert_eq(tl_completions_left(queue), 0);
	cr_assert_eq(tl_completions_descriptor(NULL), -EINVAL);
	cr_assert_eq(tl_completions_destroy(NULL), 0);
	cr_assert_eq(tl_completions_destroy(queue), 0);
	END_CLEAN();
}
