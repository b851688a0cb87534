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
	if (tl_shutdown() != 0) {
		std::fprintf(stderr, "consumer.cc: tl_shutdown failed\n");
		return 1;
	}
	return 0;
}
