/* SPDX-License-Identifier: MIT */
/* Other processes: children, programs of their own, a ban of system calls. */
#include "support_parts.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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
