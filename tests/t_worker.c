/* SPDX-License-Identifier: MIT */
/* A worker: one thread, strictly in the order of submission. */
#include "support.h"

/* What ran, in order. Only the worker's thread writes it. */
static struct {
	int n;
	int numbers[20000];
} list;

static void *append(void *number)
{
	list.numbers[list.n++] = (int)(intptr_t)number;
	return NULL;
}

Test(worker, has_one_thread)
{
	tl_executor *worker = tl_worker_create(NULL);
	cr_assert_not_null(worker);
	cr_assert_eq(thread_count(), 2);
	for (int i = 0; i < 1000; i++)
		tl_future_release(tl_submit(worker, identity, NULL));
	cr_assert_eq(thread_count(), 2);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(worker, runs_in_the_order_of_submission)
{
	tl_executor *worker = tl_worker_create(NULL);
	int n = (int)scaled(20000);
	for (int i = 0; i < n; i++)
		tl_future_release(tl_submit(worker, append, VALUE(i)));
	tl_executor_destroy(worker);
	cr_assert_eq(list.n, n);
	for (int i = 0; i < n; i++)
		cr_assert_eq(list.numbers[i], i);
	END_CLEAN();
}

Test(worker, keeps_the_order_of_batches)
{
	tl_executor *worker = tl_worker_create(NULL);
	enum { TASKS = 3000 };
	tl_task *tasks = calloc(TASKS, sizeof *tasks);
	tl_task *batch[TASKS];
	for (int i = 0; i < TASKS; i++) {
		tl_task_init(&tasks[i], append, VALUE(i));
		batch[i] = &tasks[i];
	}
	for (int i = 0, n = 1; i < TASKS; i += n, n = n % 700 + 1) {
		if (n > TASKS - i)
			n = TASKS - i;
		cr_assert_eq(tl_submit_tasks(worker, batch + i, (size_t)n), n);
	}
	tl_executor_destroy(worker);
	cr_assert_eq(list.n, TASKS);
	for (int i = 0; i < TASKS; i++)
		cr_assert_eq(list.numbers[i], i);
	free(tasks);
	END_CLEAN();
}

static void *submit_ten(void *worker)
{
	append(VALUE(0));
	for (int i = 3; i < 13; i++)
		tl_future_release(tl_submit(worker, append, VALUE(i)));
	return NULL;
}

Test(worker, runs_what_its_tasks_submit_behind_what_was_queued)
{
	tl_executor *worker = tl_worker_create(NULL);
	struct gate gate = GATE;
	hold(worker, &gate, 1);
	tl_future *first = tl_submit(worker, submit_ten, worker);
	tl_future_release(tl_submit(worker, append, VALUE(1)));
	tl_future_release(tl_submit(worker, append, VALUE(2)));
	gate_open(&gate);
	tl_await(first);
	tl_await(tl_submit(worker, identity, NULL));
	cr_assert_eq(list.n, 13);
	for (int i = 0; i < 13; i++)
		cr_assert_eq(list.numbers[i], i);
	tl_executor_destroy(worker);
	END_CLEAN();
}

enum { PRODUCERS = 4 };

static struct {
	tl_executor *worker;
	long per_producer;
	long next[PRODUCERS];
	atomic_long wrong, refused;
} crowd;

static void *check_own_order(void *argument)
{
	intptr_t number = (intptr_t)argument;
	if (crowd.next[number % PRODUCERS]++ != number / PRODUCERS)
		atomic_fetch_add(&crowd.wrong, 1);
	return NULL;
}

static void *produce(void *argument)
{
	for (long i = 0; i < crowd.per_producer; i++) {
		tl_future *future = tl_submit(crowd.worker, check_own_order,
		                              VALUE(i * PRODUCERS + (intptr_t)argument));
		if (!future)
			atomic_fetch_add(&crowd.refused, 1);
		tl_future_release(future);
	}
	return NULL;
}

Test(worker, keeps_the_order_of_each_of_several_producers)
{
	pthread_t threads[PRODUCERS];
	crowd.worker = tl_worker_create(NULL);
	crowd.per_producer = scaled(20000);
	for (intptr_t i = 0; i < PRODUCERS; i++)
		pthread_create(&threads[i], NULL, produce, VALUE(i));
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	tl_executor_destroy(crowd.worker);
	cr_assert_eq(atomic_load(&crowd.wrong), 0);
	cr_assert_eq(atomic_load(&crowd.refused), 0);
	for (int i = 0; i < PRODUCERS; i++)
		cr_assert_eq(crowd.next[i], crowd.per_producer);
	END_CLEAN();
}

Test(worker, refuses_after_shutdown)
{
	tl_executor *worker = tl_worker_create(NULL);
	tl_task task;
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_executor_shutdown(worker, TL_DRAIN, TL_FOREVER), 0);
	errno = 0;
	cr_assert_null(tl_submit(worker, identity, NULL));
	cr_assert_eq(errno, ESHUTDOWN);
	cr_assert_eq(tl_submit_task(worker, &task), -ESHUTDOWN);
	cr_assert_eq(tl_submit_tasks(worker, (tl_task *[]){ &task }, 1), -ESHUTDOWN);
	tl_executor_destroy(worker);
	END_CLEAN();
}

struct knot {
	tl_executor *worker;
	int wait, timed, result, all, any;
	void *value;
	int error;
};

static void *wait_for_own_queue(void *argument)
{
	struct knot *knot = argument;
	tl_future *behind = tl_submit(knot->worker, identity, VALUE(9));
	knot->wait = tl_future_wait(behind, TL_FOREVER);
	knot->timed = tl_future_wait(behind, 100 * SECOND);
	knot->result = tl_future_result(behind, NULL, TL_FOREVER);
	knot->all = tl_wait(&behind, 1, TL_ALL, TL_FOREVER);
	errno = 0;
	knot->value = tl_await(tl_future_retain(behind));
	knot->error = errno;
	return behind;
}

Test(worker, refuses_to_wait_for_a_task_queued_behind)
{
	tl_executor *worker = tl_worker_create(NULL);
	struct knot knot = { .worker = worker };
	tl_future *behind = tl_await(tl_submit(worker, wait_for_own_queue, &knot));
	cr_assert_eq(knot.wait, -EDEADLK);
	cr_assert_eq(knot.timed, -EDEADLK);
	cr_assert_eq(knot.result, -EDEADLK);
	cr_assert_eq(knot.all, -EDEADLK);
	cr_assert_null(knot.value);
	cr_assert_eq(knot.error, EDEADLK);
	cr_assert_eq(tl_await(behind), VALUE(9)); /* it runs for all that */
	tl_executor_destroy(worker);
	END_CLEAN();
}

static void *wait_for_any_behind(void *argument)
{
	struct knot *knot = argument;
	tl_future *behind[] = { tl_submit(knot->worker, identity, VALUE(1)),
		                tl_after(knot->worker, 0, identity, VALUE(2)) };
	knot->wait = tl_wait(behind, 2, TL_ANY, TL_FOREVER);
	knot->timed = tl_wait(behind, 2, TL_ANY, SECOND);
	knot->all = tl_wait(behind, 2, TL_FIRST_ERROR, TL_FOREVER);
	tl_future_release(behind[0]);
	tl_future_release(behind[1]);
	return NULL;
}

Test(worker, refuses_to_wait_for_any_of_tasks_that_are_all_queued_behind)
{
	tl_executor *worker = tl_worker_create(NULL);
	struct knot knot = { .worker = worker };
	tl_future *future = tl_submit(worker, wait_for_any_behind, &knot);
	assert_soon(tl_future_done(future));
	tl_future_release(future);
	cr_assert_eq(knot.wait, -EDEADLK);
	cr_assert_eq(knot.timed, -EDEADLK);
	cr_assert_eq(knot.all, -EDEADLK);
	tl_executor_destroy(worker);
	END_CLEAN();
}

/* No task waits then, but the thread does. */
static void wait_in_callback(tl_future *future, void *context)
{
	struct knot *knot = context;
	(void)future;
	tl_future_release(wait_for_own_queue(knot));
}

Test(worker, refuses_to_wait_in_a_callback_for_what_is_queued)
{
	struct gate gate = GATE;
	tl_executor *worker = tl_worker_create(NULL);
	struct knot knot = { .worker = worker };
	tl_callback callback = { .function = wait_in_callback, .context = &knot };
	tl_future *future = tl_submit(worker, gate_pass, &gate);
	cr_assert_eq(tl_future_on_done(future, &callback), 0);
	gate_open(&gate);
	tl_future *last = tl_submit(worker, identity, NULL); /* behind the callback */
	assert_soon(tl_future_done(last));
	cr_assert_eq(knot.wait, -EDEADLK);
	cr_assert_eq(knot.timed, -EDEADLK);
	tl_future_release(future);
	tl_future_release(last);
	tl_executor_destroy(worker);
	END_CLEAN();
}

static void *await_other(void *argument)
{
	return tl_await(tl_submit(argument, identity, VALUE(7)));
}

Test(worker, may_wait_for_other_executors)
{
	tl_executor *worker = tl_worker_create(NULL), *other = tl_worker_create(NULL);
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	cr_assert_eq(tl_await(tl_submit(worker, await_other, other)), VALUE(7));
	cr_assert_eq(tl_await(tl_submit(worker, await_other, pool)), VALUE(7));
	cr_assert_eq(tl_await(tl_submit(pool, await_other, worker)), VALUE(7));
	tl_executor_destroy(worker);
	tl_executor_destroy(other);
	tl_executor_destroy(pool);
	END_CLEAN();
}
