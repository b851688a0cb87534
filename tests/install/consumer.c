/* SPDX-License-Identifier: MIT */
/* What a user's program looks like: built against the installed library. */
#include <threadlet.h>
#include <threadlet/fork.h>

#include <stdio.h>

static void *twice(void *argument)
{
	int *number = argument;
	*number *= 2;
	return number;
}

TL_FORKABLE(int, power, int, exponent)
{
	TL_BRANCH(power) half;

	if (exponent == 0)
		return 1;
	TL_FORK(power, &half, exponent - 1);
	return TL_CALL(power, exponent - 1) + TL_JOIN(power, &half);
}

static void *raise_two(void *exponent)
{
	*(int *)exponent = TL_RUN(power, *(int *)exponent);
	return exponent;
}

int main(void)
{
	int ten = 10;
	int number = 21;
	int *answer = tl_await(tl_go(twice, &number));

	if (answer != &number || number != 42) {
		fprintf(stderr, "consumer.c: %d rather than 42\n", number);
		return 1;
	}
	if (tl_await(tl_go(raise_two, &ten)) != &ten || ten != 1024) {
		fprintf(stderr, "consumer.c: %d rather than 1024\n", ten);
		return 1;
	}
	if (tl_shutdown() != 0) {
		fprintf(stderr, "consumer.c: tl_shutdown failed\n");
		return 1;
	}
	return 0;
}
