/* SPDX-License-Identifier: MIT */
/*
 * The protocol, by libmicrohttpd in the mode where the program has the loop. A request
 * whose job is under way is suspended: its connection is neither read nor timed then.
 * It is resumed when the job has ended, and libmicrohttpd calls `handle` once more.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_PATH, accept4 */
#endif
#include "httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static unsigned status_of(int error)
{
	switch (-error) {
	case 0: return MHD_HTTP_OK;
	case EINVAL: return MHD_HTTP_BAD_REQUEST;
	case EACCES: return MHD_HTTP_FORBIDDEN;
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG: return MHD_HTTP_NOT_FOUND;
	case EOPNOTSUPP: return MHD_HTTP_METHOD_NOT_ALLOWED;
	case EAGAIN:
	case ECANCELED:
	case EMFILE:
	case ENFILE:
	case ENOMEM: return MHD_HTTP_SERVICE_UNAVAILABLE;
	default: return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

static enum MHD_Result answer(struct server *server, struct request *request)
{
	unsigned status = status_of(request->error);
	struct MHD_Response *response;
	enum MHD_Result result;

	if (status != MHD_HTTP_OK)
		snprintf(request->job.text, sizeof(request->job.text), "%u %s\n", status,
		         strerror(-request->error));
	response = MHD_create_response_from_buffer(
		strlen(request->job.text), request->job.text, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
		server->refused++;
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	}
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (server->closing)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static struct request *request_begin(struct server *server, const char *url,
                                     const char *method)
{
	size_t length = strlen(url) + 1;
	struct request *request = calloc(1, sizeof(*request) + length);

	if (!request)
		return NULL;
	server->under_way++;
	memcpy(request->url, url, length);
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		request->error = -EOPNOTSUPP;
	else
		request->error = job_parse(&request->job, request->url, server->folder);
	request->ended = request->error != 0;
	return request;
}

static enum MHD_Result request_start(struct server *server, struct request *request)
{
	if (!request->job.function) {
		dispatch_describe(&server->dispatch, request->job.text,
		                  sizeof(request->job.text));
		return answer(server, request);
	}
	request->error =
		server->hurried ? -ECANCELED : dispatch_start(&server->dispatch, request);
	if (request->error)
		return answer(server, request);
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

/* Called for the header, for each piece of a body, at its end, and when resumed. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *url, const char *method, const char *version,
                              const char *data, size_t *size, void **slot)
{
	struct server *server = context;
	struct request *request = *slot;

	(void)version;
	(void)data;
	if (!request) {
		request = request_begin(server, url, method);
		if (!request)
			return MHD_NO;
		request->connection = connection;
		*slot = request;
		return request->ended ? answer(server, request) : MHD_YES;
	}
	if (*size) {
		*size = 0; /* nobody asked for a body */
		return MHD_YES;
	}
	return request->ended ? answer(server, request) : request_start(server, request);
}

static void request_end(void *context, struct MHD_Connection *connection, void **slot,
                        enum MHD_RequestTerminationCode how)
{
	struct server *server = context;

	(void)connection;
	if (!*slot)
		return;
	server->under_way--;
	if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		server->answered++;
	else
		server->abandoned++;
	free(*slot);
	*slot = NULL;
}

static int open_daemon(struct server *server, const struct settings *settings)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)settings->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
		NULL, handle, server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
		MHD_OPTION_CONNECTION_LIMIT, settings->max_connections,
		MHD_OPTION_CONNECTION_TIMEOUT, settings->idle,
		MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG,
		MHD_OPTION_NOTIFY_COMPLETED, request_end, server, MHD_OPTION_END);
	return server->daemon ? 0 : -EADDRINUSE;
}

int server_open(struct server *server, const struct settings *settings)
{
	int error;

	server->folder = open(settings->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (server->folder < 0) {
		error = -errno;
		complain(settings->folder, strerror(errno));
		return error;
	}
	error = dispatch_open(&server->dispatch, settings);
	if (error) {
		complain("cannot start a pool", strerror(-error));
		close(server->folder);
		return error;
	}
	error = open_daemon(server, settings);
	if (error) {
		complain("cannot listen", "is the port taken?");
		dispatch_close(&server->dispatch);
		close(server->folder);
	}
	return error;
}

void server_close(struct server *server)
{
	MHD_stop_daemon(server->daemon);
	dispatch_close(&server->dispatch);
	close(server->folder);
}

unsigned server_port(struct server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

int server_descriptor(struct server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int server_timeout(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	if (MHD_get_timeout(server->daemon, &timeout) != MHD_YES)
		return -1;
	return timeout < INT_MAX ? (int)timeout : INT_MAX;
}

static unsigned connections(struct server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
	        ->num_connections;
}

/*
 * libmicrohttpd 0.9.75 doesn't listen while there is no room, and looks whether there
 * is some when a run begins: after one in which connections have gone it needs another.
 */
void server_run(struct server *server)
{
	struct request *request;
	unsigned before;

	while ((request = dispatch_take(&server->dispatch)) != NULL)
		MHD_resume_connection(request->connection);
	do {
		before = connections(server);
		MHD_run(server->daemon);
	} while (connections(server) < before);
}

/* Who was connected by the kernel has connected, though nobody has looked yet. */
void server_stop_listening(struct server *server)
{
	int client, listener = MHD_quiesce_daemon(server->daemon);
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	server->closing = true;
	if (listener < 0)
		return;
	fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
	while ((client = accept4(listener, (struct sockaddr *)&address, &length,
	                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		MHD_add_connection(server->daemon, client, (struct sockaddr *)&address,
		                   length);
		length = sizeof(address);
	}
	close(listener);
}
