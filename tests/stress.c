/* SPDX-License-Identifier: MIT */
/*
 * stress [-s seconds] [-S seed] [-p]: random operations over the whole interface, by
 * several threads at once, on executors and rings of their own and on shared ones.
 * Checks that every task accepted ran or was cancelled, once; that something always gets
 * done; and that no thread or descriptor is left. Ends with counts and "ok", or with
 * status 1.
 */
#include "stress.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS = 6, STALL_SECONDS = 60 };

static void *act(void *argument)
{
	struct actor *actor = argument;
	while (!atomic_load(&over)) {
		tl_executor *executor = shared[below(&actor->random, SHARED)];
		switch (below(&actor->random, 11)) {
		case 0:
		case 1: use_cells(actor, executor); break;
		case 8: use_timers(actor, executor); break;
		case 2:
		case 3:
		case 4: use_own_tasks(actor, executor); break;
		case 5: use_one_of_its_own(actor); break;
		case 6: use_group(actor, executor); break;
		case 10: post_some(actor, executor); break;
		case 9:
			if (use_rings)
				use_rings(actor, executor);
			break;
		default: use_default(actor);
		}
		did(&count.operations);
	}
	return NULL;
}

/* Threads, or descriptors; -1 where there is no descriptor to look. */
static int number_of(const char *what)
{
	DIR *directory = opendir(what);
	int n = 0;
	if (!directory)
		return -1;
	for (struct dirent *entry; (entry = readdir(directory));)
		n += entry->d_name[0] != '.';
	closedir(directory);
	return n;
}

/* With -p: a signal for every thread, again and again; each ends a system call. */
static void on_signal(int signal)
{
	(void)signal;
}

static void *signal_all(void *unused)
{
	(void)unused;
	while (!atomic_load(&over)) {
		DIR *directory = opendir("/proc/self/task");
		for (struct dirent *entry; directory && (entry = readdir(directory));)
			if (entry->d_name[0] != '.')
				tgkill(getpid(), (pid_t)atol(entry->d_name), SIGPROF);
		if (directory)
			closedir(directory);
		pause_for(200 * MICROSECOND);
	}
	return NULL;
}

static void *nothing(void *unused)
{
	return unused;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("SECONDS");
	long seconds = environment ? strtol(environment, NULL, 10) : 10;
	environment = getenv("SEED");
	seed = environment && *environment ? strtoul(environment, NULL, 10)
	                                   : (unsigned long)now() % 1000000007;
	bool storm = false;
	for (int option; (option = getopt(argc, argv, "s:S:p")) != -1;)
		switch (option) {
		case 'p': storm = true; break;
		case 's': seconds = strtol(optarg, NULL, 10); break;
		case 'S': seed = strtoul(optarg, NULL, 10); break;
		default:
			fprintf(stderr, "stress [-s seconds] [-S seed] [-p]\n");
			return 2;
		}
	printf("stress: %ld seconds, seed %lu\n", seconds, seed);
	fflush(stdout);

	/* a sanitizer starts its own thread with the first of ours */
	pthread_t threads[THREADS];
	CHECK(!pthread_create(&threads[0], NULL, nothing, NULL));
	pthread_join(threads[0], NULL);
	pause_for(50 * MILLISECOND);
	int threads_before = number_of("/proc/self/task");
	int files_before = number_of("/proc/self/fd");

	static struct actor actors[THREADS];
	shared[0] = tl_worker_create(NULL);
	shared[1] = tl_fixed_pool_create(
		2, &(tl_options){ .spare_workers = 1, .flags = TL_WAITERS_RUN });
	shared[2] = tl_adaptive_pool_create(
		&(tl_options){ .max_workers = 4, .idle_timeout = 50 * MICROSECOND });
	shared[3] = tl_serial_create(shared[1], 1);
	shared[4] = tl_serial_create(shared[2], 2);
	shared[5] = tl_fixed_pool_create(2, &(tl_options){ .flags = TL_WAITERS_HELP });
	if (rings_open)
		rings_open();
	for (unsigned i = 0; i < THREADS; i++) {
		actors[i].random = (unsigned)(seed * 2654435761u + i * 40503u) | 1;
		CHECK(shared[i % SHARED]);
		CHECK(!pthread_create(&threads[i], NULL, act, &actors[i]));
	}

	pthread_t stormer;
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */
	CHECK(!sigaction(SIGPROF, &action, NULL));
	if (storm)
		CHECK(!pthread_create(&stormer, NULL, signal_all, NULL));

	/* this thread watches */
	int64_t end = now() + seconds * 1000 * MILLISECOND;
	unsigned long last = 0;
	int64_t last_change = now();
	while (now() < end) {
		pause_for(20 * MILLISECOND);
		unsigned long done = atomic_load(&count.operations);
		if (done != last) {
			last = done;
			last_change = now();
		} else if (now() - last_change > STALL_SECONDS * 1000 * MILLISECOND) {
			dump("nothing gets done any more");
			abort();
		}
	}
	atomic_store(&over, true);
	alarm(STALL_SECONDS * 2);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (storm)
		pthread_join(stormer, NULL);
	if (rings_close)
		rings_close();
	for (int i = SHARED; i-- > 0;) { /* queues before their pools */
		tl_stats stats;
		CHECK(!tl_executor_shutdown(shared[i], TL_DRAIN, TL_FOREVER));
		CHECK(!tl_executor_stats(shared[i], &stats, sizeof stats));
		CHECK(stats.submitted == stats.completed + stats.cancelled);
		CHECK(stats.queued == 0);
		CHECK(!tl_executor_destroy(shared[i]));
		shared[i] = NULL;
	}
	CHECK(!tl_shutdown());
	CHECK(count.accepted == count.ran + count.cancelled);
	CHECK(count.given == count.ended);
	for (int tries = 0; number_of("/proc/self/task") > threads_before && tries < 500;
	     tries++)
		pause_for(20 * MILLISECOND);
	CHECK(number_of("/proc/self/task") <= threads_before);
	CHECK(number_of("/proc/self/fd") <= files_before);
	struct rusage usage;
	CHECK(!getrusage(RUSAGE_SELF, &usage));
	dump("done");
	fprintf(stderr, "peak of resident memory: %ld MiB\n", usage.ru_maxrss / 1024);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK(usage.ru_maxrss < 256 * 1024); /* however long it ran */
#endif
	printf("ok\n");
	return 0;
}
