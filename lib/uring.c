/* SPDX-License-Identifier: MIT */
/* layer 9: uring · all of libthreadlet-uring as one object, beside threadlet.c */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "uring_operation.c"

#include "uring_blocking.c"
#include "uring_driver.c"

#include "uring_control.c"
