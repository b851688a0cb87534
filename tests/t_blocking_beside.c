/* SPDX-License-Identifier: MIT */
/* Blocking sections beside serial queues, in forked children, and without a thread. */
#include "section.h"

struct order {
	long next;
	atomic_long inside;
	bool right;
};

static void *in_turn(void *argument)
{
	struct order *order = argument;
	tl_blocking_begin();
	order->right = order->right && atomic_fetch_add(&order->inside, 1) == 0;
	order->next++;
	atomic_fetch_sub(&order->inside, 1);
	tl_blocking_end();
	return VALUE(order->next);
}

Test(blocking, serial_queue_keeps_its_order)
{
	enum { TASKS = 300 };
	static tl_future *futures[TASKS];
	struct order order = { .right = true };
	tl_executor *pool = tl_fixed_pool_create(2, &(tl_options){ .spare_workers = 2 });
	tl_executor *queue = tl_serial_create(pool, 1);
	for (int i = 0; i < TASKS; i++)
		futures[i] = tl_submit(queue, in_turn, &order);
	for (int i = 0; i < TASKS; i++)
		cr_assert_eq(tl_await(futures[i]), VALUE(i + 1));
	cr_assert(order.right);
	tl_executor_destroy(queue);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static int child_of_a_section(void *unused)
{
	(void)unused;
	tl_blocking_end();
	if (tl_blocking_begin()) /* the pool is the parent's */
		return 2;
	tl_blocking_end();
	tl_executor *pool = tl_fixed_pool_create(1, &one_spare);
	bool right = tl_await(tl_submit(pool, identity, VALUE(1))) == VALUE(1);
	return tl_executor_destroy(pool) || !right;
}

static void *forks_within(void *pool)
{
	tl_blocking_begin();
	int status = in_child(child_of_a_section, NULL);
	long blocked = (long)stats_of(pool).blocked;
	tl_blocking_end();
	return VALUE(status == 0 && blocked == 1);
}

Test(blocking, child_forked_within_a_section_has_left_it)
{
	if (WITH_TSAN || emulated())
		return; /* no threads in such a child */
	tl_executor *pool = executor_of(FIXED, 1, &one_spare);
	cr_assert_eq(tl_await(tl_submit(pool, forks_within, pool)), VALUE(true));
	cr_assert_eq(stats_of(pool).blocked, 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(blocking, section_goes_on_when_no_thread_can_be_started)
{
	struct section section = SECTION;
	tl_executor *pool = executor_of(FIXED, 1, &one_spare);
	fail_threads(true);
	tl_future *first = enter(pool, &section);
	tl_future *second = tl_submit(pool, identity, VALUE(2));
	gate_open(&section.gate);
	cr_assert_eq(tl_await(first), VALUE(true));
	cr_assert_eq(tl_await(second), VALUE(2));
	fail_threads(false);
	tl_executor_destroy(pool);
	END_CLEAN();
}
