/* SPDX-License-Identifier: MIT */
/* As consumer.c, from C++: linkage, and a lambda where C has a function. */
#include <threadlet.h>

#include <cstdio>

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

	if (tl_shutdown() != 0) {
		std::fprintf(stderr, "consumer.cc: tl_shutdown failed\n");
		return 1;
	}
	return 0;
}
