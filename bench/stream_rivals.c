/* SPDX-License-Identifier: MIT */
#include "stream_rivals.h"

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PIPE_ROOM = 1 << 20,
	/* A socket takes a message of this size without asking for more room than it has by default. */
	SEQPACKET_MOST = 1 << 16,
	MQ_MOST = 4096,
	/* Messages: as many of these as the system allows, which allows the lesser number to everybody. */
	MQ_ROOM = 1024,
	MQ_LEAST_ROOM = 10,
};

/* From where to where: the same descriptor for a message queue. */
typedef struct ends {
	int from, to;
} ends;

static void *keep(int from, int to)
{
	ends *self = malloc(sizeof *self);

	if (self == NULL)
		bench_fail("no memory for a channel");
	*self = (ends){from, to};
	return self;
}

static void close_ends(void *channel)
{
	ends *self = channel;

	if (self == NULL)
		return;
	close(self->from);
	if (self->to != self->from)
		close(self->to);
	free(self);
}

static void write_all(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	while (size > 0) {
		ssize_t written = write(self->to, message, size);

		if (written < 0)
			bench_fail("write: %s", strerror(errno));
		message += written;
		size -= (size_t)written;
	}
}

static void read_all(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	while (size > 0) {
		ssize_t taken = read(self->from, message, size);

		if (taken <= 0)
			bench_fail("read: %s", taken == 0 ? "the end" : strerror(errno));
		message += taken;
		size -= (size_t)taken;
	}
}

static void write_each(const stream_share *share)
{
	stream_put_each(share, write_all);
}

static uint64_t read_each(const stream_share *share)
{
	return stream_get_each(share, read_all);
}

static void *open_pipe(size_t size)
{
	int fds[2];

	(void)size;
	if (pipe2(fds, O_CLOEXEC) < 0)
		bench_fail("pipe2: %s", strerror(errno));
	/* Where that is more than a user may have it stays at 64 KiB. */
	fcntl(fds[1], F_SETPIPE_SZ, PIPE_ROOM);
	return keep(fds[0], fds[1]);
}

static void *open_sockets(int type)
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0)
		bench_fail("socketpair: %s", strerror(errno));
	return keep(fds[0], fds[1]);
}

static void *open_socketpair(size_t size)
{
	(void)size;
	return open_sockets(SOCK_STREAM);
}

const stream_kind stream_pipe = {"pipe", STREAM_MOST, open_pipe, close_ends, write_each, read_each};
const stream_kind stream_socketpair = {
	"socketpair", STREAM_MOST, open_socketpair, close_ends, write_each, read_each};

static void *open_seqpacket(size_t size)
{
	(void)size;
	return open_sockets(SOCK_SEQPACKET);
}

static void send_packet(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	if (send(self->to, message, size, 0) != (ssize_t)size)
		bench_fail("send: %s", strerror(errno));
}

static void receive_packet(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	if (recv(self->from, message, size, 0) != (ssize_t)size)
		bench_fail("recv: %s", strerror(errno));
}

static void send_each(const stream_share *share)
{
	stream_put_each(share, send_packet);
}

static uint64_t receive_each(const stream_share *share)
{
	return stream_get_each(share, receive_packet);
}

const stream_kind stream_seqpacket = {
	"seqpacket", SEQPACKET_MOST, open_seqpacket, close_ends, send_each, receive_each};

static mqd_t open_queue_of(long room, size_t size)
{
	const struct mq_attr attributes = {.mq_maxmsg = room, .mq_msgsize = (long)size};
	char name[64];
	mqd_t queue;

	snprintf(name, sizeof name, "/mproc-bench-%d-%zu", (int)getpid(), size);
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
	if (queue >= 0)
		mq_unlink(name);
	return queue;
}

static void *open_posix_mq(size_t size)
{
	mqd_t queue = -1;

	for (long room = MQ_ROOM; queue < 0 && room > MQ_LEAST_ROOM; room /= 2)
		queue = open_queue_of(room, size);
	if (queue < 0)
		queue = open_queue_of(MQ_LEAST_ROOM, size);
	if (queue < 0) {
		fprintf(stderr, "mq: left out for %zu bytes: %s\n", size, strerror(errno));
		return NULL;
	}
	return keep(queue, queue);
}

static void send_by_mq(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	if (mq_send(self->to, message, size, 0) < 0)
		bench_fail("mq_send: %s", strerror(errno));
}

static void receive_by_mq(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	if (mq_receive(self->from, message, size, NULL) != (ssize_t)size)
		bench_fail("mq_receive: %s", strerror(errno));
}

static void send_each_by_mq(const stream_share *share)
{
	stream_put_each(share, send_by_mq);
}

static uint64_t receive_each_by_mq(const stream_share *share)
{
	return stream_get_each(share, receive_by_mq);
}

const stream_kind stream_posix_mq = {
	"mq", MQ_MOST, open_posix_mq, close_ends, send_each_by_mq, receive_each_by_mq};
