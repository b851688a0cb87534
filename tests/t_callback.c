/* SPDX-License-Identifier: MIT */
/* Callbacks: once, on the completing thread, and the node comes back. */
#include "note.h"

Test(callback, runs_once_on_the_completing_thread)
{
	tl_future promise;
	struct note notes[5];
	pthread_t thread;
	tl_future_init(&promise);
	for (int i = 0; i < 5; i++) {
		note_init(&notes[i]);
		cr_assert_eq(tl_future_on_done(&promise, &notes[i].node), 0);
		cr_assert_eq(atomic_load(&notes[i].calls), 0);
	}
	pthread_create(&thread, NULL, set_null, &promise);
	pthread_join(thread, NULL);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(atomic_load(&notes[i].calls), 1);
		cr_assert(pthread_equal(notes[i].thread, thread));
		cr_assert_eq(notes[i].future, &promise);
		cr_assert_eq(tl_future_remove(&promise, &notes[i].node), -EALREADY);
	}
	END_CLEAN();
}

Test(callback, runs_on_the_worker_that_ran_the_task)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		struct gate gate = GATE;
		struct note note;
		note_init(&note);
		tl_future *future = tl_submit(executor, gate_pass, &gate);
		cr_assert_eq(tl_future_on_done(future, &note.node), 0);
		gate_open(&gate);
		assert_soon(atomic_load(&note.calls) == 1);
		cr_assert_not(pthread_equal(note.thread, pthread_self()));
		cr_assert_eq(tl_future_remove(future, &note.node), -EALREADY);
		tl_future_release(future);
		tl_executor_destroy(executor);
		cr_assert_eq(atomic_load(&note.calls), 1);
	}
	END_CLEAN();
}

Test(callback, runs_at_once_if_it_had_ended)
{
	tl_future promise;
	for (int how = 0; how < 3; how++) {
		struct note note;
		note_init(&note);
		tl_future_init(&promise);
		if (how == 0)
			tl_future_set(&promise, VALUE(3));
		else if (how == 1)
			tl_future_fail(&promise, -EIO);
		else
			tl_future_cancel(&promise);
		cr_assert_eq(tl_future_on_done(&promise, &note.node), 0);
		cr_assert_eq(atomic_load(&note.calls), 1);
		cr_assert(pthread_equal(note.thread, pthread_self()));
		cr_assert_eq(tl_future_remove(&promise, &note.node), -EALREADY);
	}
	END_CLEAN();
}

Test(callback, failure_and_cancel_run_it_too)
{
	tl_future failed, cancelled;
	struct note notes[2];
	note_init(&notes[0]);
	note_init(&notes[1]);
	tl_future_init(&failed);
	tl_future_init(&cancelled);
	tl_future_on_done(&failed, &notes[0].node);
	tl_future_on_done(&cancelled, &notes[1].node);
	cr_assert_eq(tl_future_fail(&failed, -EIO), 0);
	cr_assert_eq(tl_future_cancel(&cancelled), 0);
	cr_assert_eq(atomic_load(&notes[0].calls), 1);
	cr_assert_eq(atomic_load(&notes[1].calls), 1);
	END_CLEAN();
}

enum { RACERS = 8, RACE_NODES = 16 };

static struct {
	tl_future promise;
	struct note notes[RACERS][RACE_NODES];
	pthread_barrier_t barrier;
	atomic_int removed[RACERS];
} race;

static void *register_in_a_race(void *argument)
{
	intptr_t me = (intptr_t)argument;
	for (long round = scaled(1000); round--;) {
		pthread_barrier_wait(&race.barrier); /* set up */
		for (int i = 0; i < RACE_NODES; i++)
			tl_future_on_done(&race.promise, &race.notes[me][i].node);
		if (!tl_future_remove(&race.promise, &race.notes[me][0].node))
			atomic_store(&race.removed[me], 1);
		pthread_barrier_wait(&race.barrier); /* to be checked */
	}
	return NULL;
}

Test(callback, registered_in_a_race_with_completion_runs_exactly_once)
{
	pthread_t threads[RACERS];
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	int wrong = 0;
	pthread_barrier_init(&race.barrier, NULL, RACERS + 1);
	for (intptr_t i = 0; i < RACERS; i++)
		pthread_create(&threads[i], NULL, register_in_a_race, VALUE(i));
	for (long round = scaled(1000); round--;) {
		tl_future_init(&race.promise);
		for (int i = 0; i < RACERS; i++) {
			atomic_store(&race.removed[i], 0);
			for (int k = 0; k < RACE_NODES; k++)
				note_init(&race.notes[i][k]);
		}
		pthread_barrier_wait(&race.barrier);
		tl_await(tl_submit(pool, set_null, &race.promise));
		pthread_barrier_wait(&race.barrier);
		for (int i = 0; i < RACERS; i++)
			for (int k = 0; k < RACE_NODES; k++) {
				int expected = k || !atomic_load(&race.removed[i]);
				wrong += atomic_load(&race.notes[i][k].calls) != expected;
			}
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&race.barrier);
	tl_executor_destroy(pool);
	cr_assert_eq(wrong, 0);
	END_CLEAN();
}

Test(callback, bad_arguments_are_refused)
{
	tl_future promise;
	tl_callback empty = { 0 };
	struct note note;
	note_init(&note);
	tl_future_init(&promise);
	cr_assert_eq(tl_future_on_done(NULL, &note.node), -EINVAL);
	cr_assert_eq(tl_future_on_done(&promise, NULL), -EINVAL);
	cr_assert_eq(tl_future_on_done(&promise, &empty), -EINVAL);
	tl_future_set(&promise, NULL);
	cr_assert_eq(atomic_load(&note.calls), 0);
	END_CLEAN();
}
