/* SPDX-License-Identifier: MIT */
/* As consumer.c, from C++: linkage, and a lambda where C has a function. */
#include <threadlet.h>
#include <threadlet/fork.h>

#include <cstdio>

TL_FORKABLE(int, power, int, exponent)
{
	TL_BRANCH(power) half;

	if (exponent == 0)
		return 1;
	TL_FORK(power, &half, exponent - 1);
	return TL_CALL(power, exponent - 1) + TL_JOIN(power, &half);
}

int main()
{
	int number = 21;
	tl_future *future = tl_go(
		[](void *argument) -> void * {
			*static_cast<int *>(argument) *= 2;
			return argument;
		},
		&number);

	if (tl_await(future) != &number || number != 42) {
		std::fprintf(stderr, "consumer.cc: %d rather than 42\n", number);
		return 1;
	}
	tl_executor *pool = tl_fixed_pool_create(1, nullptr);
	tl_completions *queue = tl_completions_create();
	tl_group group;
	tl_completion done;
	tl_group_init(&group, pool, nullptr);
	tl_future *same = tl_group_submit(
		&group, [](void *x) { return x; }, &number);
	if (tl_completions_add(queue, same, &group) != 0 ||
	    tl_group_wait(&group, TL_FOREVER) != 0 ||
	    tl_completions_take(queue, &done, 1, TL_FOREVER) != 1 || done.tag != &group ||
	    tl_await(done.future) != &number) {
		std::fprintf(stderr, "consumer.cc: group and queue failed\n");
		return 1;
	}
	tl_completions_destroy(queue);
	tl_executor_destroy(pool);
	tl_future *raised = tl_go(
		[](void *) -> void * {
			static int result = TL_RUN(power, 10);
			return &result;
		},
		nullptr);
	if (*static_cast<int *>(tl_await(raised)) != 1024) {
		std::fprintf(stderr, "consumer.cc: not 1024\n");
		return 1;
	}
	if (tl_shutdown() != 0) {
		std::fprintf(stderr, "consumer.cc: tl_shutdown failed\n");
		return 1;
	}
	return 0;
}
