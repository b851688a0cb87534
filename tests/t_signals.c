/* SPDX-License-Identifier: MIT */
/* Signals go to the program's own threads, not to the workers. */
#include "support.h"

#include <signal.h>
#include <time.h>

static const int kept_out[] = { SIGTERM, SIGINT,  SIGHUP,   SIGQUIT, SIGCHLD, SIGUSR1,
	                        SIGUSR2, SIGALRM, SIGWINCH, SIGIO,   SIGTSTP };
static const int let_in[] = { SIGPROF, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };

static void check_masks(void)
{
	pid_t threads[16];
	int n = other_threads(threads, 16);
	cr_assert_geq(n, 1);
	for (int i = 0; i < n; i++) {
		long long mask = status_of(threads[i], "SigBlk", 16);
		for (size_t k = 0; k < LENGTH(kept_out); k++)
			cr_assert(mask >> (kept_out[k] - 1) & 1,
			          "%d is not blocked: %llx", kept_out[k], mask);
		/* an emulator gives the machine's real-time signals other numbers */
		for (int signal = SIGRTMIN; !emulated() && signal <= SIGRTMAX; signal++)
			cr_assert(mask >> (signal - 1) & 1, "%d is not blocked: %llx",
			          signal, mask);
		for (size_t k = 0; k < LENGTH(let_in); k++)
			cr_assert_not(mask >> (let_in[k] - 1) & 1, "%d is blocked: %llx",
			              let_in[k], mask);
	}
}

Test(signals, workers_block_all_but_the_synchronous_ones_and_sigprof)
{
	sigset_t before, after, all;
	sigfillset(&all);
	for (int blocked = 0; blocked < 2; blocked++) {
		/* whatever the creator's own mask is; and it stays as it was */
		pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &all, NULL);
		pthread_sigmask(SIG_SETMASK, NULL, &before);
		for (int kind = 0; kind < KINDS; kind++) {
			struct gate gate = GATE;
			tl_executor *executor = executor_of(kind, 3, NULL);
			hold(executor, &gate, kind == WORKER ? 1 : 3);
			check_masks();
			gate_open(&gate);
			tl_executor_destroy(executor);
			END_CLEAN();
		}
		pthread_sigmask(SIG_SETMASK, NULL, &after);
		for (int signal = 1; signal <= SIGRTMAX; signal++)
			cr_assert_eq(sigismember(&before, signal),
			             sigismember(&after, signal));
	}
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

Test(signals, threads_of_spawn_and_go_block_them_too)
{
	struct gate gate = GATE;
	tl_future *a = tl_spawn(gate_pass, &gate), *b = tl_go(gate_pass, &gate);
	assert_soon(atomic_load(&gate.inside) == 2);
	check_masks();
	gate_open(&gate);
	tl_await(a);
	tl_await(b);
	tl_shutdown();
	END_CLEAN();
}

static atomic_int delivered, elsewhere;
static pthread_t main_thread;

static void note_delivery(int signal)
{
	(void)signal;
	if (!pthread_equal(pthread_self(), main_thread))
		atomic_fetch_add(&elsewhere, 1);
	atomic_fetch_add(&delivered, 1);
}

Test(signals, reach_the_main_thread)
{
	tl_executor *pool = tl_fixed_pool_create(4, NULL);
	main_thread = pthread_self();
	struct sigaction action = { .sa_handler = note_delivery };
	sigaction(SIGTERM, &action, NULL);
	for (int i = 1; i <= 100; i++) {
		kill(getpid(), SIGTERM);
		assert_soon(atomic_load(&delivered) >= i);
	}
	cr_assert_eq(atomic_load(&elsewhere), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}

static tl_future promise;

static void set_promise(int signal)
{
	tl_future_set(&promise, VALUE(signal));
}

static void *wait_for_signal(void *thread)
{
	void *value = NULL;
	atomic_store((atomic_int *)thread, gettid());
	tl_future_result(&promise, &value, TL_FOREVER);
	return value;
}

Test(signals, handler_may_set_a_promise)
{
	struct sigaction action = { .sa_handler = set_promise };
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 50; i++) {
		pthread_t thread;
		atomic_int id = 0;
		void *value = NULL;
		tl_future_init(&promise);
		pthread_create(&thread, NULL, wait_for_signal, &id);
		if (i % 2)
			assert_soon(atomic_load(&id) && thread_state(id) == 'S');
		raise(SIGUSR1);
		pthread_join(thread, &value);
		cr_assert_eq(value, VALUE(SIGUSR1));
	}
	END_CLEAN();
}

static atomic_int interrupts;

static void count_interrupt(int signal)
{
	(void)signal;
	atomic_fetch_add(&interrupts, 1);
}

Test(signals, wait_goes_on_after_a_handler_has_run)
{
	struct sigaction action = { .sa_handler = count_interrupt }; /* no SA_RESTART */
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	sigaction(SIGUSR2, &action, NULL);
	struct gate gate = GATE;
	tl_future *future = tl_submit(pool, gate_pass, &gate);
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec fast = { { 0, 300000 }, { 0, 300000 } };
	cr_assert_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	cr_assert_eq(timer_settime(timer, 0, &fast, NULL), 0);
	int64_t start = now();
	cr_assert_eq(tl_future_wait(future, 30 * MILLISECOND), -ETIMEDOUT);
	cr_assert_geq(now() - start, 30 * MILLISECOND);
	cr_assert_geq(atomic_load(&interrupts), 1);
	gate_open(&gate);
	cr_assert_eq(tl_future_wait(future, TL_FOREVER), 0);
	timer_delete(timer);
	tl_future_release(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}
