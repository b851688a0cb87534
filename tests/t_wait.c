/* SPDX-License-Identifier: MIT */
/* tl_wait: all of them, any of them, the first that failed. */
#include "support.h"

enum { MOST = 200 };
static tl_future promises[MOST];
static tl_future *all[MOST];
static const int sizes[] = { 1, 2, 63, 64, 65, MOST };

static void set_up(void)
{
	for (int i = 0; i < MOST; i++) {
		tl_future_init(&promises[i]);
		all[i] = &promises[i];
	}
}

struct order {
	int n, first;
	bool fail;
};

/* Complete all but one, or just one. */
static void *complete_one(void *argument)
{
	struct order *order = argument;
	if (order->fail)
		tl_future_fail(all[order->first], -EIO);
	else
		tl_future_set(all[order->first], NULL);
	return NULL;
}

static void *complete_all(void *argument)
{
	struct order *order = argument;
	for (int i = 0; i < order->n; i++)
		tl_future_set(all[(order->first + i) % order->n], NULL);
	return NULL;
}

Test(wait, for_none)
{
	cr_assert_eq(tl_wait(all, 0, TL_ALL, 0), 0);
	cr_assert_eq(tl_wait(all, 0, TL_FIRST_ERROR, TL_FOREVER), 0);
	cr_assert_eq(tl_wait(all, 0, TL_ANY, TL_FOREVER), -EINVAL);
	END_CLEAN();
}

Test(wait, for_all)
{
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct order order = { .n = sizes[i], .first = sizes[i] / 2 };
		pthread_t thread;
		set_up();
		cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ALL, 0), -ETIMEDOUT);
		cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ALL, MILLISECOND),
		             -ETIMEDOUT);
		pthread_create(&thread, NULL, complete_all, &order);
		cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ALL, TL_FOREVER), 0);
		for (int k = 0; k < order.n; k++)
			cr_assert(tl_future_done(all[k]));
		cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ALL, 0), 0);
		pthread_join(thread, NULL);
	}
	END_CLEAN();
}

Test(wait, for_all_takes_failures_as_ends)
{
	set_up();
	tl_future_fail(all[0], -EIO);
	tl_future_cancel(all[1]);
	tl_future_set(all[2], NULL);
	cr_assert_eq(tl_wait(all, 3, TL_ALL, 0), 0);
	END_CLEAN();
}

Test(wait, for_any_returns_the_one_that_ended)
{
	for (size_t i = 0; i < LENGTH(sizes); i++)
		for (int first = 0; first < sizes[i]; first += 1 + sizes[i] / 3) {
			struct order order = { .n = sizes[i], .first = first };
			pthread_t thread;
			set_up();
			cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ANY, 0),
			             -ETIMEDOUT);
			cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ANY, MILLISECOND),
			             -ETIMEDOUT);
			pthread_create(&thread, NULL, complete_one, &order);
			cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ANY, TL_FOREVER),
			             first);
			cr_assert_eq(tl_wait(all, (size_t)order.n, TL_ANY, 0), first);
			pthread_join(thread, NULL);
		}
	END_CLEAN();
}

Test(wait, for_any_leaves_the_others_as_they_were)
{
	/* and usable: nothing of the wait is left at them */
	set_up();
	for (int i = 0; i < MOST; i++) {
		tl_future_set(all[i], VALUE(i));
		cr_assert_eq(tl_wait(all + i, (size_t)(MOST - i), TL_ANY, TL_FOREVER), 0);
	}
	for (int i = 0; i < MOST; i++) {
		void *value = NULL;
		cr_assert_eq(tl_future_result(all[i], &value, 0), 0);
		cr_assert_eq(value, VALUE(i));
	}
	END_CLEAN();
}

Test(wait, for_the_first_error)
{
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		int n = sizes[i];
		struct order order = { .n = n, .first = n - 1, .fail = true };
		pthread_t thread;
		set_up();
		for (int k = 0; k < n / 2; k++)
			tl_future_set(all[k], NULL);
		cr_assert_eq(tl_wait(all, (size_t)n, TL_FIRST_ERROR, 0), -ETIMEDOUT);
		cr_assert_eq(tl_wait(all, (size_t)n, TL_FIRST_ERROR, MILLISECOND),
		             -ETIMEDOUT);
		pthread_create(&thread, NULL, complete_one, &order);
		cr_assert_eq(tl_wait(all, (size_t)n, TL_FIRST_ERROR, TL_FOREVER), n - 1);
		cr_assert_eq(tl_wait(all, (size_t)n, TL_FIRST_ERROR, 0), n - 1);
		pthread_join(thread, NULL);
	}
	END_CLEAN();
}

Test(wait, for_the_first_error_is_n_when_all_succeed)
{
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct order order = { .n = sizes[i] };
		pthread_t thread;
		set_up();
		pthread_create(&thread, NULL, complete_all, &order);
		cr_assert_eq(tl_wait(all, (size_t)order.n, TL_FIRST_ERROR, TL_FOREVER),
		             order.n);
		pthread_join(thread, NULL);
	}
	END_CLEAN();
}

Test(wait, a_cancelled_one_is_an_error)
{
	set_up();
	tl_future_set(all[0], NULL);
	tl_future_cancel(all[1]);
	cr_assert_eq(tl_wait(all, 2, TL_FIRST_ERROR, TL_FOREVER), 1);
	END_CLEAN();
}

Test(wait, results_come_in_the_order_of_completion)
{
	/* each task is let go by the one before, the last submitted first */
	enum { TASKS = 20 };
	struct gate gates[TASKS];
	tl_future *futures[TASKS];
	tl_executor *pool = tl_fixed_pool_create(TASKS, NULL);
	for (int i = 0; i < TASKS; i++) {
		gates[i] = (struct gate)GATE;
		futures[i] = tl_submit(pool, gate_pass, &gates[i]);
	}
	size_t left = TASKS;
	for (int i = TASKS - 1; i >= 0; i--) {
		gate_open(&gates[i]);
		int index = tl_wait(futures, left, TL_ANY, TL_FOREVER);
		cr_assert_eq(index, i);
		cr_assert_eq(tl_await(futures[index]), &gates[i]);
		left--;
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(wait, bad_arguments_are_refused)
{
	set_up();
	tl_future *with_null[] = { all[0], NULL };
	for (int mode = TL_ALL; mode <= TL_FIRST_ERROR; mode++) {
		cr_assert_eq(tl_wait(with_null, 2, (enum tl_wait_mode)mode, 0), -EINVAL);
		cr_assert_eq(tl_wait(NULL, 2, (enum tl_wait_mode)mode, 0), -EINVAL);
		cr_assert_eq(tl_wait(all, 2, (enum tl_wait_mode)mode, -1), -EINVAL);
	}
	cr_assert_eq(tl_future_set(all[0], NULL), 0);
	END_CLEAN();
}

Test(wait, the_same_future_may_be_there_twice)
{
	for (int mode = TL_ALL; mode <= TL_FIRST_ERROR; mode++) {
		set_up();
		tl_future *twice[] = { all[0], all[0] };
		struct order order = { .n = 1 };
		pthread_t thread;
		pthread_create(&thread, NULL, complete_one, &order);
		int result = tl_wait(twice, 2, (enum tl_wait_mode)mode, TL_FOREVER);
		pthread_join(thread, NULL);
		if (mode == TL_ALL)
			cr_assert_eq(result, 0);
		else if (mode == TL_ANY)
			cr_assert(result == 0 || result == 1);
		else
			cr_assert_eq(result, 2);
	}
	END_CLEAN();
}

static void *complete_in_random_order(void *argument)
{
	unsigned seed = (unsigned)(uintptr_t)argument;
	for (int i = 0; i < 40; i++) {
		seed = seed * 1103515245u + 12345u;
		tl_future_set(all[seed / 65536 % 40], NULL);
	}
	for (int i = 0; i < 40; i++)
		tl_future_set(all[i], NULL);
	return NULL;
}

static void *wait_in_a_race(void *argument)
{
	(void)argument;
	int index = tl_wait(all, 40, TL_ANY, TL_FOREVER);
	bool good = index >= 0 && index < 40 && tl_future_done(all[index]);
	good = good && tl_wait(all, 40, TL_FIRST_ERROR, TL_FOREVER) == 40;
	return VALUE(good && tl_wait(all, 40, TL_ALL, TL_FOREVER) == 0);
}

Test(wait, many_waiters_race_with_completion)
{
	for (long round = scaled(500); round--;) {
		pthread_t threads[5];
		set_up();
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, wait_in_a_race, NULL);
		pthread_create(&threads[4], NULL, complete_in_random_order, VALUE(round));
		for (int i = 0; i < 4; i++) {
			void *good = NULL;
			pthread_join(threads[i], &good);
			cr_assert_not_null(good);
		}
		pthread_join(threads[4], NULL);
	}
	END_CLEAN();
}

static void *wait_for_none_inside(void *futures)
{
	return VALUE(tl_wait(futures, 3, TL_ALL, TL_FOREVER));
}

Test(wait, inside_a_task_runs_what_is_queued)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	for (int mode = TL_ALL; mode <= TL_FIRST_ERROR; mode++) {
		struct gate gate = GATE;
		tl_future *futures[3];
		hold(pool, &gate, 1);
		tl_future *outer = tl_submit(pool, wait_for_none_inside, futures);
		for (int i = 0; i < 3; i++)
			futures[i] = tl_submit(pool, identity, VALUE(i));
		gate_open(&gate);
		cr_assert_eq(tl_await(outer), VALUE(0));
		for (int i = 0; i < 3; i++)
			cr_assert_eq(tl_await(futures[i]), VALUE(i));
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}
