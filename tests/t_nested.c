/* SPDX-License-Identifier: MIT */
/* Waiting inside tasks: never a deadlock while the waits form no circle. */
#include "support.h"

#define BIG_STACK ((size_t)64 << 20)

struct level {
	tl_executor *pool;
	long left;
};

static void *nest(void *argument)
{
	struct level *level = argument;
	if (!level->left)
		return VALUE(0);
	struct level next = { level->pool, level->left - 1 };
	return VALUE((intptr_t)tl_await(tl_submit(level->pool, nest, &next)) + 1);
}

static void *nest_own(void *argument)
{
	struct level *level = argument;
	void *value = NULL;
	if (!level->left)
		return VALUE(0);
	struct level next = { level->pool, level->left - 1 };
	tl_task task;
	tl_task_init(&task, nest_own, &next);
	if (tl_submit_task(level->pool, &task))
		return tl_fail(-EIO);
	int error = tl_future_result(&task.future, &value, TL_FOREVER);
	return error ? tl_fail(error) : VALUE((intptr_t)value + 1);
}

Test(nested, thousand_deep)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (unsigned workers = 1; workers <= 2; workers++) {
			tl_options options = { .stack_size = BIG_STACK };
			tl_executor *pool = executor_of(kind, workers, &options);
			struct level top = { pool, 1000 };
			cr_assert_not_null(pool);
			for (int i = 0; i < 20; i++) {
				cr_assert_eq(tl_await(tl_submit(pool, nest, &top)),
				             VALUE(1000));
				cr_assert_eq(tl_await(tl_submit(pool, nest_own, &top)),
				             VALUE(1000));
			}
			cr_assert_leq(thread_count(), 1 + (int)workers);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

struct family {
	tl_executor *pool;
	int children;
	bool own;
	long sum;
};

/* More children than a ring takes, waited for from the last to the first. */
static void *raise_children(void *argument)
{
	struct family *family = argument;
	size_t n = (size_t)family->children;
	tl_task *tasks = calloc(n, sizeof *tasks);
	tl_future **futures = calloc(n, sizeof *futures);
	for (size_t i = 0; i < n; i++)
		if (family->own) {
			tl_task_init(&tasks[i], identity, VALUE(i));
			tl_submit_task(family->pool, &tasks[i]);
		} else {
			futures[i] = tl_submit(family->pool, identity, VALUE(i));
		}
	for (size_t i = n; i--;) {
		void *value = NULL;
		if (!family->own)
			value = tl_await(futures[i]);
		else if (tl_future_result(&tasks[i].future, &value, TL_FOREVER))
			value = VALUE(-1000000);
		family->sum += (intptr_t)value;
	}
	free(tasks);
	free(futures);
	return NULL;
}

Test(nested, five_thousand_children_in_reverse)
{
	for (unsigned workers = 1; workers <= 2; workers++)
		for (int own = 0; own < 2; own++) {
			tl_executor *pool = tl_fixed_pool_create(workers, NULL);
			struct family families[2];
			tl_future *futures[2];
			for (int i = 0; i < 2; i++) {
				families[i] = (struct family){ pool, 5000, own, 0 };
				futures[i] =
					tl_submit(pool, raise_children, &families[i]);
			}
			for (int i = 0; i < 2; i++) {
				tl_await(futures[i]);
				cr_assert_eq(families[i].sum, 5000 * 4999 / 2);
			}
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

struct tree {
	tl_executor *pool;
	int depth;
};

static void *grow(void *argument)
{
	struct tree *tree = argument;
	if (!tree->depth)
		return VALUE(1);
	struct tree below = { tree->pool, tree->depth - 1 };
	tl_future *futures[3];
	intptr_t leaves = 0;
	for (int i = 0; i < 3; i++)
		futures[i] = tl_submit(tree->pool, grow, &below);
	if (tree->depth % 2)
		tl_wait(futures, 3, TL_ALL, TL_FOREVER);
	for (int i = 0; i < 3; i++)
		leaves += (intptr_t)tl_await(futures[i]);
	return VALUE(leaves);
}

Test(nested, tree_of_waits_on_any_number_of_workers)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (unsigned workers = 1; workers <= 4; workers++) {
			tl_executor *pool = executor_of(kind, workers, NULL);
			struct tree tree = { pool, 8 };
			for (long i = scaled(5) + 1; i--;)
				cr_assert_eq(tl_await(tl_submit(pool, grow, &tree)),
				             VALUE(6561));
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

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
