/* SPDX-License-Identifier: MIT */
/* What a thread for each task costs without anything around it. */
#include "../contender.h"

#include <pthread.h>

static void *spawn(work_function *function, void *argument)
{
	pthread_t thread;
	void *result;

	must(!pthread_create(&thread, NULL, function, argument), "pthread_create");
	pthread_join(thread, &result);
	return result;
}

const struct contender contender = {
	.name = "raw-thread",
	.spawn = spawn,
};
