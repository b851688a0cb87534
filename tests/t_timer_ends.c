/* SPDX-License-Identifier: MIT */
/* Timers beside a shutdown, and in a forked child. */
#include "times.h"

Test(timer, a_shutdown_in_either_mode_cancels_what_is_not_due)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
			tl_executor *executor = executor_of(kind, 2, NULL);
			tl_future *futures[20];
			for (int i = 0; i < 20; i++)
				futures[i] =
					i % 2 ? tl_after(executor, NEVER + i, identity,
				                         NULL)
					      : tl_every(executor, NEVER, identity, NULL);
			enum tl_shutdown_mode mode = (enum tl_shutdown_mode)how;
			cr_assert_eq(tl_executor_shutdown(executor, mode, TL_FOREVER), 0);
			for (int i = 0; i < 20; i++) {
				cr_assert_eq(tl_future_result(futures[i], NULL, 0),
				             -ECANCELED);
				if (i % 3)
					tl_future_release(futures[i]);
			}
			tl_executor_destroy(executor);
			for (int i = 0; i < 20; i += 3)
				tl_future_release(futures[i]); /* outlives the pool */
		}
	END_CLEAN();
}

struct adder {
	tl_executor *executor;
	atomic_long ran, cancelled, accepted;
	atomic_bool stop;
};

static void *add_and_cancel(void *argument)
{
	struct adder *adder = argument;
	unsigned random = (unsigned)(uintptr_t)&random;
	while (!atomic_load(&adder->stop)) {
		random = random * 1103515245 + 12345;
		int64_t delay = random / 65536 % 64 * 10 * MICROSECOND;
		tl_future *future =
			tl_after(adder->executor, delay, add_one, &adder->ran);
		if (!future)
			break; /* shut down */
		atomic_fetch_add(&adder->accepted, 1);
		if (random >> 20 & 1)
			tl_future_cancel(future);
		tl_future_wait(future, TL_FOREVER);
		if (tl_future_cancelled(future))
			atomic_fetch_add(&adder->cancelled, 1);
		tl_future_release(future);
	}
	return NULL;
}

Test(timer, many_threads_set_and_cancel_them_beside_a_shutdown)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (int round = 0; round < 5; round++) {
			tl_options options = { .idle_timeout = 100 * MICROSECOND };
			struct adder adder = { .executor =
				                       executor_of(kind, 2, &options) };
			pthread_t threads[4];
			for (int i = 0; i < 4; i++)
				cr_assert_eq(pthread_create(&threads[i], NULL,
				                            add_and_cancel, &adder),
				             0);
			assert_soon(atomic_load(&adder.accepted) > scaled(500));
			if (round % 2)
				atomic_store(&adder.stop, true);
			else
				tl_executor_shutdown(adder.executor, TL_DRAIN,
				                     TL_FOREVER);
			for (int i = 0; i < 4; i++)
				pthread_join(threads[i], NULL);
			cr_assert_eq(stats_of(adder.executor).timers, 0);
			tl_executor_destroy(adder.executor);
			cr_assert_eq(atomic_load(&adder.accepted),
			             atomic_load(&adder.ran) +
			                     atomic_load(&adder.cancelled));
		}
	END_CLEAN();
}

struct parents {
	tl_executor *pool;
	tl_future *timer;
};

static int use_parents_timer(void *argument)
{
	struct parents *parents = argument;
	bool fine = tl_future_cancel(parents->timer) == -EOWNERDEAD &&
	            tl_future_wait(parents->timer, TL_FOREVER) == -EOWNERDEAD &&
	            !tl_after(parents->pool, 1, identity, NULL) && errno == EOWNERDEAD &&
	            !tl_submit_within(parents->pool, 1, identity, NULL) &&
	            errno == EOWNERDEAD;
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	fine = fine && tl_await(tl_after(pool, 1, identity, VALUE(4))) == VALUE(4);
	return fine && !tl_executor_destroy(pool) ? 0 : 1;
}

Test(timer, in_a_forked_child_the_parents_have_no_owner)
{
	if (WITH_TSAN)
		return; /* threads after a fork */
	struct parents parents = { .pool = tl_fixed_pool_create(1, NULL) };
	parents.timer = tl_after(parents.pool, NEVER, identity, NULL);
	/* Its thread may be in malloc until then, of which AddressSanitizer's stays locked. */
	assert_soon(stats_of(parents.pool).parks > 0);
	cr_assert_eq(in_child(use_parents_timer, &parents), 0);
	cr_assert_eq(tl_future_cancel(parents.timer), 0);
	tl_future_release(parents.timer);
	tl_executor_destroy(parents.pool);
	END_CLEAN();
}
