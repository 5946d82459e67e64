/* SPDX-License-Identifier: MIT */
#include "redis.h"

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PATH_SIZE = 64,
	/* How often it is looked whether the server listens, each millisecond. */
	LOOKS = 5000,
	/* Of redis-benchmark. */
	CLIENTS = 50,
	KEYS = 100000,
};

struct bench_redis {
	pid_t pid;
	char folder[PATH_SIZE], path[PATH_SIZE];
	unsigned port;
};

/* A port that was free just now. */
static unsigned find_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof address) < 0
		|| getsockname(listening, (struct sockaddr *)&address, &size) < 0)
		bench_fail("no port: %s", strerror(errno));
	close(listening);
	return ntohs(address.sin_port);
}

static _Noreturn void become(const bench_redis *server, pid_t parent)
{
	char port[16];

	snprintf(port, sizeof port, "%u", server->port);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--unixsocket",
			server->path, "--save", "", "--dir", server->folder, "--logfile", "log",
			(char *)NULL);
	_exit(127);
}

static bool is_listening(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_there;

	memccpy(address.sun_path, path, 0, sizeof address.sun_path - 1);
	is_there = connect(socket_, (struct sockaddr *)&address, sizeof address) == 0;
	close(socket_);
	return is_there;
}

/* Returns whether it listens; otherwise it has ended. */
static bool await(const bench_redis *server)
{
	for (int look = 0; look < LOOKS; ++look) {
		if (is_listening(server->path))
			return true;
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	bench_fail("redis-server does not listen at %s", server->path);
}

bench_redis *bench_redis_open(void)
{
	bench_redis *server = calloc(1, sizeof *server);
	pid_t parent = getpid();

	if (server == NULL)
		bench_fail("no memory");
	snprintf(server->folder, sizeof server->folder, "/tmp/mproc-bench-XXXXXX");
	if (mkdtemp(server->folder) == NULL)
		bench_fail("%s: %s", server->folder, strerror(errno));
	snprintf(server->path, sizeof server->path, "%.40s/redis", server->folder);
	server->port = find_port();
	server->pid = fork();
	if (server->pid == 0)
		become(server, parent);
	if (server->pid < 0)
		bench_fail("cannot start redis-server: %s", strerror(errno));
	if (await(server))
		return server;
	server->pid = 0;
	return bench_redis_close(server);
}

const char *bench_redis_path(const bench_redis *server)
{
	return server->path;
}

unsigned bench_redis_port(const bench_redis *server)
{
	return server->port;
}

bench_redis *bench_redis_close(bench_redis *server)
{
	char log[PATH_SIZE + 8];

	if (server == NULL)
		return NULL;
	if (server->pid > 0) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
	}
	snprintf(log, sizeof log, "%s/log", server->folder);
	unlink(log);
	unlink(server->path);
	rmdir(server->folder);
	free(server);
	return NULL;
}

double bench_redis_drive(const char *path, const char *test, unsigned count, unsigned in_flight)
{
	char command[256], line[256] = "";
	double rate = 0;
	FILE *output;

	snprintf(command, sizeof command, "redis-benchmark -s %s -t %s -n %u -c %d -P %u -r %d --csv", path,
		test, count, CLIENTS, in_flight, KEYS);
	output = popen(command, "re");
	if (output == NULL)
		bench_fail("redis-benchmark: %s", strerror(errno));
	/* "test","rps",… and below "GET","61000.00",… */
	while (fgets(line, sizeof line, output) != NULL) {
		if (sscanf(line, "\"%*[^\"]\",\"%lf\"", &rate) == 1)
			break;
	}
	while (fgets(line, sizeof line, output) != NULL)
		continue;
	if (pclose(output) != 0 || rate <= 0)
		bench_fail("redis-benchmark has failed: %s", command);
	return 1e9 / rate;
}
