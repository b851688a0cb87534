/* SPDX-License-Identifier: MIT */
/* Promises: futures that their owner ends, once, by a value, an error, or a cancel. */
#include "support.h"

static void *set_forty_two(void *promise)
{
	return VALUE(tl_future_set(promise, VALUE(42)));
}

static void *wait_for_value(void *promise)
{
	void *value = NULL;
	return tl_future_result(promise, &value, TL_FOREVER) ? NULL : value;
}

Test(future, promise_hands_its_value_to_a_waiter)
{
	tl_future promise;
	pthread_t thread;
	void *value = NULL;
	tl_future_init(&promise);
	cr_assert_not(tl_future_done(&promise));
	cr_assert_not(tl_future_running(&promise));
	pthread_create(&thread, NULL, set_forty_two, &promise);
	cr_assert_eq(tl_future_result(&promise, &value, TL_FOREVER), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(value, VALUE(42));
	cr_assert(tl_future_done(&promise));
	cr_assert_not(tl_future_cancelled(&promise));
	END_CLEAN();
}

Test(future, promise_wakes_all_its_waiters)
{
	tl_future promise;
	pthread_t threads[8];
	tl_future_init(&promise);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_create(&threads[i], NULL, wait_for_value, &promise);
	pid_t ids[16];
	int n = other_threads(ids, 16);
	for (int i = 0; i < n; i++)
		assert_soon(thread_state(ids[i]) == 'S');
	tl_future_set(&promise, VALUE(42));
	for (size_t i = 0; i < LENGTH(threads); i++) {
		void *value = NULL;
		pthread_join(threads[i], &value);
		cr_assert_eq(value, VALUE(42));
	}
	END_CLEAN();
}

Test(future, promise_is_completed_once)
{
	tl_future promise;
	void *value = NULL;
	tl_future_init(&promise);
	cr_assert_eq(tl_future_set(&promise, VALUE(1)), 0);
	cr_assert_eq(tl_future_set(&promise, VALUE(2)), -EALREADY);
	cr_assert_eq(tl_future_fail(&promise, -EIO), -EALREADY);
	cr_assert_eq(tl_future_cancel(&promise), -EALREADY);
	cr_assert_eq(tl_future_result(&promise, &value, 0), 0);
	cr_assert_eq(value, VALUE(1));
	END_CLEAN();
}

struct race {
	tl_future promise;
	pthread_barrier_t barrier;
	atomic_int won;
};

static void *complete_in_a_race(void *argument)
{
	struct race *race = argument;
	pthread_barrier_wait(&race->barrier);
	if (!tl_future_set(&race->promise, VALUE(1)))
		atomic_fetch_add(&race->won, 1);
	return NULL;
}

Test(future, one_of_several_completers_wins)
{
	for (long round = scaled(300); round--;) {
		struct race race = { .won = 0 };
		pthread_t threads[4];
		tl_future_init(&race.promise);
		pthread_barrier_init(&race.barrier, NULL, 4);
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, complete_in_a_race, &race);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&race.barrier);
		cr_assert_eq(atomic_load(&race.won), 1);
	}
	END_CLEAN();
}

Test(future, promise_fails_with_an_error)
{
	static const struct {
		int given, expected;
	} cases[] = {
		{ -EIO, -EIO }, { EIO, -EIO }, { 0, -EINVAL }, { -ECANCELED, -ECANCELED }
	};
	for (size_t i = 0; i < LENGTH(cases); i++) {
		tl_future promise;
		void *value = VALUE(7);
		tl_future_init(&promise);
		cr_assert_eq(tl_future_fail(&promise, cases[i].given), 0);
		cr_assert(tl_future_done(&promise));
		cr_assert_eq(tl_future_result(&promise, &value, 0), cases[i].expected);
		cr_assert_eq(tl_future_wait(&promise, 0), 0);
		cr_assert_eq(tl_future_cancelled(&promise),
		             cases[i].expected == -ECANCELED);
		cr_assert_eq(tl_future_set(&promise, NULL), -EALREADY);
	}
	END_CLEAN();
}

Test(future, cancelled_promise_can_not_be_set)
{
	tl_future promise;
	tl_future_init(&promise);
	cr_assert_eq(tl_future_cancel(&promise), 0);
	cr_assert(tl_future_cancelled(&promise));
	cr_assert_eq(tl_future_result(&promise, NULL, 0), -ECANCELED);
	cr_assert_eq(tl_future_set(&promise, NULL), -EALREADY);
	END_CLEAN();
}

Test(future, promise_of_a_task_under_way_can_not_be_set)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct gate gate = GATE;
	tl_task task;
	tl_task_init(&task, gate_pass, &gate);
	cr_assert_eq(tl_submit_task(pool, &task), 0);
	cr_assert_eq(tl_future_set(&task.future, NULL), -EALREADY);
	assert_soon(atomic_load(&gate.inside) == 1);
	cr_assert(tl_future_running(&task.future));
	cr_assert_eq(tl_future_set(&task.future, NULL), -EALREADY);
	cr_assert_eq(tl_future_fail(&task.future, -EIO), -EALREADY);
	gate_open(&gate);
	void *value = NULL;
	cr_assert_eq(tl_future_result(&task.future, &value, TL_FOREVER), 0);
	cr_assert_eq(value, &gate);
	cr_assert_not(tl_future_running(&task.future));
	cr_assert_eq(tl_executor_destroy(pool), 0);
	END_CLEAN();
}

/* ---- Promises with a canceller --------------------------------------------------- */

struct stop {
	tl_future promise;
	tl_canceller canceller;
	int answer;
	atomic_int asked;
	struct gate gate;
};

static int stop_asked(tl_future *future, void *context)
{
	struct stop *stop = context;
	cr_assert_eq(future, &stop->promise);
	cr_assert_not(tl_future_done(future));
	atomic_fetch_add(&stop->asked, 1);
	gate_pass(&stop->gate);
	return stop->answer;
}

static void stop_init(struct stop *stop, int answer)
{
	*stop = (struct stop){ .answer = answer, .gate = GATE };
	stop->canceller = (tl_canceller){ stop_asked, stop };
	tl_future_init_cancellable(&stop->promise, &stop->canceller);
}

Test(future, canceller_that_withdraws_ends_the_promise)
{
	struct stop stop;
	stop_init(&stop, 0);
	gate_open(&stop.gate);
	cr_assert_eq(tl_future_cancel(&stop.promise), 0);
	cr_assert(tl_future_cancelled(&stop.promise));
	cr_assert_eq(tl_future_result(&stop.promise, NULL, TL_FOREVER), -ECANCELED);
	cr_assert_eq(tl_future_set(&stop.promise, NULL), -EALREADY);
	cr_assert_eq(tl_future_cancel(&stop.promise), -EALREADY);
	cr_assert_eq(atomic_load(&stop.asked), 1);
	END_CLEAN();
}

Test(future, canceller_is_asked_once_and_the_completer_decides)
{
	struct stop stop;
	void *value = NULL;
	stop_init(&stop, -EINPROGRESS);
	gate_open(&stop.gate);
	cr_assert_eq(tl_future_cancel(&stop.promise), -EINPROGRESS);
	cr_assert_eq(tl_future_cancel(&stop.promise), -EINPROGRESS);
	cr_assert_eq(atomic_load(&stop.asked), 1);
	cr_assert_eq(tl_future_set(&stop.promise, VALUE(7)), 0);
	cr_assert_eq(tl_future_result(&stop.promise, &value, 0), 0);
	cr_assert_eq(value, VALUE(7));

	stop_init(&stop, -EINPROGRESS);
	gate_open(&stop.gate);
	cr_assert_eq(tl_future_set(&stop.promise, VALUE(8)), 0);
	cr_assert_eq(tl_future_cancel(&stop.promise), -EALREADY);
	cr_assert_eq(atomic_load(&stop.asked), 0);
	END_CLEAN();
}

static void *cancel_it(void *future)
{
	return VALUE(tl_future_cancel(future));
}

static void *set_it(void *future)
{
	return VALUE(tl_future_set(future, VALUE(9)));
}

Test(future, promise_does_not_end_while_its_canceller_is_asked)
{
	struct stop stop;
	stop_init(&stop, -EINPROGRESS);
	tl_future *canceller = tl_spawn(cancel_it, &stop.promise);
	assert_soon(atomic_load(&stop.gate.inside) == 1);
	tl_future *setter = tl_spawn(set_it, &stop.promise);
	cr_assert_eq(tl_future_wait(setter, 20 * MILLISECOND), -ETIMEDOUT);
	cr_assert_not(tl_future_done(&stop.promise));
	gate_open(&stop.gate);
	cr_assert_eq((intptr_t)tl_await(setter), 0);
	cr_assert_eq((intptr_t)tl_await(canceller), -EINPROGRESS);
	cr_assert_eq(tl_future_wait(&stop.promise, TL_FOREVER), 0);
	END_CLEAN();
}
