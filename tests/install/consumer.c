/* SPDX-License-Identifier: MIT */
/* What a user's program looks like: built against the installed library. */
#include <threadlet.h>

#include <stdio.h>

static void *twice(void *argument)
{
	int *number = argument;
	*number *= 2;
	return number;
}

int main(void)
{
	int number = 21;
	int *answer = tl_await(tl_go(twice, &number));

	if (answer != &number || number != 42) {
		fprintf(stderr, "consumer.c: %d rather than 42\n", number);
		return 1;
	}
	if (tl_shutdown() != 0) {
		fprintf(stderr, "consumer.c: tl_shutdown failed\n");
		return 1;
	}
	return 0;
}
