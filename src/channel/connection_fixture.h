/* SPDX-License-Identifier: MIT */
/*
 * channel/connection_fixture.h - connections over each kind of socket, and what goes through them, for tests.
 */
#ifndef CHANNEL_CONNECTION_FIXTURE_H
#define CHANNEL_CONNECTION_FIXTURE_H

#include "people.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/connection.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum socket_kind {
	PACKETS,
	STREAM,
	TCP,
	SOCKET_KINDS,
} socket_kind;

static inline void check_failed(int rc, int expected, const char *text)
{
	ck_assert_int_eq(rc, expected);
	support_check_text(text);
}

static inline void make_tcp(int ret_sockets[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	ret_sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(ret_sockets[0], (struct sockaddr *)&address, size), 0);
	ret_sockets[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(ret_sockets[1], 0);
	close(listener);
}

/* Two sockets that are connected to each other. */
static inline void make_sockets(socket_kind kind, int ret_sockets[2])
{
	int type = kind == PACKETS ? SOCK_SEQPACKET : SOCK_STREAM;

	if (kind == TCP)
		make_tcp(ret_sockets);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, type, 0, ret_sockets), 0);
}

static inline mproc_connection *open_limited(int socket, size_t max_message)
{
	mproc_connection *connection;
	int rc;

	rc = mproc_connection_open(
		socket, &(mproc_connection_options){.max_message = max_message}, &connection);
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	return connection;
}

/* Two ends of a connection. */
typedef struct ends {
	mproc_connection *near, *far;
} ends;

static inline ends open_ends(socket_kind kind)
{
	int sockets[2];

	make_sockets(kind, sockets);
	return (ends){.near = open_limited(sockets[0], 0), .far = open_limited(sockets[1], 0)};
}

static inline void close_ends(ends *it)
{
	it->near = mproc_connection_close(it->near);
	it->far = mproc_connection_close(it->far);
}

/* Have each kind of connection show @behaviour. */
static inline void check_each_kind(void (*behaviour)(ends *it, socket_kind kind))
{
	for (socket_kind kind = PACKETS; kind < SOCKET_KINDS; ++kind) {
		ends it = open_ends(kind);

		behaviour(&it, kind);
		close_ends(&it);
	}
}

/* The bytes of a message: others for each number. */
static inline void fill(unsigned char *bytes, size_t size, unsigned number)
{
	for (size_t i = 0; i < size; ++i)
		bytes[i] = (unsigned char)(i * 31 + i / 256 + number * 7);
}

static inline bool is_filled(const unsigned char *bytes, size_t size, unsigned number)
{
	for (size_t i = 0; i < size; ++i) {
		if (bytes[i] != (unsigned char)(i * 31 + i / 256 + number * 7))
			return false;
	}
	return true;
}

/* Send message @number of @size bytes. */
static inline int send_filled(
	mproc_connection *connection, size_t size, unsigned number, mproc_deadline deadline)
{
	unsigned char *bytes = calloc(1, size + 1);
	int rc;

	fill(bytes, size, number);
	rc = mproc_connection_send(connection, bytes, size, deadline);
	free(bytes);
	return rc;
}

/* Receive it into a buffer of @room bytes.  Returns what receiving returned. */
static inline int recv_filled(
	mproc_connection *connection, size_t size, size_t room, unsigned number, mproc_deadline deadline)
{
	unsigned char *bytes = malloc(room + 1);
	size_t came = 0;
	int rc;

	rc = mproc_connection_recv(connection, bytes, room, deadline, &came);
	if (rc == 0) {
		ck_assert_uint_eq(came, size);
		ck_assert(is_filled(bytes, size, number));
	}
	free(bytes);
	return rc;
}

/* Somebody who sends some messages, from 0 on, in a thread. */
typedef struct stream_of {
	mproc_connection *connection;
	size_t size;
	unsigned count;
} stream_of;

static inline int send_stream(void *argument)
{
	const stream_of *it = argument;
	int rc = 0;

	for (unsigned i = 0; i < it->count && rc == 0; ++i)
		rc = send_filled(it->connection, it->size, i, MPROC_FOREVER);
	return rc;
}

#endif
