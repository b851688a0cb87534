/* SPDX-License-Identifier: MIT */
/* Waiters that help while what they wait for, or their pool, comes to its end. */
#include "helping.h"

Test(helping, what_it_waits_for_may_be_cancelled)
{
	tl_executor *pool = helping_pool(FIXED, 1);
	for (int i = 0; i < 100; i++) {
		tl_future promise;
		void *value;
		tl_future_init(&promise);
		tl_future *first = tl_submit(pool, await_own, &promise);
		if (i % 2)
			assert_soon(tl_future_running(first) && dozes(pool, 1));
		cr_assert_eq(tl_future_cancel(&promise), 0);
		cr_assert_eq(tl_future_result(first, &value, TL_FOREVER), -ECANCELED);
		tl_future_release(first);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}

struct closing {
	tl_executor *pool;
	enum tl_shutdown_mode how;
};

static void *shut_down(void *argument)
{
	struct closing *closing = argument;
	return VALUE(tl_executor_shutdown(closing->pool, closing->how, TL_FOREVER));
}

Test(helping, a_shutdown_waits_for_the_wait)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++)
		for (unsigned workers = 1; workers <= 2; workers++) {
			tl_executor *pool = helping_pool(FIXED, workers);
			struct closing closing = { pool, how };
			tl_future promise;
			pthread_t closer;
			tl_future_init(&promise);
			tl_future *first = tl_submit(pool, await_own, &promise);
			assert_soon(tl_future_running(first) && dozes(pool, workers));
			pthread_create(&closer, NULL, shut_down, &closing);
			assert_soon(tl_submit(pool, identity, NULL) == NULL);
			cr_assert_eq(tl_executor_shutdown(pool, how, MILLISECOND),
			             -ETIMEDOUT);
			cr_assert(!tl_future_done(first));
			tl_future_set(&promise, VALUE(3));
			cr_assert_eq(tl_await(first), VALUE(3));
			void *result;
			pthread_join(closer, &result);
			cr_assert_null(result);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

/* Keeps the worker until it may wait. */
struct held {
	tl_future promise;
	atomic_bool inside, let_go;
};

static void *hold_and_await(void *argument)
{
	struct held *held = argument;
	atomic_store(&held->inside, true);
	while (!atomic_load(&held->let_go))
		;
	return await_own(&held->promise);
}

Test(helping, what_is_queued_in_a_pool_that_is_closed_runs_in_the_wait_or_is_cancelled)
{
	for (int how = TL_DRAIN; how <= TL_CANCEL; how++) {
		tl_executor *pool = helping_pool(FIXED, 1);
		struct held held = { .let_go = false };
		tl_future_init(&held.promise);
		tl_future *first = tl_submit(pool, hold_and_await, &held);
		assert_soon(atomic_load(&held.inside));
		tl_future *queued = tl_submit(pool, set_it, &held.promise);
		cr_assert_eq(tl_executor_shutdown(pool, how, 0), -ETIMEDOUT);
		atomic_store(&held.let_go, true);
		if (how == TL_CANCEL) {
			assert_soon(tl_future_cancelled(queued));
			tl_future_set(&held.promise, VALUE(7));
		} else {
			cr_assert_eq(tl_future_wait(queued, TL_FOREVER), 0);
		}
		cr_assert_eq(tl_await(first), VALUE(7));
		tl_future_release(queued);
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}
