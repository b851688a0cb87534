/* SPDX-License-Identifier: MIT */
/*
 * The parts of threadlet-httpd, from the bottom up:
 *   httpd_job.c       what a request asks for, and the tasks that do it
 *   httpd_dispatch.c  jobs out to a pool, or to threads; ended ones back
 *   httpd_server.c    the protocol: requests in, answers out (libmicrohttpd)
 *   httpd_loop.c      waits for clients, ended jobs and signals; the end
 *   httpd.c           options and main
 * Everything but the tasks runs on the main thread, so none of it takes a lock.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <threadlet.h>

#define SECOND 1000000000LL /* ns */

struct MHD_Connection;

/* How the daemon is run. */
struct settings {
	const char *folder;       /* what /digest/ is below */
	const char *workers_file; /* holds max_workers, read again on SIGHUP; or NULL */
	unsigned max_workers;     /* 0: the library's default */
	unsigned max_pending;
	unsigned max_connections;
	unsigned port;     /* 0: any */
	unsigned idle;     /* s for which a connection may say nothing */
	unsigned patience; /* ms for which a job may wait for a worker */
	unsigned grace;    /* s for which a stop waits for answers */
	bool threads;      /* a thread for each request, no pool */
};

/* ---- httpd_job.c -------------------------------------------------------------- */

/* What a task is given, and what it leaves. */
struct job {
	tl_function *function; /* NULL: a question to the daemon itself */
	const char *path;
	int folder;
	int64_t work;
	char text[512];
};

/* Find out what the URL asks for. 0, -ENOENT, -EINVAL. The job keeps the pointer. */
int job_parse(struct job *job, const char *url, int folder);

/* ---- httpd_dispatch.c --------------------------------------------------------- */

/* A request from its first byte to the last of its answer. */
struct request {
	struct MHD_Connection *connection;
	struct job job;
	tl_future *future; /* while its task is queued or runs */
	struct request *next, *previous;
	bool ended; /* it has run, or was refused: to be answered */
	int error;
	char url[];
};

struct dispatch {
	tl_executor *pool; /* NULL: a thread for each request */
	tl_completions *completions;
	struct request *running; /* a list */
	int64_t patience;
	unsigned max_workers;
	uint64_t started;
};

/* 0 or a negative errno. */
int dispatch_open(struct dispatch *dispatch, const struct settings *settings);

/* Nothing may be running. */
void dispatch_close(struct dispatch *dispatch);

/* Readable while dispatch_take has something to give. */
int dispatch_descriptor(struct dispatch *dispatch);

/* Have it run. 0, -EAGAIN when too many are queued, or what the library says. */
int dispatch_start(struct dispatch *dispatch, struct request *request);

/* One that has ended, or NULL. */
struct request *dispatch_take(struct dispatch *dispatch);

/* What is queued ends at once, what runs is asked to. */
void dispatch_cancel(struct dispatch *dispatch);

int dispatch_set_workers(struct dispatch *dispatch, unsigned max_workers);

/* Lines for people, and for tests. */
void dispatch_describe(struct dispatch *dispatch, char *text, size_t size);

/* ---- httpd_server.c ----------------------------------------------------------- */

struct MHD_Daemon;

struct server {
	struct MHD_Daemon *daemon;
	struct dispatch dispatch;
	int folder;
	bool closing; /* no connection is kept for a further request */
	bool hurried; /* what comes still is refused */
	uint64_t under_way, answered, abandoned, refused;
};

/* 0 or a negative errno, having said why. */
int server_open(struct server *server, const struct settings *settings);
void server_close(struct server *server);

unsigned server_port(struct server *server);

/* Readable when server_run has something to do. */
int server_descriptor(struct server *server);

/* How many ms may pass until server_run is called again; -1: any number. */
int server_timeout(struct server *server);

/* Read, answer, write, as far as it goes without waiting. */
void server_run(struct server *server);

/* Take in who has connected, and from then on nobody. */
void server_stop_listening(struct server *server);

/* ---- httpd_loop.c ------------------------------------------------------------- */

/* From now on signals come to the loop alone; before any thread is started. */
int loop_block_signals(void);

/* Serve until SIGTERM or SIGINT. True if everybody has got the answer asked for. */
bool loop_run(struct server *server, const struct settings *settings, int signals);

/* ---- httpd.c ------------------------------------------------------------------ */

/* The number in the file; 0, having said why, if that is none. */
unsigned read_workers(const char *path);

void complain(const char *what, const char *why);

#endif /* HTTPD_H */
