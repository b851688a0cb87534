/* SPDX-License-Identifier: MIT */
/*
 * threadlet-sum: SHA-256 of every regular file below the given directories, on an
 * adaptive pool, printed in the order of the walk and in the format of sha256sum.
 * sum.h lists its parts.
 */
#include "sum.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"Usage: threadlet-sum [-j N] [DIR|FILE ...]\n"
	"Print the SHA-256 of every regular file at or below the given paths\n"
	"(/usr/include when none), one line each, as sha256sum does.\n"
	"\n"
	"  -j N       at most N files at the same time (default: as many as the\n"
	"             library's adaptive pool has workers at most)\n"
	"  -h, --help\n"
	"  --version\n"
	"\n"
	"A directory's names come in the order of their bytes. Symbolic links are\n"
	"not followed, except one given on the command line.\n"
	"Exit status: 0; 1 if a path could not be read or a line not be written;\n"
	"2 for wrong usage.\n";

enum { EXIT_USAGE = 2, OPTION_VERSION = 256 };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

struct run {
	struct window *window;
	uint64_t unread;
};

static bool add_file(void *context, const char *path, bool follow)
{
	struct run *run = context;

	return window_add(run->window, path, follow);
}

static void report_path(void *context, const char *path, const char *what)
{
	struct run *run = context;

	run->unread++;
	print_error(path, what);
}

static int wrong_usage(const char *argument, const char *what)
{
	if (argument)
		print_error(argument, what);
	fputs("Try 'threadlet-sum --help'.\n", stderr);
	return EXIT_USAGE;
}

/* 0 if it isn't a number of workers that the library accepts. */
static unsigned parse_workers(const char *text)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || *text == '-' || number > TL_MAX_WORKERS)
		return 0;
	return (unsigned)number;
}

static int close_output(void)
{
	int error = print_close();

	if (!error)
		return EXIT_SUCCESS;
	print_error("write error", strerror(-error));
	return EXIT_FAILURE;
}

static int show(const char *text)
{
	fputs(text, stdout);
	return close_output();
}

static int sum(char *const *paths, int count, unsigned max_workers)
{
	struct run run = { .window = window_create(max_workers) };
	struct walker walker = { add_file, report_path, &run };
	bool go_on = true;

	if (!run.window) {
		print_error("cannot start a pool", strerror(errno));
		return EXIT_FAILURE;
	}
	progress_begin(paths, count);
	for (int i = 0; i < count && go_on; i++)
		go_on = walk(&walker, paths[i]);
	if (go_on)
		window_finish(run.window);
	run.unread += window_destroy(run.window);
	progress_end();
	return close_output() || run.unread ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static char standard[] = "/usr/include";
	static char *const standard_paths[] = { standard };
	unsigned max_workers = 0;
	int option;

	while ((option = getopt_long(argc, argv, "hj:", long_options, NULL)) != -1) {
		switch (option) {
		case 'h': return show(usage);
		case OPTION_VERSION:
			printf("threadlet-sum %d.%d.%d\n", TL_VERSION_MAJOR,
			       TL_VERSION_MINOR, TL_VERSION_PATCH);
			return close_output();
		case 'j':
			max_workers = parse_workers(optarg);
			if (!max_workers)
				return wrong_usage(optarg, "not a number of workers");
			break;
		default: return wrong_usage(NULL, NULL); /* getopt has spoken */
		}
	}
	for (int i = optind; i < argc; i++)
		/* a line about a file of this name would be taken for standard input */
		if (!strcmp(argv[i], "-"))
			return wrong_usage("-", "standard input is not read; "
			                        "a file is given as ./-");
	if (optind == argc)
		return sum(standard_paths, 1, max_workers);
	return sum(argv + optind, argc - optind, max_workers);
}
