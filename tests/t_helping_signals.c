/* SPDX-License-Identifier: MIT */
/* Signal handlers may end what a waiter that helps waits for. */
#include "helping.h"

#include <sched.h>
#include <signal.h>

/* So far apart that they share what locks there are. */
struct apart {
	_Alignas(4096) tl_future future;
};

enum { ENDS = 4000 };
static struct apart ended_by_signal[ENDS], ended;
static atomic_int signals_taken;

static void on_signal(int number)
{
	int n = atomic_fetch_add(&signals_taken, 1);
	(void)number;
	if (n < ENDS)
		tl_future_set(&ended_by_signal[n].future, NULL);
}

static void *send_signals(void *target)
{
	while (atomic_load(&signals_taken) < ENDS)
		pthread_kill(*(pthread_t *)target, SIGUSR1);
	return NULL;
}

static void *await_each(void *unused)
{
	(void)unused;
	for (int i = 0; i < ENDS; i++)
		tl_future_wait(&ended_by_signal[i].future, TL_FOREVER);
	return NULL;
}

Test(helping, handlers_may_end_what_is_waited_for)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	pthread_t sender, target = pthread_self();
	tl_executor *pool = helping_pool(FIXED, 2);
	cr_assert_eq(sigaction(SIGUSR1, &action, &before), 0);
	for (int i = 0; i < ENDS; i++)
		tl_future_init(&ended_by_signal[i].future);
	tl_future *all = tl_submit(pool, await_each, NULL);
	pthread_create(&sender, NULL, send_signals, &target);
	while (!tl_future_done(all)) { /* the same locks, outside of handlers */
		tl_future_init(&ended.future);
		tl_future *first = tl_submit(pool, await_own, &ended.future);
		while (!tl_future_running(first) && !tl_future_done(first))
			sched_yield();
		tl_future_set(&ended.future, NULL);
		tl_await(first);
	}
	pthread_join(sender, NULL);
	tl_await(all);
	sigaction(SIGUSR1, &before, NULL);
	tl_executor_destroy(pool);
	END_CLEAN();
}
