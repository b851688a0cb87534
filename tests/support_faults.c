/* SPDX-License-Identifier: MIT */
/* Allocations, threads and clock readings: counted, made to fail, to wait or to stand still. */
#include "support_parts.h"

#include <sched.h>
#include <sys/mman.h>

struct faults {
	atomic_long calls, countdown;
	atomic_bool fired, all;
};
static struct faults memory, threads;

static bool may_go_on(struct faults *faults)
{
	atomic_fetch_add_explicit(&faults->calls, 1, memory_order_relaxed);
	if (atomic_load_explicit(&faults->all, memory_order_relaxed))
		return false;
	if (atomic_load_explicit(&faults->countdown, memory_order_relaxed) <= 0 ||
	    atomic_fetch_sub(&faults->countdown, 1) != 1)
		return true;
	atomic_store(&faults->fired, true);
	return false;
}

static bool arm(struct faults *faults, long n)
{
	bool fired = atomic_exchange(&faults->fired, false);
	atomic_store(&faults->countdown, n);
	return fired;
}

long allocation_count(void)
{
	return atomic_load(&memory.calls);
}

bool fail_allocation_at(long n)
{
	return arm(&memory, n);
}

long thread_starts(void)
{
	return atomic_load(&threads.calls);
}

bool fail_thread_at(long n)
{
	return arm(&threads, n);
}

void fail_threads(bool all)
{
	atomic_store(&threads.all, all);
}

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **result, size_t alignment, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file,
                  off_t offset);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);

/* NULL with ENOMEM */
static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *__wrap_malloc(size_t size)
{
	return may_go_on(&memory) ? __real_malloc(size) : no_memory();
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_go_on(&memory) ? __real_calloc(n, size) : no_memory();
}

void *__wrap_realloc(void *old, size_t size)
{
	return may_go_on(&memory) ? __real_realloc(old, size) : no_memory();
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return may_go_on(&memory) ? __real_aligned_alloc(alignment, size) : no_memory();
}

int __wrap_posix_memalign(void **result, size_t alignment, size_t size)
{
	return may_go_on(&memory) ? __real_posix_memalign(result, alignment, size)
	                          : ENOMEM;
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file,
                  off_t offset)
{
	if (may_go_on(&memory))
		return __real_mmap(at, size, protection, flags, file, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument)
{
	if (!may_go_on(&threads))
		return EAGAIN;
	return __real_pthread_create(thread, attributes, start, argument);
}

static atomic_long page_size;
long __wrap_sysconf(int name);

long __wrap_sysconf(int name)
{
	long page = name == _SC_PAGESIZE ? atomic_load(&page_size) : 0;
	return page ? page : __real_sysconf(name);
}

void pretend_page_size(long size)
{
	atomic_store(&page_size, size);
}

static atomic_bool advice_is_held, advice_is_refused;
static atomic_int advice_waits;
static atomic_long advice_calls;
int __wrap_madvise(void *at, size_t size, int advice);

int __wrap_madvise(void *at, size_t size, int advice)
{
	atomic_fetch_add(&advice_calls, 1);
	atomic_fetch_add(&advice_waits, 1);
	while (advice == MADV_DONTNEED && atomic_load(&advice_is_held))
		sched_yield();
	atomic_fetch_sub(&advice_waits, 1);
	size_t page = (size_t)__wrap_sysconf(_SC_PAGESIZE);
	bool refused = advice == MADV_DONTNEED && atomic_load(&advice_is_refused);
	if ((uintptr_t)at % page || refused)
		return errno = EINVAL, -1;
	return __real_madvise(at, (size + page - 1) / page * page, advice);
}

void hold_advice(bool held)
{
	atomic_store(&advice_is_held, held);
}

void refuse_advice(bool refused)
{
	atomic_store(&advice_is_refused, refused);
}

int advice_held(void)
{
	return atomic_load(&advice_waits);
}

long advice_count(void)
{
	return atomic_load(&advice_calls);
}

static _Atomic(int64_t) frozen_at;
static atomic_bool clock_is_held;
static atomic_int clock_waits;
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	atomic_fetch_add(&clock_waits, 1);
	while (atomic_load(&clock_is_held) && gettid() != getpid())
		sched_yield();
	atomic_fetch_sub(&clock_waits, 1);
	int64_t at = atomic_load(&frozen_at);
	if (!at)
		return __real_clock_gettime(clock, time);
	*time = (struct timespec){ at / SECOND, at % SECOND };
	return 0;
}

void freeze_clock(bool frozen)
{
	atomic_store(&frozen_at, frozen ? now() : 0);
}

void hold_clock(bool held)
{
	atomic_store(&clock_is_held, held);
}

int clock_held(void)
{
	return atomic_load(&clock_waits);
}
