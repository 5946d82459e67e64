/* SPDX-License-Identifier: MIT */
/*
 * A private server for tests: on a Unix socket in a directory of its own, which is removed with it.
 *
 *	redis_server server;
 *
 *	server_start(&server, NULL);
 *	... server.url ...
 *	server_stop(&server);
 *
 * It is a redis-server; where the environment has MPROC_TEST_SERVER=manager it is a manager.
 */
#ifndef REMOTE_SERVER_FIXTURE_H
#define REMOTE_SERVER_FIXTURE_H

#include "support.h"

#include <assert.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SERVER_MORE = 12,
	SERVER_ARGUMENTS = 48,
	SERVER_TESTS = 64,
};

typedef struct redis_server redis_server;

typedef struct server_options {
	/* Listen on a port of the loopback too: url_of_port. */
	bool has_port;
	const char *password;
	/* Bytes of memory that it may have, as a number; NULL: any. */
	const char *memory;

	/* What follows a manager has not. */

	/* Keep a journal, written to the disk "always", "everysec", "no"; NULL: none. */
	const char *journal;
	/* Be a replica of that one, which has a port. */
	const redis_server *primary;
	/* More arguments, such as "--maxmemory", "1mb". */
	const char *more[SERVER_MORE];
} server_options;

struct redis_server {
	server_options options;
	char directory[64];
	char socket[96];
	/* Without a password. */
	char url[128];
	int port;
	char url_of_port[64];
	pid_t pid;
};

/* A port that nobody has. */
static inline int server_choose_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(listening, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	close(listening);
	return ntohs(address.sin_port);
}

/* Whether it is a manager. */
static inline bool server_is_manager(void)
{
	const char *kind = getenv("MPROC_TEST_SERVER");

	return kind != NULL && strcmp(kind, "manager") == 0;
}

static inline size_t server_append(const TTest **chosen, size_t count, const TTest *const *tests)
{
	for (; tests != NULL && *tests != NULL; ++tests) {
		assert(count + 1 < SERVER_TESTS);
		chosen[count++] = *tests;
	}
	return count;
}

static inline void server_name_skipped(const TTest *const *tests, const char *kind)
{
	for (; tests != NULL && *tests != NULL; ++tests)
		printf("skipped, as it is for %s: %s\n", kind, (*tests)->name);
	fflush(stdout);
}

/* The tests that both servers pass, and those for this one alone; the others are named.  Either may be NULL. */
static inline const TTest *const *server_choose(
	const TTest *const *both, const TTest *const *redis, const TTest *const *manager)
{
	static const TTest *chosen[SERVER_TESTS];
	size_t count = server_append(chosen, 0, both);

	server_append(chosen, count, server_is_manager() ? manager : redis);
	server_name_skipped(
		server_is_manager() ? redis : manager, server_is_manager() ? "Redis" : "a manager");
	return chosen;
}

/* The arguments, in a line each: two to an option, so that a value may be empty. */
static inline size_t server_add(const char **arguments, size_t count, const char *name, const char *value)
{
	ck_assert_uint_lt(count + 2, SERVER_ARGUMENTS);
	arguments[count] = name;
	arguments[count + 1] = value;
	return count + 2;
}

static inline void server_fill_redis(const redis_server *server, const char **arguments, char texts[3][32])
{
	const server_options *options = &server->options;
	size_t count = 1;

	arguments[0] = "redis-server";
	snprintf(texts[0], sizeof texts[0], "%d", server->port);
	count = server_add(arguments, count, "--port", texts[0]);
	count = server_add(arguments, count, "--bind", "127.0.0.1");
	count = server_add(arguments, count, "--unixsocket", server->socket);
	count = server_add(arguments, count, "--dir", server->directory);
	count = server_add(arguments, count, "--logfile", "log");
	count = server_add(arguments, count, "--save", "");
	count = server_add(arguments, count, "--repl-diskless-sync-delay", "0");
	count = server_add(arguments, count, "--appendonly", options->journal == NULL ? "no" : "yes");
	if (options->journal != NULL)
		count = server_add(arguments, count, "--appendfsync", options->journal);
	if (options->password != NULL)
		count = server_add(arguments, count, "--requirepass", options->password);
	if (options->memory != NULL)
		count = server_add(arguments, count, "--maxmemory", options->memory);
	if (options->primary != NULL) {
		snprintf(texts[1], sizeof texts[1], "127.0.0.1 %d", options->primary->port);
		count = server_add(arguments, count, "--replicaof", texts[1]);
	}
	for (size_t i = 0; i < SERVER_MORE && options->more[i] != NULL; ++i)
		arguments[count++] = options->more[i];
	arguments[count] = NULL;
}

/* As tests/manager/serve.c takes them. */
static inline void server_fill_manager(const redis_server *server, const char **arguments, char text[32])
{
	const server_options *options = &server->options;
	const char *all[] = {support_program("tests/manager_serve"), server->socket,
		options->has_port ? "127.0.0.1" : "", text,
		options->password != NULL ? options->password : "", "", "", "",
		options->memory != NULL ? options->memory : "0", NULL};

	snprintf(text, 32, "%d", server->port);
	memcpy(arguments, all, sizeof all);
}

/* Become the server; it dies with the test. */
static inline void server_become(const redis_server *server)
{
	const char *arguments[SERVER_ARGUMENTS];
	char texts[3][32];
	char *copies[SERVER_ARGUMENTS] = {NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (server_is_manager())
		server_fill_manager(server, arguments, texts[0]);
	else
		server_fill_redis(server, arguments, texts);
	for (size_t i = 0; arguments[i] != NULL; ++i)
		copies[i] = strdup(arguments[i]);
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(copies[0], copies);
	_exit(127);
}

/* Whether it answers, other than that it is still reading its files. */
static inline bool server_answers(const redis_server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char answer[64] = "";
	bool is_there;
	int one = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(one, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", server->socket);
	is_there = connect(one, (struct sockaddr *)&address, sizeof address) == 0
		   && send(one, "PING\r\n", 6, MSG_NOSIGNAL) == 6
		   && recv(one, answer, sizeof answer - 1, 0) > 0 && strncmp(answer, "-LOADING", 8) != 0;
	close(one);
	return is_there;
}

/* Run it, in the directory as it is, and wait until it answers. */
static inline void server_run(redis_server *server)
{
	server->pid = fork();
	ck_assert_int_ge(server->pid, 0);
	if (server->pid == 0)
		server_become(server);
	while (!server_answers(server)) {
		ck_assert_msg(waitpid(server->pid, NULL, WNOHANG) == 0, "the server does not run: %s/log",
			server->directory);
		poll(NULL, 0, 2);
	}
}

/* Make a directory, and run it there. */
static inline void server_start(redis_server *server, const server_options *options)
{
	*server = (redis_server){.directory = "/tmp/mproc-redis-XXXXXX"};
	if (options != NULL)
		server->options = *options;
	if (server_is_manager())
		ck_assert(server->options.journal == NULL && server->options.primary == NULL
			  && server->options.more[0] == NULL);
	ck_assert_ptr_nonnull(mkdtemp(server->directory));
	snprintf(server->socket, sizeof server->socket, "%s/redis.sock", server->directory);
	snprintf(server->url, sizeof server->url, "unix:%s", server->socket);
	if (server->options.has_port) {
		server->port = server_choose_port();
		snprintf(server->url_of_port, sizeof server->url_of_port, "redis://127.0.0.1:%d",
			server->port);
	}
	server_run(server);
}

/* End it by a signal: SIGKILL, or SIGTERM, upon which it writes what it is told to write. */
static inline void server_end(redis_server *server, int signal)
{
	if (server->pid > 0) {
		kill(server->pid, signal);
		ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
	}
	server->pid = 0;
	/* One that is killed leaves it, and would look like one that refuses. */
	unlink(server->socket);
}

static inline int server_remove_entry(
	const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

/* Kill it, and remove all that it has left. */
static inline void server_stop(redis_server *server)
{
	server_end(server, SIGKILL);
	ck_assert_int_eq(nftw(server->directory, server_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
