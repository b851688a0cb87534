/* SPDX-License-Identifier: MIT */
/* Callbacks: once, on the completing thread, and the node comes back. */
#include "support.h"

struct note {
	tl_callback node;
	atomic_int calls;
	pthread_t thread;
	tl_future *future;
};

static void take_note(tl_future *future, void *context)
{
	struct note *note = context;
	note->thread = pthread_self();
	note->future = future;
	atomic_fetch_add(&note->calls, 1);
}

static void note_init(struct note *note)
{
	*note = (struct note){ .node = { .function = take_note, .context = note } };
}

static void *set_null(void *promise)
{
	tl_future_set(promise, NULL);
	return NULL;
}

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

Test(callback, removed_before_does_not_run)
{
	tl_future promise;
	struct note notes[5];
	/* any of the list: first, middle, last, all */
	for (int which = 0; which < 32; which++) {
		tl_future_init(&promise);
		for (int i = 0; i < 5; i++) {
			note_init(&notes[i]);
			tl_future_on_done(&promise, &notes[i].node);
		}
		for (int i = 0; i < 5; i++)
			if (which >> i & 1)
				cr_assert_eq(tl_future_remove(&promise, &notes[i].node),
				             0);
		tl_future_set(&promise, NULL);
		for (int i = 0; i < 5; i++)
			cr_assert_eq(atomic_load(&notes[i].calls), !(which >> i & 1));
	}
	END_CLEAN();
}

Test(callback, removed_node_can_be_registered_again)
{
	tl_future promise;
	struct note note;
	note_init(&note);
	tl_future_init(&promise);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(tl_future_on_done(&promise, &note.node), 0);
		cr_assert_eq(tl_future_remove(&promise, &note.node), 0);
	}
	cr_assert_eq(tl_future_on_done(&promise, &note.node), 0);
	tl_future_set(&promise, NULL);
	cr_assert_eq(atomic_load(&note.calls), 1);
	END_CLEAN();
}

struct slow {
	tl_callback node;
	struct gate gate;
	tl_future promise;
	atomic_int left, result;
	pid_t remover;
	atomic_int removing;
};

static void hang_at_the_gate(tl_future *future, void *context)
{
	struct slow *slow = context;
	(void)future;
	gate_pass(&slow->gate);
	atomic_store(&slow->left, 1);
}

static void *remove_slow(void *argument)
{
	struct slow *slow = argument;
	slow->remover = gettid();
	atomic_store(&slow->removing, 1);
	int result = tl_future_remove(&slow->promise, &slow->node);
	atomic_store(&slow->result, atomic_load(&slow->left) ? result : 1);
	return NULL;
}

Test(callback, remove_waits_for_a_running_callback)
{
	struct slow slow = { .gate = GATE };
	pthread_t setter, remover;
	slow.node = (tl_callback){ .function = hang_at_the_gate, .context = &slow };
	tl_future_init(&slow.promise);
	tl_future_on_done(&slow.promise, &slow.node);
	pthread_create(&setter, NULL, set_null, &slow.promise);
	assert_soon(atomic_load(&slow.gate.inside) == 1);
	pthread_create(&remover, NULL, remove_slow, &slow);
	assert_soon(atomic_load(&slow.removing));
	assert_soon(thread_state(slow.remover) == 'S');
	gate_open(&slow.gate);
	pthread_join(remover, NULL);
	pthread_join(setter, NULL);
	cr_assert_eq(atomic_load(&slow.result), -EALREADY);
	END_CLEAN();
}

static atomic_int self_removals;

static void free_own_node(tl_future *future, void *context)
{
	tl_callback *node = context;
	if (!tl_future_remove(future, node))
		atomic_fetch_add(&self_removals, 1);
	memset(node, 0xa5, sizeof *node);
	free(node);
}

Test(callback, may_free_its_own_node)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	int rounds = (int)scaled(20000);
	for (int i = 0; i < rounds; i++) {
		tl_future *future = tl_submit(pool, identity, NULL);
		for (int k = 0; k < 2; k++) {
			tl_callback *node = malloc(sizeof *node);
			*node = (tl_callback){ .function = free_own_node,
				               .context = node };
			cr_assert_eq(tl_future_on_done(future, node), 0);
		}
		tl_future_release(future);
	}
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&self_removals), 2 * rounds);
	END_CLEAN();
}

struct link {
	tl_future promise;
	tl_callback node;
};

static void set_next(tl_future *future, void *context)
{
	struct link *next = context;
	(void)future;
	tl_future_set(&next->promise, NULL);
}

Test(callback, long_chain_does_not_recurse)
{
	long n = scaled(1000000);
	struct link *links = calloc((size_t)n + 1, sizeof *links);
	cr_assert_not_null(links);
	for (long i = 0; i <= n; i++)
		tl_future_init(&links[i].promise);
	for (long i = 0; i < n; i++) {
		links[i].node =
			(tl_callback){ .function = set_next, .context = &links[i + 1] };
		tl_future_on_done(&links[i].promise, &links[i].node);
	}
	tl_future_set(&links[0].promise, NULL);
	cr_assert(tl_future_done(&links[n].promise));
	free(links);
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

Test(callback, circle_of_callbacks_comes_to_an_end)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct link chain[3];
	for (int i = 0; i < 3; i++) {
		tl_future_init(&chain[i].promise);
		chain[i].node = (tl_callback){ .function = set_next,
			                       .context = &chain[(i + 1) % 3] };
		tl_future_on_done(&chain[i].promise, &chain[i].node);
	}
	tl_await(tl_submit(pool, set_null, &chain[1].promise));
	for (int i = 0; i < 3; i++)
		cr_assert_eq(tl_future_wait(&chain[i].promise, TL_FOREVER), 0);
	tl_executor_destroy(pool);
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
