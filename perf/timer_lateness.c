/* SPDX-License-Identifier: MIT */
/*
 * timer-lateness [SAMPLES]: how late timers are on an idle pool, beside a bare timerfd and
 * a bare futex with a time-out, each at random times some 1 ms ahead, one at a time,
 * interleaved; and what setting and taking back one of N timers costs. Prints lines
 * "metric value unit".
 */
#include "measure.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <threadlet.h>
#include <unistd.h>

#define TIMERS 100000

static uint64_t seed = 1;

static int64_t next_delay(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return 500000 + (int64_t)(seed >> 33) % 1000000;
}

static struct timespec timespec_of(int64_t time)
{
	return (struct timespec){ time / 1000000000, time % 1000000000 };
}

static void *time_of_run(void *time)
{
	*(int64_t *)time = nanoseconds();
	return NULL;
}

static int64_t by_pool(tl_executor *pool)
{
	int64_t delay = next_delay(), ran = 0, due = nanoseconds() + delay;
	tl_future *future = tl_after(pool, delay, time_of_run, &ran);

	must(future != NULL, "tl_after");
	tl_await(future);
	return ran - due;
}

static int64_t by_timerfd(int descriptor)
{
	int64_t due = nanoseconds() + next_delay();
	struct itimerspec when = { .it_value = timespec_of(due) };
	uint64_t expired;

	must(!timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &when, NULL), "timerfd");
	must(read(descriptor, &expired, sizeof(expired)) == sizeof(expired), "read");
	return nanoseconds() - due;
}

static int64_t by_futex(void)
{
	int64_t due = nanoseconds() + next_delay();
	struct timespec when = timespec_of(due);
	uint32_t word = 0;

	syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, &when, NULL,
	        FUTEX_BITSET_MATCH_ANY);
	return nanoseconds() - due;
}

static void report_lateness(const char *name, int64_t *times, size_t n)
{
	char metric[32];
	int64_t middle = median(times, n);

	snprintf(metric, sizeof(metric), "%s-p50", name);
	report(metric, (double)middle / 1000, "us-late");
	snprintf(metric, sizeof(metric), "%s-p99", name);
	report(metric, (double)times[n - 1 - n / 100] / 1000, "us-late");
	snprintf(metric, sizeof(metric), "%s-max", name);
	report(metric, (double)times[n - 1] / 1000, "us-late");
}

static void lateness(size_t n)
{
	int64_t *pools = allocate(n, sizeof(*pools)), *fds = allocate(n, sizeof(*fds)),
		*futexes = allocate(n, sizeof(*futexes)),
		*crowded = allocate(n, sizeof(*crowded));
	tl_executor *one = tl_fixed_pool_create(1, NULL);
	tl_executor *four = tl_fixed_pool_create(4, NULL);
	int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	tl_future *far = tl_after(four, 1000000000000, time_of_run, NULL);

	must(one && four && far && descriptor >= 0, "a pool and a timerfd");
	for (size_t i = 0; i < n; i++) {
		pools[i] = by_pool(one);
		crowded[i] = by_pool(four);
		fds[i] = by_timerfd(descriptor);
		futexes[i] = by_futex();
	}
	report_lateness("pool[1]", pools, n);
	report_lateness("pool[4]-of-2", crowded, n);
	report_lateness("timerfd", fds, n);
	report_lateness("futex", futexes, n);
	tl_future_cancel(far);
	tl_future_release(far);
	tl_executor_destroy(one);
	tl_executor_destroy(four);
	close(descriptor);
}

static void cost(void)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_future **futures = allocate(TIMERS, sizeof(tl_future *));
	const int64_t hour = INT64_C(3600000000000);
	int64_t start = nanoseconds(), set;

	for (size_t i = 0; i < TIMERS; i++)
		futures[i] =
			tl_after(pool, hour + next_delay() * 1000, time_of_run, NULL);
	set = nanoseconds();
	for (size_t i = 0; i < TIMERS; i++)
		must(!tl_future_cancel(futures[i * 7919 % TIMERS]), "tl_future_cancel");
	report("set", (double)(set - start) / TIMERS, "ns");
	report("take-back", (double)(nanoseconds() - set) / TIMERS, "ns");
	for (size_t i = 0; i < TIMERS; i++)
		tl_future_release(futures[i]);
	tl_executor_destroy(pool);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? parse_count(argv[1]) : 2000;

	must(n >= 100, "at least 100 samples");
	lateness(n);
	cost();
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
