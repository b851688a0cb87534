/* SPDX-License-Identifier: MIT */
/*
 * CONTENDER BENCH WORKERS N [MORE...]: run one bench with so many workers and tasks,
 * once, and print what was measured, a line "metric value unit" for each.
 * CONTENDER list: the benches that there are for it, a line "name more..." for each.
 */
#include "benches.h"

static const struct bench benches[] = {
	{ "submit", "", can_post, bench_submit },
	{ "submit_task", "", can_post_task, bench_submit_task },
	{ "mp", "[PRODUCERS]", can_post_from_many, bench_mp },
	{ "tree", "", can_post_inside, bench_tree },
	{ "e2e", "[IN_FLIGHT]", can_hand_over, bench_e2e },
	{ "collect", "", can_collect, bench_collect },
	{ "ping", "", can_take, bench_ping },
	{ "ping_same", "", can_take, bench_ping_same },
	{ "ping_apart", "", can_take, bench_ping_apart },
	{ "ping_idle", "", can_take, bench_ping_idle },
	{ "idle", "", can_post, bench_idle },
	{ "spawn", "", can_spawn, bench_spawn },
	{ "burst", "", can_post, bench_burst },
	{ "tree_forks", "", can_fork, bench_tree_forks },
	{ "fib", "", can_fib, bench_fib },
	{ "for", "", can_loop, bench_for },
	{ "queens", "", can_programs, bench_queens },
	{ "multiply", "", can_programs, bench_multiply },
	{ "sort", "", can_programs, bench_sort },
	{ "trees", "", can_programs, bench_trees },
	{ "depth", "", can_post, bench_depth },
	{ "latency", "LOAD WORK SEED", can_post, bench_latency },
};

#define BENCHES (sizeof(benches) / sizeof(benches[0]))

static int list(void)
{
	for (size_t i = 0; i < BENCHES; i++)
		if (benches[i].offered())
			printf("%s %s\n", benches[i].name, benches[i].more);
	return EXIT_SUCCESS;
}

static int usage(void)
{
	fprintf(stderr, "Usage: %s list | BENCH WORKERS N [MORE...]\n", contender.name);
	return 2;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0, 0, { 0 } };

	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc < 4 || argc > 7)
		return usage();
	arguments.workers = (unsigned)parse_count(argv[2]);
	arguments.n = parse_count(argv[3]);
	if (!arguments.workers || arguments.workers > 1024 || !arguments.n)
		return usage();
	for (int i = 4; i < argc; i++)
		arguments.more[i - 4] = strtod(argv[i], NULL);
	for (size_t i = 0; i < BENCHES; i++) {
		if (strcmp(benches[i].name, argv[1]))
			continue;
		if (!benches[i].offered())
			break;
		benches[i].run(&arguments);
		return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	fprintf(stderr, "%s has no bench %s\n", contender.name, argv[1]);
	return 2;
}
