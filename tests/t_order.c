/* SPDX-License-Identifier: MIT */
/* In which order a pool runs what it is given. */
#include "support.h"

static struct {
	tl_executor *pool;
	int n, children;
	int numbers[2000];
} list;

static void *append(void *number)
{
	list.numbers[list.n++] = (int)(intptr_t)number;
	return NULL;
}

Test(order, pool_of_one_is_first_in_first_out_from_outside)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (int held = 0; held < 2; held++) {
			tl_executor *pool = executor_of(kind, 1, NULL);
			struct gate gate = GATE;
			list.n = 0;
			if (held)
				hold(pool, &gate, 1);
			for (int i = 0; i < 1000; i++)
				tl_future_release(tl_submit(pool, append, VALUE(i)));
			gate_open(&gate);
			tl_executor_destroy(pool);
			cr_assert_eq(list.n, 1000);
			for (int i = 0; i < 1000; i++)
				cr_assert_eq(list.numbers[i], i);
		}
	END_CLEAN();
}

static void *submit_children(void *unused)
{
	(void)unused;
	for (int i = 0; i < list.children; i++)
		tl_future_release(tl_submit(list.pool, append, VALUE(i)));
	return NULL;
}

Test(order, newest_first_of_what_a_task_submits)
{
	for (list.children = 1; list.children <= 30; list.children++) {
		int n = list.children;
		list.pool = tl_fixed_pool_create(1, NULL);
		list.n = 0;
		tl_await(tl_submit(list.pool, submit_children, NULL));
		tl_executor_destroy(list.pool);
		cr_assert_eq(list.n, n);
		for (int i = 0; i < n; i++)
			cr_assert_eq(list.numbers[i], n - 1 - i);
	}
	END_CLEAN();
}

static struct {
	tl_executor *pool;
	atomic_long steps;
	atomic_long at; /* the step at which the task from outside ran */
} chain;

static void *next_step(void *unused)
{
	(void)unused;
	long step = atomic_fetch_add(&chain.steps, 1);
	if (step < 100000 && !atomic_load(&chain.at))
		tl_future_release(tl_submit(chain.pool, next_step, NULL));
	return NULL;
}

static void *from_outside(void *unused)
{
	(void)unused;
	atomic_store(&chain.at, atomic_load(&chain.steps));
	return NULL;
}

Test(order, task_that_keeps_resubmitting_itself_starves_no_one)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct gate gate = GATE;
		atomic_store(&chain.steps, 0);
		atomic_store(&chain.at, 0);
		chain.pool = executor_of(kind, 1, NULL);
		hold(chain.pool, &gate, 1);
		tl_future *first = tl_submit(chain.pool, next_step, NULL);
		tl_future *outside = tl_submit(chain.pool, from_outside, NULL);
		gate_open(&gate);
		tl_await(first);
		tl_await(outside);
		cr_assert_gt(atomic_load(&chain.at), 0);
		cr_assert_leq(atomic_load(&chain.at), 1000);
		/* once more, while the chain is under way */
		atomic_store(&chain.steps, -1000000);
		atomic_store(&chain.at, 0);
		tl_await(tl_submit(chain.pool, next_step, NULL));
		assert_soon(atomic_load(&chain.steps) > -990000);
		tl_await(tl_submit(chain.pool, from_outside, NULL));
		cr_assert_lt(atomic_load(&chain.at), 100000);
		tl_executor_destroy(chain.pool);
	}
	END_CLEAN();
}

/* Two tasks that submit each other, newest first, and one from outside. */
static void *ping(void *other)
{
	tl_function *function = *(tl_function **)other;
	if (atomic_fetch_add(&chain.steps, 1) < 100000 && !atomic_load(&chain.at)) {
		tl_future_release(tl_submit(chain.pool, function, other));
		tl_future_release(tl_submit(chain.pool, identity, NULL));
	}
	return NULL;
}

Test(order, tasks_that_submit_two_each_starve_no_one)
{
	tl_function *function = ping;
	struct gate gate = GATE;
	chain.pool = tl_fixed_pool_create(1, NULL);
	hold(chain.pool, &gate, 1);
	tl_future_release(tl_submit(chain.pool, ping, &function));
	tl_future *outside = tl_submit(chain.pool, from_outside, NULL);
	gate_open(&gate);
	tl_await(outside);
	cr_assert_leq(atomic_load(&chain.at), 1000);
	tl_executor_destroy(chain.pool);
	END_CLEAN();
}

/* Behind it in the ring of its worker are always newer ones. */
static void *older_and_newer(void *unused)
{
	tl_future_release(tl_submit(chain.pool, from_outside, NULL));
	return next_step(unused);
}

Test(order, newer_tasks_do_not_starve_an_older_one_of_the_same_worker)
{
	for (int kind = 0; kind < KINDS; kind++) {
		atomic_store(&chain.steps, 0);
		atomic_store(&chain.at, 0);
		chain.pool = executor_of(kind, 1, NULL);
		tl_await(tl_submit(chain.pool, older_and_newer, NULL));
		assert_soon(atomic_load(&chain.at) > 0);
		cr_assert_leq(atomic_load(&chain.at), 2000);
		tl_executor_destroy(chain.pool);
	}
	END_CLEAN();
}

static void *slow(void *until)
{
	while (!atomic_load((atomic_int *)until))
		;
	return NULL;
}

Test(order, no_task_is_stuck_behind_a_long_one)
{
	/* what a blocked worker had taken or been given, the other one runs */
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	for (long round = scaled(500); round--;) {
		atomic_int until = 0;
		tl_future *futures[20];
		tl_future *longest = NULL;
		for (int i = 0; i < 20; i++) {
			futures[i] = tl_submit(pool, identity, VALUE(i));
			if (i == round % 20)
				longest = tl_submit(pool, slow, &until);
		}
		for (int i = 0; i < 20; i++)
			cr_assert_eq(tl_await(futures[i]), VALUE(i));
		atomic_store(&until, 1);
		tl_await(longest);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct children {
	tl_executor *pool;
	atomic_int until;
	atomic_long ran;
};

static void *submit_and_spin(void *argument)
{
	struct children *children = argument;
	for (int i = 0; i < 400; i++)
		tl_future_release(tl_submit(children->pool, add_one, &children->ran));
	return slow(&children->until);
}

Test(order, other_workers_take_what_a_busy_one_has_submitted)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++) {
		tl_executor *pool = executor_of(kind, 2, NULL);
		for (long round = scaled(200); round--;) {
			struct children children = { .pool = pool };
			tl_future *future = tl_submit(pool, submit_and_spin, &children);
			assert_soon(atomic_load(&children.ran) == 400);
			atomic_store(&children.until, 1);
			tl_await(future);
		}
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}
