/* SPDX-License-Identifier: MIT */
/* Who owns which memory, and until when. */
#include "support.h"

#include <sys/mman.h>

Test(lifetime, tasks_released_at_once_all_run_and_memory_does_not_grow)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		atomic_long ran = 0;
		long n = scaled(500000), submitted = 0, memory = 0;
		for (long i = 0; i < n; i++) {
			tl_future *future = tl_submit(executor, add_one, &ran);
			cr_assert_not_null(future);
			submitted++;
			if (i % 1000)
				tl_future_release(future);
			else
				tl_await(future); /* it mustn't pile up in the queue */
			if (i == n / 5)
				memory = resident_kilobytes();
		}
		if (!instrumented())
			cr_assert_leq(resident_kilobytes(), memory + 2048,
			              "%ld to %ld kB", memory, resident_kilobytes());
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&ran), submitted);
	}
	END_CLEAN();
}

Test(lifetime, memory_of_a_backlog_is_used_again)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	long first = 0, n = scaled(50000);
	for (int round = 0; round < 20; round++) {
		atomic_long ran = 0;
		struct gate gate = GATE;
		hold(pool, &gate, 2);
		for (long i = 0; i < n; i++)
			tl_future_release(tl_submit(pool, add_one, &ran));
		gate_open(&gate);
		assert_soon(atomic_load(&ran) == n && atomic_load(&gate.passed) == 2);
		if (round == 4)
			first = resident_kilobytes();
	}
	if (!instrumented())
		cr_assert_leq(resident_kilobytes(), first + 4096, "%ld to %ld kB", first,
		              resident_kilobytes());
	tl_executor_destroy(pool);
	END_CLEAN();
}

static struct {
	tl_executor *pool;
	tl_future *_Atomic slots[64];
	atomic_int done;
	atomic_long wrong, awaited;
} market;

static void *take_and_await(void *unused)
{
	(void)unused;
	while (!atomic_load(&market.done))
		for (int i = 0; i < 64; i++) {
			tl_future *future = atomic_exchange(&market.slots[i], NULL);
			if (!future)
				continue;
			if (tl_await(future) != VALUE(i))
				atomic_fetch_add(&market.wrong, 1);
			atomic_fetch_add(&market.awaited, 1);
		}
	return NULL;
}

/* Submitted here, run there, released by a third: the memory finds its way home. */
Test(lifetime, futures_may_be_released_by_any_thread)
{
	pthread_t threads[2];
	long n = scaled(200000), put = 0, memory = 0;
	market.pool = tl_fixed_pool_create(1, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, take_and_await, NULL);
	while (put < n) {
		int at = (int)(put % 64);
		if (atomic_load(&market.slots[at]))
			continue;
		atomic_store(&market.slots[at],
		             tl_submit(market.pool, identity, VALUE(at)));
		if (++put == n / 5)
			memory = resident_kilobytes();
	}
	assert_soon(atomic_load(&market.awaited) == n);
	if (!instrumented())
		cr_assert_leq(resident_kilobytes(), memory + 2048, "%ld to %ld kB",
		              memory, resident_kilobytes());
	atomic_store(&market.done, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(atomic_load(&market.wrong), 0);
	tl_executor_destroy(market.pool);
	END_CLEAN();
}

static void *submit_and_leave(void *pool)
{
	tl_future *future = NULL;
	for (int i = 0; i < 20; i++) {
		tl_future_release(future);
		future = tl_submit(pool, identity, VALUE(11));
	}
	return future;
}

Test(lifetime, threads_that_submit_and_end_leave_no_memory)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	long memory = 0, n = scaled(4000);
	for (long i = 0; i < n; i++) {
		pthread_t thread;
		void *future = NULL;
		pthread_create(&thread, NULL, submit_and_leave, pool);
		pthread_join(thread, &future);
		cr_assert_eq(tl_await(future), VALUE(11));
		if (i == n / 5)
			memory = resident_kilobytes();
	}
	if (!instrumented())
		cr_assert_leq(resident_kilobytes(), memory + 1024, "%ld to %ld kB",
		              memory, resident_kilobytes());
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(lifetime, future_outlives_its_executor)
{
	tl_future *futures[KINDS][100];
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		for (int i = 0; i < 100; i++)
			futures[kind][i] = tl_submit(executor, identity, VALUE(i));
		tl_executor_destroy(executor);
	}
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < 100; i++)
			cr_assert_eq(tl_await(futures[kind][i]), VALUE(i));
	END_CLEAN();
}

static void spin(int64_t duration)
{
	for (int64_t start = now(); now() - start < duration;)
		;
}

/* A late access by the library would be a SIGSEGV. */
Test(lifetime, task_may_be_unmapped_the_instant_it_has_ended)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		for (long round = scaled(20000); round--;) {
			tl_task *task = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			cr_assert_neq((void *)task, MAP_FAILED);
			tl_task_init(task, identity, VALUE(round));
			cr_assert_eq(tl_submit_task(executor, task), 0);
			switch (round % 4) {
			case 0:
				while (!tl_future_done(&task->future))
					;
				break;
			case 1:
				while (tl_future_wait(&task->future, MICROSECOND))
					;
				break;
			case 2:
				tl_future_cancel(&task->future);
				/* fall through */
			default: tl_future_wait(&task->future, TL_FOREVER);
			}
			munmap(task, 4096);
		}
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

/* The same for withdrawing it, and with other tasks around it in the queue. */
Test(lifetime, task_may_be_unmapped_once_it_is_withdrawn)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (long round = scaled(10000); round--;) {
		tl_task *task = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		cr_assert_neq((void *)task, MAP_FAILED);
		tl_task_init(task, identity, NULL);
		for (long i = round % 4; i--;)
			tl_future_release(tl_submit(pool, identity, NULL));
		cr_assert_eq(tl_submit_task(pool, task), 0);
		for (long i = round % 3; i--;)
			tl_future_release(tl_submit(pool, identity, NULL));
		if (round % 5 == 0)
			spin(round % 20 * MICROSECOND);
		tl_task_withdraw(task);
		munmap(task, 4096);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

union frame {
	tl_future promise;
	unsigned char bytes[sizeof(tl_future)];
};

static void *set_promise(void *promise)
{
	tl_future_set(promise, VALUE(5));
	return NULL;
}

/* A late write by the completer would show in the frame's next use. */
static __attribute__((noinline)) int await_on_stack(tl_executor *executor, long round)
{
	union frame frame;
	int wrong = 0;
	tl_future_init(&frame.promise);
	tl_future_release(tl_submit(executor, set_promise, &frame.promise));
	if (round % 3)
		tl_future_wait(&frame.promise, TL_FOREVER);
	else
		while (!tl_future_done(&frame.promise))
			;
	memset(&frame, 0x5a, sizeof frame);
	__asm__ volatile("" : : "r"(&frame) : "memory");
	if (round % 8 == 0)
		spin(20 * MICROSECOND);
	for (size_t i = 0; i < sizeof frame; i++)
		wrong += ((volatile unsigned char *)frame.bytes)[i] != 0x5a;
	return wrong;
}

Test(lifetime, stack_frame_of_a_promise_may_be_used_again_at_once)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	int wrong = 0;
	for (long round = scaled(50000); round--;)
		wrong += await_on_stack(pool, round);
	cr_assert_eq(wrong, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
