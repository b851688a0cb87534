/* SPDX-License-Identifier: MIT */
/* What the threads are called, as ps and perf show it. */
#include "support.h"

#include <regex.h>
#include <stdio.h>
#include <sys/prctl.h>

static bool matches(const char *text, const char *pattern)
{
	regex_t expression;
	cr_assert_eq(regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool match = !regexec(&expression, text, 0, NULL, 0);
	regfree(&expression);
	return match;
}

/* Does some thread but this one show this name, as a pattern? */
static bool thread_shows(const char *pattern)
{
	pid_t threads[64];
	int n = other_threads(threads, 64);
	for (int i = 0; i < n; i++) {
		char name[32];
		if (thread_name(threads[i], name) && matches(name, pattern))
			return true;
	}
	return false;
}

Test(names, without_a_name_pools_are_numbered)
{
	tl_executor *fixed = tl_fixed_pool_create(2, NULL);
	assert_soon(thread_shows("^pool-[0-9]+/0$"));
	assert_soon(thread_shows("^pool-[0-9]+/1$"));
	tl_executor_destroy(fixed);
	END_CLEAN();
	tl_executor *adaptive = tl_adaptive_pool_create(NULL);
	assert_soon(thread_shows("^pool-[0-9]+/0$"));
	tl_executor_destroy(adaptive);
	END_CLEAN();
	tl_executor *worker = tl_worker_create(NULL);
	assert_soon(thread_shows("^worker-[0-9]+/0$"));
	tl_executor_destroy(worker);
	END_CLEAN();
}

static void *own_name(void *name)
{
	prctl(PR_GET_NAME, name, 0, 0, 0);
	return NULL;
}

Test(names, of_two_pools_differ)
{
	tl_executor *a = tl_fixed_pool_create(1, NULL);
	tl_executor *b = tl_fixed_pool_create(1, NULL);
	char first[32] = "", second[32] = "";
	tl_await(tl_submit(a, own_name, first));
	tl_await(tl_submit(b, own_name, second));
	cr_assert(matches(first, "^pool-[0-9]+/0$"), "%s", first);
	cr_assert(matches(second, "^pool-[0-9]+/0$"), "%s", second);
	cr_assert(strcmp(first, second));
	tl_executor_destroy(a);
	tl_executor_destroy(b);
	END_CLEAN();
}

Test(names, are_kept_and_numbered)
{
	for (int kind = 0; kind < KINDS; kind++) {
		char given[] = "disk";
		tl_options options = { .name = given, .min_workers = 2 };
		tl_executor *executor = executor_of(kind, 2, &options);
		memset(given, 'x', 4); /* it is copied */
		assert_soon(thread_shows("^disk/0$"));
		if (kind != WORKER)
			assert_soon(thread_shows("^disk/1$"));
		tl_executor_destroy(executor);
		END_CLEAN();
	}
}

Test(names, that_are_long_are_cut_and_the_number_kept)
{
	tl_options options = { .name = "a-very-long-name-of-a-pool" };
	tl_executor *pool = tl_fixed_pool_create(12, &options);
	assert_soon(thread_shows("^a-very-long-n/0$"));
	assert_soon(thread_shows("^a-very-long-n/9$"));
	assert_soon(thread_shows("^a-very-long-/10$"));
	assert_soon(thread_shows("^a-very-long-/11$"));
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(names, of_fifteen_characters_with_the_number_are_whole)
{
	tl_options options = { .name = "thirteen-long" };
	tl_executor *pool = tl_fixed_pool_create(1, &options);
	assert_soon(thread_shows("^thirteen-long/0$"));
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(names, are_there_before_the_first_task)
{
	tl_options options = { .name = "early", .max_workers = 4 };
	for (int round = 0; round < 50; round++) {
		tl_executor *pool = tl_adaptive_pool_create(&options);
		char names[4][32];
		tl_future *futures[4];
		for (int i = 0; i < 4; i++)
			futures[i] = tl_submit(pool, own_name, names[i]);
		for (int i = 0; i < 4; i++) {
			tl_await(futures[i]);
			cr_assert(matches(names[i], "^early/[0-3]$"), "%s", names[i]);
		}
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}

Test(names, of_workers_at_once_differ_after_many_came_and_went)
{
	tl_options options = { .name = "churn",
		               .max_workers = 3,
		               .idle_timeout = MICROSECOND };
	tl_executor *pool = tl_adaptive_pool_create(&options);
	struct gate gate = GATE;
	for (int round = 0; round < 20; round++) {
		gate_shut(&gate);
		hold(pool, &gate, 3);
		assert_soon(thread_shows("^churn/0$") && thread_shows("^churn/1$") &&
		            thread_shows("^churn/2$"));
		gate_open(&gate);
		assert_soon(stats_of(pool).workers == 1);
	}
	tl_executor_destroy(pool);
	END_CLEAN();
}
