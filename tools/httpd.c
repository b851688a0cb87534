/* SPDX-License-Identifier: MIT */
/*
 * threadlet-httpd: a small HTTP server on the loopback interface that hands its work to
 * an adaptive pool and goes on listening; an example of a program with a loop of its
 * own. httpd.h lists its parts.
 */
#include "httpd.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"Usage: threadlet-httpd [OPTION...] [FOLDER]\n"
	"Serve on 127.0.0.1:\n"
	"  GET /digest/PATH          SHA-256 of a file below FOLDER (default: .)\n"
	"  GET /work/MICROSECONDS    so much CPU time is used, at most 10 s\n"
	"  GET /status               counts\n"
	"\n"
	"  -p, --port N         default: any free one; the first line says which\n"
	"  -j, --workers N      at most N requests at the same time\n"
	"  -f, --workers-file FILE   the same number from a file, read again on SIGHUP\n"
	"  -q, --pending N      at most N requests waiting for a worker, others get 503\n"
	"                       (default 1000)\n"
	"  -w, --patience MS    how long one waits before it gets 503 (default 5000)\n"
	"  -n, --connections N  default 500; further ones wait to be accepted\n"
	"  -i, --idle S         how long a connection may say nothing (default 10)\n"
	"  -g, --grace S        how long a stop waits for answers (default 30)\n"
	"      --threads        a thread for each request in place of the pool\n"
	"  -h, --help\n"
	"\n"
	"SIGTERM, SIGINT: answers what has come in, then ends; a second one cancels it.\n"
	"Exit status: 0; 1 if something went wrong or had to be cancelled; 2 for wrong "
	"usage.\n";

enum { EXIT_USAGE = 2, OPTION_THREADS = 256 };

static const struct option long_options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ "workers", required_argument, NULL, 'j' },
	{ "workers-file", required_argument, NULL, 'f' },
	{ "pending", required_argument, NULL, 'q' },
	{ "patience", required_argument, NULL, 'w' },
	{ "connections", required_argument, NULL, 'n' },
	{ "idle", required_argument, NULL, 'i' },
	{ "grace", required_argument, NULL, 'g' },
	{ "threads", no_argument, NULL, OPTION_THREADS },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

void complain(const char *what, const char *why)
{
	fprintf(stderr, "threadlet-httpd: %s: %s\n", what, why);
}

static bool parse(const char *text, unsigned least, unsigned most, unsigned *number)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < least || value > most)
		return false;
	*number = (unsigned)value;
	return true;
}

unsigned read_workers(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[32] = "";
	unsigned workers = 0;

	if (!file) {
		complain(path, strerror(errno));
		return 0;
	}
	if (fgets(line, sizeof(line), file))
		line[strcspn(line, "\n")] = 0;
	fclose(file);
	if (!parse(line, 1, TL_MAX_WORKERS, &workers))
		complain(path, "not a number of workers");
	return workers;
}

static bool parse_option(struct settings *settings, int option, const char *text)
{
	switch (option) {
	case 'p': return parse(text, 0, 65535, &settings->port);
	case 'j': return parse(text, 1, TL_MAX_WORKERS, &settings->max_workers);
	case 'q': return parse(text, 1, INT_MAX, &settings->max_pending);
	case 'w': return parse(text, 1, INT_MAX, &settings->patience);
	case 'n': return parse(text, 1, 100000, &settings->max_connections);
	case 'i': return parse(text, 1, 86400, &settings->idle);
	case 'g': return parse(text, 0, 86400, &settings->grace);
	default: return false;
	}
}

static int serve(struct settings *settings)
{
	struct server server = { 0 };
	int signals = loop_block_signals();
	bool fine;

	if (signals < 0) {
		complain("signalfd", strerror(errno));
		return EXIT_FAILURE;
	}
	if (server_open(&server, settings)) {
		close(signals);
		return EXIT_FAILURE;
	}
	printf("listening on 127.0.0.1:%u\n", server_port(&server));
	fflush(stdout);
	fine = loop_run(&server, settings, signals);
	server_close(&server);
	close(signals);
	printf("%" PRIu64 " answered, of them %" PRIu64 " by 503; %" PRIu64
	       " abandoned; %" PRIu64 " lost\n",
	       server.answered, server.refused, server.abandoned, server.under_way);
	return fclose(stdout) || !fine || server.under_way ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.folder = ".",
		.max_pending = 1000,
		.max_connections = 500,
		.idle = 10,
		.patience = 5000,
		.grace = 30,
	};
	int option;

	while ((option = getopt_long(argc, argv, "p:j:f:q:w:n:i:g:h", long_options,
	                             NULL)) >= 0) {
		if (option == 'h')
			return fputs(usage, stdout) < 0 || fclose(stdout);
		if (option == 'f')
			settings.workers_file = optarg;
		else if (option == OPTION_THREADS)
			settings.threads = true;
		else if (!parse_option(&settings, option, optarg)) {
			if (option != '?')
				complain(optarg, "not such a number");
			fputs("Try 'threadlet-httpd --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1) {
		complain(argv[optind + 1], "one folder is served");
		return EXIT_USAGE;
	}
	if (optind < argc)
		settings.folder = argv[optind];
	if (settings.workers_file) {
		settings.max_workers = read_workers(settings.workers_file);
		if (!settings.max_workers)
			return EXIT_USAGE;
	}
	return serve(&settings);
}
