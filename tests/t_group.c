/* SPDX-License-Identifier: MIT */
/* Groups: waiting for many tasks at once, again and again, in the caller's memory. */
#include "groups.h"

Test(group, wait_is_for_all_its_tasks)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (long n = 0; n <= scaled(20000); n = 10 * n + 1) {
			tl_executor *executor = executor_of(kind, 2, NULL);
			atomic_long ran = 0;
			tl_group group;
			cr_assert_eq(tl_group_init(&group, executor, NULL), 0);
			submit_many(&group, n, add_one, &ran);
			cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
			cr_assert_eq(atomic_load(&ran), n);
			cr_assert(tl_group_done(&group));
			tl_executor_destroy(executor);
		}
	END_CLEAN();
}

Test(group, its_futures_are_futures_like_others)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_group group;
	tl_group_init(&group, pool, NULL);
	tl_future *five = tl_group_submit(&group, identity, VALUE(5));
	tl_future *fails = tl_group_submit(&group, fail_with, VALUE(-EIO));
	cr_assert_eq(tl_await(five), VALUE(5));
	cr_assert_eq(tl_future_result(fails, NULL, TL_FOREVER), -EIO);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	tl_future_release(fails);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, own_tasks_allocate_nothing)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	static tl_task tasks[1000];
	atomic_long ran = 0;
	for (int round = 0; round < 3; round++) {
		long before = allocation_count();
		tl_group group;
		tl_group_init(&group, pool, NULL);
		for (size_t i = 0; i < LENGTH(tasks); i++) {
			tl_task_init(&tasks[i], add_one, &ran);
			cr_assert_eq(tl_group_submit_task(&group, &tasks[i]), 0);
		}
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		for (size_t i = 0; i < LENGTH(tasks); i++)
			cr_assert(tl_future_done(&tasks[i].future));
		cr_assert_eq(allocation_count(), before);
	}
	cr_assert_eq(atomic_load(&ran), 3000);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, wait_runs_out_and_a_later_one_succeeds)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	tl_group group;
	tl_group_init(&group, pool, NULL);
	submit_many(&group, 3, gate_pass, &gate);
	cr_assert_eq(tl_group_wait(&group, 0), -ETIMEDOUT);
	cr_assert_eq(tl_group_wait(&group, 3 * MILLISECOND), -ETIMEDOUT);
	cr_assert_not(tl_group_done(&group));
	gate_open(&gate);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

/* ---- Memory -------------------------------------------------------------------- */

/* In a frame that is overwritten as soon as the wait has returned. */
static __attribute__((noinline)) int group_in_a_frame(tl_executor *pool, atomic_long *ran,
                                                      int n)
{
	struct {
		tl_group group;
		tl_task tasks[4];
		unsigned char bytes[64];
	} frame;
	int wrong = 0;
	tl_group_init(&frame.group, pool, NULL);
	for (int i = 0; i < n; i++) {
		tl_task_init(&frame.tasks[i], add_one, ran);
		wrong += tl_group_submit_task(&frame.group, &frame.tasks[i]) != 0;
	}
	if (n % 2)
		wrong += tl_group_wait(&frame.group, TL_FOREVER) != 0;
	else
		while (!tl_group_done(&frame.group))
			;
	memset(&frame, 0x5a, sizeof frame);
	__asm__ volatile("" : : "r"(&frame) : "memory");
	for (volatile int spin = 0; spin < 200; spin++)
		;
	for (size_t i = 0; i < sizeof frame; i++)
		wrong += ((volatile unsigned char *)&frame)[i] != 0x5a;
	return wrong;
}

struct looper {
	tl_executor *pool;
	atomic_long ran;
	long expected;
	int wrong;
};

static void *loop_over_frames(void *argument)
{
	struct looper *looper = argument;
	for (long round = scaled(6000); round--;) {
		int n = 1 + (int)(round % 4);
		looper->wrong += group_in_a_frame(looper->pool, &looper->ran, n);
		looper->expected += n;
	}
	return NULL;
}

Test(group, its_memory_may_be_used_again_when_the_wait_returns)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	struct looper loopers[3];
	pthread_t threads[2];
	for (size_t i = 0; i < LENGTH(loopers); i++)
		loopers[i] = (struct looper){ .pool = pool };
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, loop_over_frames, &loopers[i]);
	tl_await(tl_submit(pool, loop_over_frames, &loopers[2])); /* one helps */
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < LENGTH(loopers); i++) {
		cr_assert_eq(loopers[i].wrong, 0);
		cr_assert_eq(atomic_load(&loopers[i].ran), loopers[i].expected);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct crowd {
	tl_group *group;
	pthread_barrier_t barrier;
	atomic_int wrong;
};

static void *wait_with_others(void *argument)
{
	struct crowd *crowd = argument;
	for (long round = scaled(2000); round--;) {
		pthread_barrier_wait(&crowd->barrier);
		if (tl_group_wait(crowd->group, TL_FOREVER))
			atomic_fetch_add(&crowd->wrong, 1);
		pthread_barrier_wait(&crowd->barrier);
	}
	return NULL;
}

Test(group, wakes_all_its_waiters_in_every_round)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	tl_group group;
	struct crowd crowd = { .group = &group };
	pthread_t threads[3];
	pthread_barrier_init(&crowd.barrier, NULL, LENGTH(threads) + 1);
	tl_group_init(&group, pool, NULL);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, wait_with_others, &crowd);
	for (long round = scaled(2000); round--;) {
		submit_many(&group, round % 5, identity, NULL);
		pthread_barrier_wait(&crowd.barrier);
		pthread_barrier_wait(&crowd.barrier);
	}
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.barrier);
	cr_assert_eq(atomic_load(&crowd.wrong), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
