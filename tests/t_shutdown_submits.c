/* SPDX-License-Identifier: MIT */
/* Eight threads submit while the executor shuts down. */
#include "support.h"

enum { SUBMITTERS = 8, EACH = 50000 };

static struct {
	tl_executor *executor;
	atomic_long accepted, refused, wrong, ran;
	atomic_int at_work;
	tl_task *tasks[SUBMITTERS];
	long counts[SUBMITTERS];
} crowd;

static void *submit_until_refused(void *argument)
{
	intptr_t me = (intptr_t)argument;
	long n = 0;
	while (n < EACH) {
		tl_task *task = &crowd.tasks[me][n];
		tl_task_init(task, add_one, &crowd.ran);
		if (n % 3) {
			int result = tl_submit_task(crowd.executor, task);
			if (result) {
				atomic_fetch_add(&crowd.wrong, result != -ESHUTDOWN);
				break;
			}
			n++;
		} else {
			tl_task_init(task + 1, add_one, &crowd.ran);
			tl_task *both[] = { task, task + 1 };
			int result = tl_submit_tasks(crowd.executor, both, 2);
			if (result > 0)
				n += result;
			if (result != 2) {
				atomic_fetch_add(&crowd.wrong,
				                 result != 1 && result != -ESHUTDOWN);
				break;
			}
		}
		if (n > 300)
			atomic_fetch_or(&crowd.at_work, 1 << me);
	}
	atomic_fetch_add(&crowd.refused, n < EACH);
	atomic_fetch_add(&crowd.accepted, n);
	crowd.counts[me] = n;
	return NULL;
}

static void check_conservation(int kind, enum tl_shutdown_mode how)
{
	pthread_t threads[SUBMITTERS];
	long cancelled = 0, done = 0;
	crowd.executor = executor_of(kind, 2, NULL);
	atomic_store(&crowd.accepted, 0);
	atomic_store(&crowd.ran, 0);
	atomic_store(&crowd.at_work, 0);
	for (intptr_t i = 0; i < SUBMITTERS; i++)
		pthread_create(&threads[i], NULL, submit_until_refused, VALUE(i));
	assert_soon(atomic_load(&crowd.at_work) & 1);
	cr_assert_eq(tl_executor_shutdown(crowd.executor, how, TL_FOREVER), 0);
	for (int i = 0; i < SUBMITTERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SUBMITTERS; i++)
		for (long k = 0; k < crowd.counts[i]; k++) {
			tl_future *future = &crowd.tasks[i][k].future;
			if (tl_future_cancelled(future))
				cancelled++;
			else if (tl_future_done(future))
				done++;
		}
	long accepted = atomic_load(&crowd.accepted);
	cr_assert_eq(atomic_load(&crowd.wrong), 0);
	cr_assert_eq(done + cancelled, accepted);
	cr_assert_eq(atomic_load(&crowd.ran), done);
	cr_assert(how == TL_CANCEL || !cancelled);
	tl_stats stats = stats_of(crowd.executor);
	cr_assert_eq(stats.submitted, (uint64_t)accepted);
	cr_assert_eq(stats.completed, (uint64_t)done);
	cr_assert_eq(stats.cancelled, (uint64_t)cancelled);
	cr_assert_eq(stats.queued, 0);
	tl_executor_destroy(crowd.executor);
	END_CLEAN();
}

Test(shutdown, submit_is_accepted_and_ended_or_refused)
{
	for (int i = 0; i < SUBMITTERS; i++)
		crowd.tasks[i] = calloc(EACH + 2, sizeof(tl_task));
	for (long round = scaled(20) + 1; round--;)
		for (int kind = 0; kind < KINDS; kind++) {
			check_conservation(kind, TL_DRAIN);
			check_conservation(kind, TL_CANCEL);
		}
	for (int i = 0; i < SUBMITTERS; i++)
		free(crowd.tasks[i]);
}
