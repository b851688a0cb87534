/* SPDX-License-Identifier: MIT */
/* Those who take from completion queues: several threads, tasks inside a pool. */
#include "completion_queue.h"

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
