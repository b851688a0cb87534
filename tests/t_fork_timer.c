/* SPDX-License-Identifier: MIT */
/* A run of tl_every that forks: the child ends on return, whoever had the timers then. */
#include "support.h"

#include <signal.h>
#include <sys/wait.h>

struct forks {
	tl_executor *pool;
	atomic_int stop, left, stuck;
};

static void *sets_timers(void *argument)
{
	struct forks *forks = argument;
	while (!atomic_load(&forks->stop)) {
		tl_future *future = tl_after(forks->pool, SECOND, identity, NULL);
		tl_future_cancel(future);
		tl_future_release(future);
	}
	return NULL;
}

static void *forks_and_returns(void *argument)
{
	struct forks *forks = argument;
	int status = 0;
	if (atomic_load(&forks->left) <= 0)
		return NULL;
	pid_t child = fork();
	if (!child)
		return NULL;
	if (!wait_until(waitpid(child, &status, WNOHANG) == child)) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	atomic_fetch_add(&forks->stuck, status != 0);
	atomic_fetch_sub(&forks->left, status ? INT32_MAX / 2 : 1);
	return NULL;
}

Test(fork_timer, a_child_that_returns_from_a_run_of_tl_every_ends)
{
	struct forks forks = { .pool = tl_fixed_pool_create(1, NULL) };
	pthread_t threads[2];
	atomic_store(&forks.left, (int)scaled(1000));
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, sets_timers, &forks);
	tl_future *every =
		tl_every(forks.pool, 100 * MICROSECOND, forks_and_returns, &forks);
	while (atomic_load(&forks.left) > 0)
		tl_future_wait(every, MILLISECOND);
	atomic_store(&forks.stop, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	tl_future_cancel(every);
	tl_future_release(every);
	cr_assert_eq(atomic_load(&forks.stuck), 0);
	tl_executor_destroy(forks.pool);
	END_CLEAN();
}
