/* SPDX-License-Identifier: MIT */
/*
 * redis_bench - what it costs a program of mproc to ask a Redis server: by a Unix socket and by TCP, with 1, 16 and 64 commands on their way
 * at once; and by a connection that is kept against one for each look at a flag.
 */
#include "bench.h"
#include "redis.h"

#include <mproc-net.h>
#include <mproc.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME = 96,
	TURN = 4096,
	MOST_IN_FLIGHT = 64,
	LOOKS = 256,
};

static const double PATIENCE = 10;
static const char FLAG[] = "mproc-bench:flag";

static const unsigned in_flight[] = {1, 16, 64};
enum {
	DEPTHS = sizeof in_flight / sizeof *in_flight
};

typedef struct asker {
	const char *url;
	mproc_remote *remote;
	unsigned in_flight;
} asker;

static void expect(int rc, const char *what)
{
	if (rc < 0)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

/* TURN times GET. */
static double ask(void *self)
{
	static const char *const words[] = {"GET", FLAG};
	const asker *given = self;
	mproc_remote_command_line lines[MOST_IN_FLIGHT];
	mproc_remote_reply *replies;
	double start = bench_now();

	for (unsigned i = 0; i < given->in_flight; ++i)
		lines[i] = (mproc_remote_command_line){2, words, NULL};
	for (unsigned done = 0; done < TURN; done += given->in_flight) {
		expect(mproc_remote_commands(
			       given->remote, lines, given->in_flight, mproc_after(PATIENCE), &replies),
			"mproc_remote_commands");
		mproc_remote_reply_free(replies);
	}
	return (bench_now() - start) / TURN;
}

static double look(void *self)
{
	const asker *given = self;
	double start = bench_now();

	for (int i = 0; i < LOOKS; ++i)
		expect(mproc_remote_flag_get(given->remote, FLAG, mproc_after(PATIENCE)),
			"mproc_remote_flag_get");
	return (bench_now() - start) / LOOKS;
}

/* As a program that connects for each look. */
static double connect_and_look(void *self)
{
	const asker *given = self;
	double start = bench_now();

	for (int i = 0; i < LOOKS; ++i) {
		mproc_remote *remote;

		expect(mproc_remote_connect(given->url, NULL, mproc_after(PATIENCE), &remote), given->url);
		expect(mproc_remote_flag_get(remote, FLAG, mproc_after(PATIENCE)), "mproc_remote_flag_get");
		mproc_remote_close(remote);
	}
	return (bench_now() - start) / LOOKS;
}

static void compare_depths(asker *local, asker *tcp)
{
	/* The first half by the socket, the others by TCP. */
	bench_contestant contestants[DEPTHS + DEPTHS];
	asker askers[DEPTHS + DEPTHS];
	char name[NAME];

	for (int i = 0; i < DEPTHS; ++i) {
		askers[i] = (asker){local->url, local->remote, in_flight[i]};
		askers[DEPTHS + i] = (asker){tcp->url, tcp->remote, in_flight[i]};
	}
	for (int i = 0; i < DEPTHS + DEPTHS; ++i)
		contestants[i] = (bench_contestant){.run = ask, .self = &askers[i]};
	bench_contest(contestants, DEPTHS + DEPTHS);
	for (int i = 0; i < DEPTHS; ++i) {
		snprintf(name, sizeof name, "redis.get.unix.%u", in_flight[i]);
		bench_print_times(name, &contestants[i], 1, "ns");
		snprintf(name, sizeof name, "redis.get.tcp.%u", in_flight[i]);
		bench_print_times(name, &contestants[DEPTHS + i], 1, "ns");
		snprintf(name, sizeof name, "redis.get.unix.%u/tcp", in_flight[i]);
		bench_print_ratio(name, &contestants[i], &contestants[DEPTHS + i], 0);
	}
}

static void compare_connecting(asker *given, const char *way)
{
	bench_contestant contestants[] = {
		{.run = look, .self = given}, {.run = connect_and_look, .self = given}};
	char name[NAME];

	bench_contest(contestants, 2);
	snprintf(name, sizeof name, "redis.look.%s.kept", way);
	bench_print_times(name, &contestants[0], 1, "ns");
	snprintf(name, sizeof name, "redis.look.%s.connected_anew", way);
	bench_print_times(name, &contestants[1], 1, "ns");
	snprintf(name, sizeof name, "redis.look.%s.kept/connected_anew", way);
	bench_print_ratio(name, &contestants[0], &contestants[1], 0);
}

int main(void)
{
	bench_redis *redis = bench_redis_open();
	char local_url[NAME], tcp_url[NAME];
	asker local = {.url = local_url}, tcp = {.url = tcp_url};

	if (redis == NULL) {
		fprintf(stderr, "redis-server is not installed: nothing to measure\n");
		return 0;
	}
	snprintf(local_url, sizeof local_url, "unix:%s", bench_redis_path(redis));
	snprintf(tcp_url, sizeof tcp_url, "redis://127.0.0.1:%u", bench_redis_port(redis));
	expect(mproc_remote_connect(local_url, NULL, mproc_after(PATIENCE), &local.remote), local_url);
	expect(mproc_remote_connect(tcp_url, NULL, mproc_after(PATIENCE), &tcp.remote), tcp_url);
	compare_depths(&local, &tcp);
	compare_connecting(&local, "unix");
	compare_connecting(&tcp, "tcp");
	mproc_remote_close(local.remote);
	mproc_remote_close(tcp.remote);
	bench_redis_close(redis);
	bench_print_others();
	return 0;
}
