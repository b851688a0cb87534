/* SPDX-License-Identifier: MIT */
/* Cancel, release, callback and removal of one, at every state of a future. */
#include "support.h"

enum state { QUEUED, OVERFLOWING, RUNNING, DONE, FAILED, CANCELLED, STATES };
enum { FILL = 6000 }; /* more than any ring and inbox takes */

/* A future brought into a state, in an executor of one held at a gate. */
struct scene {
	tl_executor *executor;
	struct gate gate, own;
	tl_task *fill, task;
	tl_future *future; /* of `task`, or of tl_submit */
	bool cell;
	atomic_long ran;
};

static void *pass_and_count(void *argument)
{
	struct scene *scene = argument;
	gate_pass(&scene->own);
	return add_one(&scene->ran);
}

static void *fail_and_count(void *argument)
{
	add_one(&((struct scene *)argument)->ran);
	return tl_fail(-EIO);
}

static void scene_begin(struct scene *scene, int kind, bool cell, int state)
{
	*scene = (struct scene){ .gate = GATE, .own = GATE, .cell = cell };
	scene->executor = executor_of(kind, 1, NULL);
	scene->fill = calloc(FILL, sizeof *scene->fill);
	cr_assert(scene->executor && scene->fill);
	if (state != RUNNING)
		hold(scene->executor, &scene->gate, 1);
	for (int i = 0; i < FILL && state == OVERFLOWING; i++) {
		tl_task_init(&scene->fill[i], identity, NULL);
		cr_assert_eq(tl_submit_task(scene->executor, &scene->fill[i]), 0);
	}
	tl_function *function = state == FAILED ? fail_and_count : pass_and_count;
	if (cell) {
		scene->future = tl_submit(scene->executor, function, scene);
		cr_assert_not_null(scene->future);
	} else {
		tl_task_init(&scene->task, function, scene);
		scene->future = &scene->task.future;
		cr_assert_eq(tl_submit_task(scene->executor, &scene->task), 0);
	}
	switch (state) {
	case CANCELLED:
		cr_assert_eq(tl_future_cancel(scene->future), 0);
		/* fall through */
	case DONE:
	case FAILED:
		gate_open(&scene->own);
		gate_open(&scene->gate);
		cr_assert_eq(tl_future_wait(scene->future, TL_FOREVER), 0);
		break;
	case RUNNING:
		assert_soon(atomic_load(&scene->own.inside) == 1);
		cr_assert(tl_future_running(scene->future));
		break;
	default: gate_open(&scene->own);
	}
}

static void scene_go_on(struct scene *scene)
{
	gate_open(&scene->own);
	gate_open(&scene->gate);
}

/* How often the task ran in the end. */
static long scene_end(struct scene *scene)
{
	scene_go_on(scene);
	cr_assert_eq(tl_executor_destroy(scene->executor), 0);
	free(scene->fill);
	END_CLEAN();
	return atomic_load(&scene->ran);
}

#define FOR_EACH_SCENE                                                                   \
	for (int kind = 0; kind < KINDS; kind++)                                         \
		for (int cell = 0; cell < 2; cell++)                                     \
			for (int state = 0; state < STATES; state++)

Test(cancel, at_every_state)
{
	static const int expected[] = { 0,         0,         -EINPROGRESS,
		                        -EALREADY, -EALREADY, -EALREADY };
	static const int result[] = { -ECANCELED, -ECANCELED, 0, 0, -EIO, -ECANCELED };
	FOR_EACH_SCENE
	{
		struct scene scene;
		scene_begin(&scene, kind, cell, state);
		cr_assert_eq(tl_future_cancel(scene.future), expected[state],
		             "kind %d, cell %d, state %d", kind, cell, state);
		scene_go_on(&scene);
		cr_assert_eq(tl_future_result(scene.future, NULL, TL_FOREVER),
		             result[state], "kind %d, cell %d, state %d", kind, cell,
		             state);
		cr_assert_eq(tl_future_cancelled(scene.future),
		             result[state] == -ECANCELED);
		cr_assert_eq(tl_future_cancel(scene.future), -EALREADY);
		if (cell)
			tl_future_release(scene.future);
		cr_assert_eq(scene_end(&scene), result[state] != -ECANCELED,
		             "kind %d, cell %d, state %d", kind, cell, state);
	}
}

Test(cancel, release_at_every_state)
{
	FOR_EACH_SCENE
	{
		struct scene scene;
		if (!cell)
			continue;
		scene_begin(&scene, kind, true, state);
		tl_future_release(scene.future);
		cr_assert_eq(scene_end(&scene), state != CANCELLED, "kind %d, state %d",
		             kind, state);
	}
}

Test(cancel, then_release_at_every_state)
{
	FOR_EACH_SCENE
	{
		struct scene scene;
		if (!cell)
			continue;
		scene_begin(&scene, kind, true, state);
		tl_future_cancel(scene.future);
		tl_future_release(scene.future);
		cr_assert_eq(scene_end(&scene),
		             state == RUNNING || state == DONE || state == FAILED,
		             "kind %d, state %d", kind, state);
	}
}

static void count_call(tl_future *future, void *calls)
{
	(void)future;
	atomic_fetch_add((atomic_int *)calls, 1);
}

Test(cancel, callback_at_every_state)
{
	FOR_EACH_SCENE
	for (int cancel = 0; cancel < 2; cancel++) {
		struct scene scene;
		atomic_int calls = 0;
		tl_callback node = { .function = count_call, .context = &calls };
		scene_begin(&scene, kind, cell, state);
		cr_assert_eq(tl_future_on_done(scene.future, &node), 0);
		cr_assert_eq(atomic_load(&calls), state >= DONE);
		if (cancel)
			tl_future_cancel(scene.future);
		scene_go_on(&scene);
		assert_soon(atomic_load(&calls) == 1);
		cr_assert_eq(tl_future_wait(scene.future, TL_FOREVER), 0);
		cr_assert_eq(tl_future_remove(scene.future, &node), -EALREADY);
		if (cell)
			tl_future_release(scene.future);
		scene_end(&scene);
		cr_assert_eq(atomic_load(&calls), 1);
	}
}

Test(cancel, removal_at_every_state)
{
	FOR_EACH_SCENE
	{
		struct scene scene;
		atomic_int calls = 0;
		tl_callback node = { .function = count_call, .context = &calls };
		scene_begin(&scene, kind, cell, state);
		cr_assert_eq(tl_future_on_done(scene.future, &node), 0);
		cr_assert_eq(tl_future_remove(scene.future, &node),
		             state >= DONE ? -EALREADY : 0);
		memset(&node, 0xa5, sizeof node);
		if (cell)
			tl_future_release(scene.future);
		scene_end(&scene);
		cr_assert_eq(atomic_load(&calls), state >= DONE);
	}
}

Test(cancel, new_task_takes_callbacks_and_cancel)
{
	tl_task task;
	atomic_int calls = 0;
	tl_callback node = { .function = count_call, .context = &calls };
	tl_callback other = { .function = count_call, .context = &calls };
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_future_on_done(&task.future, &node), 0);
	cr_assert_eq(tl_future_on_done(&task.future, &other), 0);
	cr_assert_eq(tl_future_remove(&task.future, &other), 0);
	cr_assert_eq(tl_future_cancel(&task.future), 0);
	cr_assert_eq(atomic_load(&calls), 1);
	END_CLEAN();
}

static void *wait_to_be_asked(void *gate)
{
	gate_pass(gate);
	return VALUE(tl_cancel_requested());
}

Test(cancel, request_reaches_the_running_task_alone)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 1, NULL);
		struct gate gate = GATE;
		cr_assert_not(tl_cancel_requested());
		tl_future *asked = tl_submit(executor, wait_to_be_asked, &gate);
		tl_future *next = tl_submit(executor, wait_to_be_asked, &gate);
		assert_soon(atomic_load(&gate.inside) == 1);
		cr_assert_eq(tl_future_cancel(asked), -EINPROGRESS);
		cr_assert_eq(tl_future_cancel(asked), -EINPROGRESS);
		gate_open(&gate);
		cr_assert_eq(tl_await(asked), VALUE(true)); /* it ends as it returns */
		cr_assert_eq(tl_await(next), VALUE(false));
		cr_assert_not(tl_cancel_requested());
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}

static struct {
	tl_executor *executor;
	tl_task tasks[1000];
	atomic_long ran[1000];
	atomic_int cancelled[1000];
	pthread_barrier_t barrier;
} race;

static void *cancel_in_a_race(void *argument)
{
	pthread_barrier_wait(&race.barrier);
	for (int i = 0; i < 1000; i++) {
		int at = (i * 7 + (int)(intptr_t)argument * 250) % 1000;
		if (tl_future_cancel(&race.tasks[at].future) == 0)
			atomic_store(&race.cancelled[at], 1);
	}
	return NULL;
}

Test(cancel, task_runs_or_is_cancelled_never_both)
{
	for (int kind = 0; kind < KINDS; kind++) {
		race.executor = executor_of(kind, 2, NULL);
		for (long round = scaled(40); round--;) {
			pthread_t threads[4];
			pthread_barrier_init(&race.barrier, NULL, 5);
			for (int i = 0; i < 1000; i++) {
				atomic_store(&race.ran[i], 0);
				atomic_store(&race.cancelled[i], 0);
				tl_task_init(&race.tasks[i], add_one, &race.ran[i]);
			}
			for (intptr_t i = 0; i < 4; i++)
				pthread_create(&threads[i], NULL, cancel_in_a_race,
				               VALUE(i));
			pthread_barrier_wait(&race.barrier);
			for (int i = 0; i < 1000; i++)
				tl_submit_task(race.executor, &race.tasks[i]);
			for (int i = 0; i < 4; i++)
				pthread_join(threads[i], NULL);
			for (int i = 0; i < 1000; i++) {
				tl_future *future = &race.tasks[i].future;
				int cancelled = atomic_load(&race.cancelled[i]);
				cr_assert_eq(tl_future_result(future, NULL, TL_FOREVER),
				             cancelled ? -ECANCELED : 0);
				cr_assert_eq(atomic_load(&race.ran[i]), !cancelled);
			}
			pthread_barrier_destroy(&race.barrier);
		}
		tl_stats stats = stats_of(race.executor);
		cr_assert_eq(stats.submitted, stats.completed + stats.cancelled);
		tl_executor_destroy(race.executor);
	}
	END_CLEAN();
}
