/* SPDX-License-Identifier: MIT */
/*
 * The loop: one poll for libmicrohttpd's sockets, the completion queue and signals.
 *
 * A stop first closes the door, then answers what has come in, and ends when no request
 * is under way and the open connections have been silent for a moment: what they might
 * still say came too late. When `grace` is over, or at a second signal, what is queued
 * or runs is cancelled, and its clients are told so (503); who has not sent all of his
 * request by then is left.
 */
#include "httpd.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SILENCE (SECOND / 5)

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

int loop_block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN); /* a client that is gone is no reason to end */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void reload(struct server *server, const struct settings *settings)
{
	unsigned workers;
	int error;

	if (!settings->workers_file)
		return;
	workers = read_workers(settings->workers_file);
	if (!workers)
		return; /* as it was */
	error = dispatch_set_workers(&server->dispatch, workers);
	if (error)
		complain(settings->workers_file, strerror(-error));
}

static void hurry(struct server *server)
{
	if (server->hurried)
		return;
	server->hurried = true;
	dispatch_cancel(&server->dispatch);
}

static void on_signal(struct server *server, const struct settings *settings, int signals)
{
	struct signalfd_siginfo signal;

	while (read(signals, &signal, sizeof(signal)) == sizeof(signal)) {
		if (signal.ssi_signo == SIGHUP)
			reload(server, settings);
		else if (server->closing)
			hurry(server);
		else
			server_stop_listening(server);
	}
}

/* What it may take until the next look at the clock or at the sockets, in ms. */
static int timeout_of(struct server *server)
{
	int timeout = server_timeout(server), silence = (int)(SILENCE / (SECOND / 1000));

	if (server->closing && (timeout < 0 || timeout > silence))
		return silence;
	return timeout;
}

bool loop_run(struct server *server, const struct settings *settings, int signals)
{
	struct pollfd ready[] = {
		{ .fd = server_descriptor(server), .events = POLLIN },
		{ .fd = dispatch_descriptor(&server->dispatch), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	int64_t stopped = 0, heard = 0, worked = 0;

	for (;;) {
		int count = poll(ready, 3, timeout_of(server));
		int64_t time;

		if (count > 0 && ready[2].revents)
			on_signal(server, settings, signals);
		server_run(server);
		if (!server->closing)
			continue;
		time = now();
		if (!stopped)
			stopped = time;
		if (count > 0)
			heard = time;
		if (time - stopped >= settings->grace * SECOND)
			hurry(server);
		if (!server->hurried || server->dispatch.running)
			worked = time;
		if (server->under_way && time - worked < SILENCE)
			continue;
		if (server->hurried || time - heard >= SILENCE)
			return !server->hurried;
	}
}
