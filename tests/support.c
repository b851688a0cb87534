/* SPDX-License-Identifier: MIT */
/* What the tests share: patience, tasks, gates, executors. And the plain main. */
#define CHECK_MAIN
#include "support_parts.h"

int64_t now(void)
{
	struct timespec t;
	__real_clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static bool under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	return preloaded && strstr(preloaded, "vgpreload");
}

const char *emulator(void)
{
	const char *name = getenv("EMULATOR");
	return name && *name ? name : NULL;
}

bool emulated(void)
{
	return emulator() != NULL;
}

bool instrumented(void)
{
	return WITH_TSAN || WITH_ASAN || under_valgrind() || emulated();
}

long scaled(long n)
{
	bool slowest = under_valgrind() || emulated();
	long divisor = slowest ? 50 : WITH_TSAN ? 10 : WITH_ASAN ? 4 : 1;
	return n < divisor ? n : n / divisor;
}

int64_t patience(void)
{
	return now() + (instrumented() ? 90 : 30) * SECOND;
}

bool look_again(int64_t limit)
{
	clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, 200 * MICROSECOND },
	                NULL);
	return now() < limit;
}

/* ---- Tasks --------------------------------------------------------------------- */

void *identity(void *argument)
{
	return argument;
}

void *add_one(void *counter)
{
	atomic_fetch_add((atomic_long *)counter, 1);
	return NULL;
}

void *fail_with(void *error)
{
	return tl_fail((int)(intptr_t)error);
}

void *gate_pass(void *argument)
{
	struct gate *gate = argument;
	atomic_fetch_add(&gate->inside, 1);
	pthread_mutex_lock(&gate->lock);
	while (!gate->open)
		pthread_cond_wait(&gate->opened, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
	atomic_fetch_add(&gate->passed, 1);
	return gate;
}

void gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = true;
	pthread_cond_broadcast(&gate->opened);
	pthread_mutex_unlock(&gate->lock);
}

/* Those inside must be out first: the shut gate would hold them again. */
void gate_shut(struct gate *gate)
{
	assert_soon(atomic_load(&gate->passed) == atomic_load(&gate->inside));
	assert_soon(atomic_load(&gate->passed) == atomic_load(&gate->inside));
	pthread_mutex_lock(&gate->lock);
	gate->open = false;
	atomic_store(&gate->inside, 0);
	atomic_store(&gate->passed, 0);
	pthread_mutex_unlock(&gate->lock);
}

void *wait_for_itself(void *argument)
{
	struct self *self = argument;
	gate_pass(&self->gate);
	return VALUE(tl_future_wait(self->future, TL_FOREVER));
}

void hold(tl_executor *executor, struct gate *gate, int n)
{
	int before = atomic_load(&gate->inside);
	for (int i = 0; i < n; i++) {
		tl_future *future = tl_submit(executor, gate_pass, gate);
		cr_assert_not_null(future);
		tl_future_release(future);
	}
	assert_soon(atomic_load(&gate->inside) == before + n);
}

tl_executor *executor_of(int kind, unsigned workers, const tl_options *options)
{
	tl_options own = options ? *options : (tl_options){ 0 };
	switch (kind) {
	case WORKER: return tl_worker_create(options);
	case FIXED: return tl_fixed_pool_create(workers, options);
	default: own.max_workers = workers; return tl_adaptive_pool_create(&own);
	}
}

tl_stats stats_of(tl_executor *executor)
{
	tl_stats stats = { 0 };
	cr_assert_eq(tl_executor_stats(executor, &stats, sizeof stats), 0);
	return stats;
}
