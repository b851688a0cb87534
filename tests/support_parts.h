/* SPDX-License-Identifier: MIT */
/* What the parts of the support share: the real functions that it stands in for. */
#ifndef SUPPORT_PARTS_H
#define SUPPORT_PARTS_H

#include "support.h"

#include <time.h>

int __real_clock_gettime(clockid_t clock, struct timespec *time);

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **result, size_t alignment, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file,
                  off_t offset);
int __real_madvise(void *at, size_t size, int advice);
long __real_sysconf(int name);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);

/* The program that runs this one, instruction by instruction; NULL: the machine does. */
const char *emulator(void);

#endif /* SUPPORT_PARTS_H */
