/* SPDX-License-Identifier: MIT */
/*
 * connection_bench - what a message through a connection costs, against bare writing and reading; and to get connected.
 */
#include "bench.h"
#include "partner.h"
#include "stream_rivals.h"

#include <mproc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SIZES = 3,
	KINDS = 4,
	CONNECTS = 20,
	/* Not what protects anything: what must be proven. */
	KEY_SIZE = 32,
};

static const struct {
	const char *name;
	size_t size, count;
} sizes[SIZES] = {{"8B", 8, 6000}, {"4KiB", 4096, 2000}, {"1MiB", 1 << 20, 16}};

static void expect(int rc, const char *what)
{
	if (rc != 0)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

typedef struct ends {
	mproc_connection *receiver, *sender;
} ends;

static void *open_pipe(size_t size)
{
	const mproc_pipe_options options = {.one_way = true};
	ends *self = malloc(sizeof *self);

	(void)size;
	if (self == NULL)
		bench_fail("no memory for a pipe");
	expect(mproc_pipe(&options, &self->receiver, &self->sender), "mproc_pipe");
	return self;
}

static void close_pipe(void *channel)
{
	ends *self = channel;

	if (self == NULL)
		return;
	mproc_connection_close(self->receiver);
	mproc_connection_close(self->sender);
	free(self);
}

static void send(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	expect(mproc_connection_send(self->sender, message, size, MPROC_FOREVER), "mproc_connection_send");
}

static void receive(void *channel, char *message, size_t size)
{
	const ends *self = channel;

	expect(mproc_connection_recv(self->receiver, message, size, MPROC_FOREVER, NULL),
		"mproc_connection_recv");
}

static void send_each(const stream_share *share)
{
	stream_put_each(share, send);
}

static uint64_t receive_each(const stream_share *share)
{
	return stream_get_each(share, receive);
}

static const stream_kind our_pipe = {
	"connection", STREAM_MOST, open_pipe, close_pipe, send_each, receive_each};

static const stream_kind *const kinds[KINDS] = {
	&our_pipe, &stream_socketpair, &stream_pipe, &stream_seqpacket};

/* Those who carry messages of one size; the first is ours. */
typedef struct connection_contest {
	const char *size_name;
	size_t count;
	stream_crew *crew;
	stream_turn turns[KINDS];
	bench_contestant contestants[KINDS];
} connection_contest;

static void prepare(connection_contest *self, size_t size)
{
	*self = (connection_contest){.size_name = sizes[size].name};
	for (size_t i = 0; i < KINDS; ++i) {
		stream_turn *turn = &self->turns[self->count];

		if (sizes[size].size > kinds[i]->most)
			continue;
		*turn = (stream_turn){
			.kind = kinds[i],
			.channel = kinds[i]->open(sizes[size].size),
			.size = sizes[size].size,
			.count = sizes[size].count,
			.producers = 1,
			.consumers = 1,
		};
		self->contestants[self->count++] = (bench_contestant){.run = stream_run, .self = turn};
	}
	self->crew = stream_crew_open(1);
	for (size_t i = 0; i < self->count; ++i)
		self->turns[i].crew = self->crew;
}

static void print_contest(const connection_contest *self)
{
	char name[64];

	for (size_t i = 0; i < self->count; ++i) {
		snprintf(name, sizeof name, "%s.%s", self->turns[i].kind->name, self->size_name);
		bench_print_times(name, &self->contestants[i], 1, "ns");
	}
	for (size_t i = 1; i < self->count; ++i) {
		snprintf(name, sizeof name, "connection.%s/%s", self->size_name, self->turns[i].kind->name);
		bench_print_ratio(name, &self->contestants[0], &self->contestants[i], 0);
	}
}

static void measure_messages(size_t size)
{
	connection_contest self;

	prepare(&self, size);
	bench_contest_in_slices(self.contestants, self.count, 0.5);
	print_contest(&self);
	stream_crew_close(self.crew);
	for (size_t i = 0; i < self.count; ++i)
		self.turns[i].kind->close(self.turns[i].channel);
}

/* Where the partner accepts. */
typedef struct door {
	const char *name;
	bool is_tcp;
	/* NULL for none. */
	const void *key;
	mproc_listener *listener;
	bench_partner *partner;
} door;

static void accept_all(void *argument)
{
	const door *self = argument;

	for (int i = 0; i < CONNECTS; ++i) {
		mproc_connection *connection;

		expect(mproc_listener_accept(self->listener, MPROC_FOREVER, &connection),
			"mproc_listener_accept");
		mproc_connection_close(connection);
	}
}

static double connect_to(void *argument)
{
	const door *self = argument;
	const mproc_connect_options options = {
		.key = self->key, .key_size = self->key == NULL ? 0 : KEY_SIZE};
	double start = bench_now();

	bench_partner_start(self->partner);
	for (int i = 0; i < CONNECTS; ++i) {
		mproc_connection *connection;

		expect(mproc_connect(
			       mproc_listener_address(self->listener), &options, MPROC_FOREVER, &connection),
			"mproc_connect");
		mproc_connection_close(connection);
	}
	bench_partner_wait(self->partner);
	return (bench_now() - start) / CONNECTS;
}

static void open_door(door *self, const char *address)
{
	const mproc_listener_options options = {
		.key = self->key,
		.key_size = self->key == NULL ? 0 : KEY_SIZE,
		.without_key = self->key == NULL,
	};

	expect(mproc_listener_open(address, &options, &self->listener), "mproc_listener_open");
	self->partner = bench_partner_open(accept_all, self, 1);
}

static void measure_connects(void)
{
	static const char key[KEY_SIZE] = "the same on both sides";
	door doors[] = {
		{.name = "connect.unix"},
		{.name = "connect.unix.key", .key = key},
		{.name = "connect.tcp", .is_tcp = true},
		{.name = "connect.tcp.key", .is_tcp = true, .key = key},
	};
	enum {
		DOORS = sizeof doors / sizeof *doors
	};
	bench_contestant contestants[DOORS];
	char folder[] = "/tmp/mproc-bench-XXXXXX", address[64];

	if (mkdtemp(folder) == NULL)
		bench_fail("no folder for sockets");
	for (size_t i = 0; i < DOORS; ++i) {
		snprintf(address, sizeof address, "unix:%s/%zu", folder, i);
		open_door(&doors[i], doors[i].is_tcp ? "tcp://127.0.0.1:0" : address);
		contestants[i] = (bench_contestant){.run = connect_to, .self = &doors[i]};
	}
	bench_stay_at(0);
	bench_contest_in_slices(contestants, DOORS, 0.5);
	for (size_t i = 0; i < DOORS; ++i) {
		bench_print_rates(doors[i].name, &contestants[i]);
		bench_partner_close(doors[i].partner);
		mproc_listener_close(doors[i].listener);
	}
	rmdir(folder);
}

int main(void)
{
	for (size_t size = 0; size < SIZES; ++size)
		measure_messages(size);
	measure_connects();
	bench_print_others();
	return 0;
}
