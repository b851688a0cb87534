/* SPDX-License-Identifier: MIT */
#define CHECK_MAIN
#include "support.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* ---- Time ---------------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *time);

int64_t now(void)
{
	struct timespec t;
	__real_clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static bool under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	return preloaded && strstr(preloaded, "vgpreload");
}

/* The program that runs this one, instruction by instruction; NULL: the machine does. */
static const char *emulator(void)
{
	const char *name = getenv("EMULATOR");
	return name && *name ? name : NULL;
}

bool emulated(void)
{
	return emulator() != NULL;
}

bool instrumented(void)
{
	return WITH_TSAN || WITH_ASAN || under_valgrind() || emulated();
}

long scaled(long n)
{
	bool slowest = under_valgrind() || emulated();
	long divisor = slowest ? 50 : WITH_TSAN ? 10 : WITH_ASAN ? 4 : 1;
	return n < divisor ? n : n / divisor;
}

int64_t patience(void)
{
	return now() + (instrumented() ? 90 : 30) * SECOND;
}

bool look_again(int64_t limit)
{
	clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, 200 * MICROSECOND },
	                NULL);
	return now() < limit;
}

/* ---- /proc --------------------------------------------------------------------- */

/* Threads that are there before the test: of a sanitizer, of Criterion. */
static pid_t foreign[16];
static int foreign_count;

static bool is_foreign(pid_t thread)
{
	for (int i = 0; i < foreign_count; i++)
		if (foreign[i] == thread)
			return true;
	return false;
}

int other_threads(pid_t *threads, size_t limit)
{
	DIR *directory = opendir("/proc/self/task");
	int n = 0;
	if (!directory)
		return -1;
	for (struct dirent *entry; (entry = readdir(directory));) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		if (!thread || thread == gettid() || is_foreign(thread))
			continue;
		if ((size_t)n < limit)
			threads[n] = thread;
		n++;
	}
	closedir(directory);
	return n;
}

int thread_count(void)
{
	return other_threads(NULL, 0) + 1;
}

static bool read_thread_file(pid_t thread, const char *file, char *text, size_t size)
{
	char path[64];
	if (thread)
		snprintf(path, sizeof path, "/proc/self/task/%d/%s", (int)thread, file);
	else
		snprintf(path, sizeof path, "/proc/self/%s", file);
	FILE *stream = fopen(path, "re");
	if (!stream)
		return false;
	size_t n = fread(text, 1, size - 1, stream);
	text[n] = 0;
	fclose(stream);
	return n > 0;
}

char thread_state(pid_t thread)
{
	char text[512];
	if (!read_thread_file(thread, "stat", text, sizeof text))
		return 0;
	char *end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

bool thread_name(pid_t thread, char name[static 32])
{
	bool found = read_thread_file(thread, "comm", name, 32);
	name[found ? strcspn(name, "\n") : 0] = 0;
	return found;
}

long long status_of(pid_t thread, const char *key, int base)
{
	char text[4096], line[64];
	if (!read_thread_file(thread, "status", text, sizeof text))
		return -1;
	snprintf(line, sizeof line, "\n%s:", key);
	char *found = strstr(text, line);
	return found ? (long long)strtoull(found + strlen(line), NULL, base) : -1;
}

int descriptor_count(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int n = 0;
	if (!directory)
		return -1;
	while (readdir(directory))
		n++;
	closedir(directory);
	return n - 3; /* ".", ".." and the directory itself */
}

long resident_kilobytes(void)
{
	return (long)status_of(0, "VmRSS", 10);
}

/* ---- Tasks --------------------------------------------------------------------- */

void *identity(void *argument)
{
	return argument;
}

void *add_one(void *counter)
{
	atomic_fetch_add((atomic_long *)counter, 1);
	return NULL;
}

void *fail_with(void *error)
{
	return tl_fail((int)(intptr_t)error);
}

void *gate_pass(void *argument)
{
	struct gate *gate = argument;
	atomic_fetch_add(&gate->inside, 1);
	pthread_mutex_lock(&gate->lock);
	while (!gate->open)
		pthread_cond_wait(&gate->opened, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
	atomic_fetch_add(&gate->passed, 1);
	return gate;
}

void gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = true;
	pthread_cond_broadcast(&gate->opened);
	pthread_mutex_unlock(&gate->lock);
}

/* Those inside must be out first: the shut gate would hold them again. */
void gate_shut(struct gate *gate)
{
	assert_soon(atomic_load(&gate->passed) == atomic_load(&gate->inside));
	assert_soon(atomic_load(&gate->passed) == atomic_load(&gate->inside));
	pthread_mutex_lock(&gate->lock);
	gate->open = false;
	atomic_store(&gate->inside, 0);
	atomic_store(&gate->passed, 0);
	pthread_mutex_unlock(&gate->lock);
}

void *wait_for_itself(void *argument)
{
	struct self *self = argument;
	gate_pass(&self->gate);
	return VALUE(tl_future_wait(self->future, TL_FOREVER));
}

void hold(tl_executor *executor, struct gate *gate, int n)
{
	int before = atomic_load(&gate->inside);
	for (int i = 0; i < n; i++) {
		tl_future *future = tl_submit(executor, gate_pass, gate);
		cr_assert_not_null(future);
		tl_future_release(future);
	}
	assert_soon(atomic_load(&gate->inside) == before + n);
}

tl_executor *executor_of(int kind, unsigned workers, const tl_options *options)
{
	tl_options own = options ? *options : (tl_options){ 0 };
	switch (kind) {
	case WORKER: return tl_worker_create(options);
	case FIXED: return tl_fixed_pool_create(workers, options);
	default: own.max_workers = workers; return tl_adaptive_pool_create(&own);
	}
}

tl_stats stats_of(tl_executor *executor)
{
	tl_stats stats = { 0 };
	cr_assert_eq(tl_executor_stats(executor, &stats, sizeof stats), 0);
	return stats;
}

/* ---- Allocations and threads, counted and made to fail ------------------------- */

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

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **result, size_t alignment, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file,
                  off_t offset);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
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

static _Atomic(int64_t) frozen_at;
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
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

/* ---- System calls -------------------------------------------------------------- */

static atomic_long *forbidden_call;

static void on_system_call(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	atomic_store(forbidden_call, info->si_syscall);
	syscall(SYS_exit_group, FORBIDDEN);
}

#define ALLOW(call)                                                                      \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                           \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

bool forbid_system_calls(atomic_long *number)
{
	/* the clock, where the vDSO can't read it, is no call of the library's */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(exit_group),
		ALLOW(rt_sigreturn),
		ALLOW(clock_gettime),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = { LENGTH(code), code };
	struct sigaction action = { .sa_sigaction = on_system_call,
		                    .sa_flags = SA_SIGINFO };

	forbidden_call = number;
	return !sigaction(SIGSYS, &action, NULL) &&
	       !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* ---- Processes ----------------------------------------------------------------- */

static void *note_thread(void *thread)
{
	*(pid_t *)thread = gettid();
	return NULL;
}

void check_begin(void)
{
	alarm(120);
	if (WITH_TSAN) {
		/* ThreadSanitizer starts its own thread at the latest with our first */
		pid_t first = 0;
		pthread_t thread;
		if (__real_pthread_create(&thread, NULL, note_thread, &first))
			abort();
		pthread_join(thread, NULL);
		(void)wait_until(!thread_state(first));
	}
	foreign_count = 0;
	foreign_count = other_threads(foreign, LENGTH(foreign));
}

static int status_of_child(pid_t child)
{
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int in_child(int (*body)(void *), void *argument)
{
	fflush(NULL);
	pid_t child = fork();
	if (!child) {
		if (!WITH_TSAN) /* which can't start threads here */
			check_begin();
		_exit(body(argument));
	}
	return status_of_child(child);
}

void *shared_page(void)
{
	void *page = __real_mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(page, MAP_FAILED);
	return page;
}

int run_program(const char *name, atomic_long **shared)
{
	char path[4096], number[16];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	int file = memfd_create("shared", 0);
	cr_assert(length > 0 && file >= 0 && !ftruncate(file, 4096));
	path[length] = 0;
	*shared = __real_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	cr_assert_neq((void *)*shared, MAP_FAILED);
	snprintf(number, sizeof number, "%d", file);

	fflush(NULL);
	pid_t child = fork();
	if (!child) {
		unsetenv(
			"BXFI_MAP"); /* or Criterion would take it for a test of its own */
		setenv("TL_PROGRAM", name, 1);
		setenv("TL_SHARED", number, 1);
		if (emulated())
			execlp(emulator(), emulator(), path, (char *)NULL);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(file);
	return status_of_child(child);
}

void program_start(const char *name, int (*body)(atomic_long *shared))
{
	const char *wanted = getenv("TL_PROGRAM"), *file = getenv("TL_SHARED");
	if (!wanted || !file || strcmp(wanted, name))
		return;
	check_begin();
	void *shared = __real_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
	                           (int)strtol(file, NULL, 10), 0);
	exit(shared == MAP_FAILED ? 126 : body(shared));
}
