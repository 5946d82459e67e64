/* SPDX-License-Identifier: MIT */
/*
 * queue_zeromq - the work of queue_bench.c on ZeroMQ's PUSH and PULL sockets over ipc; a peer (peer.h).
 */
#include "bench.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

/* Each process has its own copy of this, and its own socket: neither contexts nor sockets survive a fork. */
typedef struct zeromq_channel {
	/* In no file system. */
	char address[64];
	void *socket;
} zeromq_channel;

static void *open_channel(size_t size)
{
	zeromq_channel *self = calloc(1, sizeof *self);

	if (self == NULL)
		bench_fail("no memory for a channel");
	snprintf(self->address, sizeof self->address, "ipc://@mproc-bench-%d-%zu", (int)getpid(), size);
	return self;
}

static void close_channel(void *channel)
{
	free(channel);
}

static void *open_socket(const zeromq_channel *self, int type)
{
	static void *context;
	void *socket;
	int rc = -1;

	if (context == NULL)
		context = zmq_ctx_new();
	socket = context == NULL ? NULL : zmq_socket(context, type);
	if (socket != NULL)
		rc = type == ZMQ_PULL ? zmq_bind(socket, self->address) : zmq_connect(socket, self->address);
	if (rc < 0)
		bench_fail("queue_zeromq: %s: %s", self->address, zmq_strerror(zmq_errno()));
	return socket;
}

static void put(void *argument, char *message, size_t size)
{
	const zeromq_channel *self = argument;

	if (zmq_send(self->socket, message, size, 0) < 0)
		bench_fail("zmq_send: %s", zmq_strerror(zmq_errno()));
}

static void get(void *argument, char *message, size_t size)
{
	const zeromq_channel *self = argument;

	if (zmq_recv(self->socket, message, size, 0) != (int)size)
		bench_fail("zmq_recv: %s", zmq_strerror(zmq_errno()));
}

static void put_each(const stream_share *share)
{
	zeromq_channel *self = share->channel;

	if (self->socket == NULL)
		self->socket = open_socket(self, ZMQ_PUSH);
	stream_put_each(share, put);
}

static uint64_t get_each(const stream_share *share)
{
	zeromq_channel *self = share->channel;

	if (self->socket == NULL)
		self->socket = open_socket(self, ZMQ_PULL);
	return stream_get_each(share, get);
}

int main(void)
{
	static const stream_kind kind = {
		"zeromq", STREAM_MOST, open_channel, close_channel, put_each, get_each};

	stream_serve(&kind);
	return 0;
}
