/* SPDX-License-Identifier: MIT */
/* Waiting for the tasks of serial queues inside those of the pool and of other queues. */
#include "serial_queues.h"

/* In the pool: submits to the queue and waits for the last. */
static void *wait_for_queue(void *argument)
{
	struct pair *pair = argument;
	for (int i = 0; i < 100; i++)
		tl_future_release(tl_submit(pair->serial, add_one, &pair->ran));
	tl_future *last = tl_submit(pair->serial, identity, NULL);
	tl_future *list[] = { tl_submit(pair->serial, add_one, &pair->ran), last };
	bool well = tl_wait(list, 2, TL_ANY, TL_FOREVER) >= 0;
	well = well && tl_wait(list, 2, TL_ALL, TL_FOREVER) == 0;
	tl_await(list[0]);
	tl_await(list[1]);
	return VALUE(well);
}

Test(serial, a_task_of_a_pool_of_one_may_wait_for_the_queue)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (unsigned width = 1; width < 3; width++) {
			struct pair pair = { .pool = executor_of(kind, 1, NULL) };
			pair.serial = serial_on(pair.pool, width);
			for (int i = 0; i < 10; i++)
				cr_assert_eq(tl_await(tl_submit(pair.pool, wait_for_queue,
				                                &pair)),
				             VALUE(1));
			tl_executor_destroy(pair.serial);
			cr_assert_eq(atomic_load(&pair.ran), 1010);
			tl_executor_destroy(pair.pool);
		}
	END_CLEAN();
}

struct chain {
	tl_executor *queues[50];
	int at;
};

/* Each in its own queue waits for one in the next. */
static void *wait_for_next(void *argument)
{
	struct chain *chain = argument;
	int at = chain->at++;
	if (at == (int)LENGTH(chain->queues))
		return VALUE(at);
	return tl_await(tl_submit(chain->queues[at], wait_for_next, chain));
}

Test(serial, queues_may_wait_for_each_other_on_one_worker)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct chain chain = { .at = 0 };
	for (size_t i = 0; i < LENGTH(chain.queues); i++)
		chain.queues[i] = serial_on(pool, 1);
	cr_assert_eq(tl_await(tl_submit(pool, wait_for_next, &chain)),
	             VALUE(LENGTH(chain.queues)));
	for (size_t i = 0; i < LENGTH(chain.queues); i++)
		tl_executor_destroy(chain.queues[i]);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static void *wait_behind(void *argument)
{
	struct pair *pair = argument;
	tl_future *behind = tl_submit(pair->serial, add_one, &pair->ran);
	int result = tl_future_wait(behind, TL_FOREVER);
	tl_future_release(behind);
	return VALUE(result);
}

/* The same through a task of the pool that is run inside. */
static void *wait_behind_inside(void *argument)
{
	struct pair *pair = argument;
	return tl_await(tl_submit(pair->pool, wait_behind, pair));
}

Test(serial, waiting_for_what_is_queued_behind_is_a_deadlock)
{
	for (unsigned width = 1; width < 3; width++) {
		struct pair pair = { .pool = tl_fixed_pool_create(1, NULL) };
		pair.serial = serial_on(pair.pool, width);
		void *told = VALUE(width == 1 ? -EDEADLK : 0);
		cr_assert_eq(tl_await(tl_submit(pair.serial, wait_behind, &pair)), told);
		cr_assert_eq(tl_await(tl_submit(pair.serial, wait_behind_inside, &pair)),
		             told);
		tl_executor_destroy(pair.serial);
		cr_assert_eq(atomic_load(&pair.ran), 2);
		tl_executor_destroy(pair.pool);
	}
	END_CLEAN();
}

static void *hold_then_wait(void *argument)
{
	struct pair *pair = argument;
	return tl_await(tl_submit(pair->serial, add_one, &pair->ran));
}

Test(serial, all_workers_may_wait_for_the_same_queue)
{
	struct pair pair = { .pool = tl_fixed_pool_create(3, NULL) };
	tl_future *futures[100];
	pair.serial = serial_on(pair.pool, 1);
	for (size_t i = 0; i < LENGTH(futures); i++)
		futures[i] = tl_submit(pair.pool, hold_then_wait, &pair);
	for (size_t i = 0; i < LENGTH(futures); i++)
		tl_await(futures[i]);
	cr_assert_eq(atomic_load(&pair.ran), LENGTH(futures));
	tl_executor_destroy(pair.serial);
	tl_executor_destroy(pair.pool);
	END_CLEAN();
}
