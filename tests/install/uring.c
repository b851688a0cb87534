/* SPDX-License-Identifier: MIT */
/* A user of the second library. */
#include <threadlet/uring.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	tl_uring *ring = tl_uring_create(NULL);
	tl_operation read;
	char byte = 1;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	tl_operation_read(&read, fd, &byte, 1, 0);
	if (!ring || tl_uring_submit(ring, &read) != 0 ||
	    tl_operation_result(&read, TL_FOREVER) != 1 || byte != 0) {
		fprintf(stderr, "uring.c: no zero was read\n");
		return 1;
	}
	close(fd);
	return tl_uring_destroy(ring) != 0;
}
