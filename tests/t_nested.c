/* SPDX-License-Identifier: MIT */
/* Waiting inside tasks: never a deadlock while the waits form no circle. */
#include "support.h"

struct relay {
	struct gate gate;
	tl_future *future;
	pthread_t thread;
};

static void *wait_for_outside_task(void *argument)
{
	struct relay *relay = argument;
	gate_pass(&relay->gate);
	relay->thread = pthread_self();
	return tl_await(relay->future);
}

Test(nested, waits_for_what_was_queued_from_outside)
{
	/* at the head, in the middle, at the end of all that is queued */
	static const int places[] = { 0, 700, 5999 };
	for (size_t k = 0; k < LENGTH(places); k++)
		for (unsigned workers = 1; workers <= 2; workers++) {
			tl_executor *pool = tl_fixed_pool_create(workers, NULL);
			struct relay relay = { .gate = GATE };
			tl_future *outer = tl_submit(pool, wait_for_outside_task, &relay);
			for (int i = 0; i < 6000; i++) {
				tl_future *future = tl_submit(pool, identity, VALUE(i));
				if (i == places[k])
					relay.future = future;
				else
					tl_future_release(future);
			}
			gate_open(&relay.gate);
			cr_assert_eq(tl_await(outer), VALUE(places[k]));
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

struct guarded {
	tl_executor *pool;
	pthread_mutex_t lock;
	atomic_long inside;
	bool own_first;
};

static void *take_lock(void *argument)
{
	struct guarded *guarded = argument;
	pthread_mutex_lock(&guarded->lock);
	atomic_fetch_add(&guarded->inside, 1);
	pthread_mutex_unlock(&guarded->lock);
	return NULL;
}

static void *wait_with_lock_held(void *argument)
{
	struct guarded *guarded = argument;
	tl_future *wanted = NULL;
	pthread_mutex_lock(&guarded->lock);
	if (guarded->own_first)
		wanted = tl_submit(guarded->pool, identity, VALUE(3));
	for (int i = 0; i < 20; i++)
		tl_future_release(tl_submit(guarded->pool, take_lock, guarded));
	if (!guarded->own_first)
		wanted = tl_submit(guarded->pool, identity, VALUE(3));
	void *value = tl_await(wanted);
	pthread_mutex_unlock(&guarded->lock);
	return value;
}

Test(nested, wait_with_a_lock_held_runs_no_other_task)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (unsigned workers = 1; workers <= 2; workers++)
			for (int own_first = 0; own_first < 2; own_first++) {
				tl_executor *pool = executor_of(kind, workers, NULL);
				struct guarded guarded = {
					.pool = pool,
					.lock = PTHREAD_MUTEX_INITIALIZER,
					.own_first = own_first
				};
				for (int i = 0; i < 20; i++)
					tl_future_release(
						tl_submit(pool, take_lock, &guarded));
				for (int i = 0; i < 20; i++)
					cr_assert_eq(tl_await(tl_submit(
							     pool, wait_with_lock_held,
							     &guarded)),
					             VALUE(3));
				tl_executor_destroy(pool);
				cr_assert_eq(atomic_load(&guarded.inside), 420);
			}
	END_CLEAN();
}

static void *wait_for_promise(void *promise)
{
	void *value = NULL;
	int error = tl_future_result(promise, &value, TL_FOREVER);
	return error ? tl_fail(error) : value;
}

static void *set_promise(void *promise)
{
	return VALUE(tl_future_set(promise, VALUE(8)));
}

Test(nested, spare_worker_stands_in_for_a_waiting_one)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (int outside_first = 0; outside_first < 2; outside_first++) {
			tl_options options = { .spare_workers = 1 };
			tl_executor *pool = executor_of(kind, 1, &options);
			for (int i = 0; i < 50; i++) {
				tl_future promise, *waits, *sets;
				tl_future_init(&promise);
				waits = tl_submit(pool, wait_for_promise, &promise);
				while (outside_first && !tl_future_running(waits))
					;
				sets = tl_submit(pool, set_promise, &promise);
				cr_assert_eq(tl_await(waits), VALUE(8));
				cr_assert_eq(tl_await(sets), VALUE(0));
			}
			assert_soon(thread_count() <= 3);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

static void *wait_in_time(void *promise)
{
	return VALUE(tl_future_wait(promise, 2 * MILLISECOND));
}

Test(nested, timed_wait_inside_a_task_runs_out)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		tl_future promise;
		tl_future_init(&promise);
		cr_assert_eq(tl_await(tl_submit(executor, wait_in_time, &promise)),
		             VALUE(-ETIMEDOUT));
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

Test(nested, task_that_waits_for_itself_is_told)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct self self = { .gate = GATE };
		self.future = tl_submit(executor, wait_for_itself, &self);
		gate_open(&self.gate);
		cr_assert_eq(tl_await(self.future), VALUE(-EDEADLK));
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}
