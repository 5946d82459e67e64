/* SPDX-License-Identifier: MIT */
/*
 * running_fixture.h - a server that runs in a thread of the test's process, and clients that say bytes and expect bytes.
 */
#ifndef MANAGER_RUNNING_FIXTURE_H
#define MANAGER_RUNNING_FIXTURE_H

#include "manager/server.h"
#include "support.h"

#include <mproc/result.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
	mproci_server *server;
	uv_async_t stop;
	pthread_t thread;
	char folder[32], path[40];
} running;

/* A .warm_up: what libuv opens once, for signals. */
static inline void running_warm_up(void)
{
	uv_loop_t loop;

	uv_loop_init(&loop);
	uv_loop_close(&loop);
}

static void running_on_stop(uv_async_t *async)
{
	mproci_server_stop(async->data);
}

static void *running_serve(void *server)
{
	mproci_server_run(server);
	return NULL;
}

/* Which others cannot write to; and a path in it. */
static inline void running_make_folder(void)
{
	strcpy(running.folder, "/tmp/mproc-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(running.folder));
	snprintf(running.path, sizeof running.path, "%s/s", running.folder);
}

/* Make a server with these options, at a path of its own unless they have a host. */
static inline void running_create(mproci_server_options options)
{
	running_make_folder();
	if (options.host == NULL)
		options.path = running.path;
	ck_assert_msg(mproci_server_create(&options, &running.server) == 0, "%s", mproc_error_text());
	uv_async_init(mproci_server_loop(running.server), &running.stop, running_on_stop);
	running.stop.data = running.server;
}

/* Have it run. */
static inline void running_begin(void)
{
	ck_assert_int_eq(pthread_create(&running.thread, NULL, running_serve, running.server), 0);
}

static inline void running_start(mproci_server_options options)
{
	running_create(options);
	running_begin();
}

static inline void running_stop(void)
{
	uv_async_send(&running.stop);
	pthread_join(running.thread, NULL);
	running.server = mproci_server_destroy(running.server);
	ck_assert_int_eq(access(running.path, F_OK), -1);
	rmdir(running.folder);
}

static inline int client_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", running.path);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
	return client;
}

static inline int client_open_tcp(void)
{
	const char *port = strrchr(mproci_server_address(running.server), ':');
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10))};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
	return client;
}

static inline void say_bytes(int client, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(client, bytes, size, MSG_NOSIGNAL);

		ck_assert_int_gt(sent, 0);
		bytes += sent;
		size -= (size_t)sent;
	}
}

static inline void say(int client, const char *text)
{
	say_bytes(client, text, strlen(text));
}

/* Receive as much as that, and compare. */
static inline void expect(int client, const char *text)
{
	size_t size = strlen(text), got = 0;
	char *answer = calloc(1, size + 1);

	while (got < size) {
		ssize_t more = recv(client, answer + got, size - got, 0);

		ck_assert_msg(more > 0, "only \"%s\" instead of \"%s\"", answer, text);
		got += (size_t)more;
	}
	ck_assert_str_eq(answer, text);
	free(answer);
}

/* The server hangs up, and has nothing more to say. */
static inline void expect_end(int client)
{
	char more;
	ssize_t got = recv(client, &more, 1, 0);

	ck_assert_msg(got <= 0, "\"%c\" instead of the end", more);
	close(client);
}

static inline void ask_and_expect(int client, const char *request, const char *answer)
{
	say(client, request);
	expect(client, answer);
}

#endif
