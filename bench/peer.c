/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LINE_SIZE = 64
};

struct bench_peer {
	const char *program;
	pid_t pid;
	FILE *to, *from;
};

static void find_beside(const char *program, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	if (length < 0)
		bench_fail("/proc/self/exe: %s", strerror(errno));
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	if ((size_t)snprintf(path, size, "%s/%s", self, program) >= size)
		bench_fail("%s/%s: the path is too long", self, program);
}

/* In the child. */
static _Noreturn void become(const char *const command[], int in, int out, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
		execvp(command[0], (char *const *)(uintptr_t)command);
		fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
	}
	_exit(127);
}

/* Start @command, NULL after the last word; what it is called is @program. */
static bench_peer *start(const char *program, const char *const command[])
{
	bench_peer *peer = calloc(1, sizeof *peer);
	int to[2], from[2];
	pid_t parent = getpid();

	if (peer == NULL || pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		bench_fail("no pipes to %s: %s", program, strerror(errno));
	peer->program = program;
	peer->pid = fork();
	if (peer->pid == 0)
		become(command, to[0], from[1], parent);
	if (peer->pid < 0)
		bench_fail("cannot start %s: %s", program, strerror(errno));
	close(to[0]);
	close(from[1]);
	peer->to = fdopen(to[1], "w");
	peer->from = fdopen(from[0], "r");
	if (peer->to == NULL || peer->from == NULL)
		bench_fail("no memory for %s", program);
	/* A peer that has gone is noticed by the answer that does not come. */
	signal(SIGPIPE, SIG_IGN);
	return peer;
}

/* Returns once no thread of it runs any more. */
static void stop(const bench_peer *peer)
{
	int status;

	kill(peer->pid, SIGSTOP);
	if (waitpid(peer->pid, &status, WUNTRACED) != peer->pid || !WIFSTOPPED(status))
		bench_fail("%s has ended", peer->program);
}

bench_peer *bench_peer_open(const char *program, unsigned argument)
{
	char path[PATH_MAX], text[16];

	find_beside(program, path, sizeof path);
	snprintf(text, sizeof text, "%u", argument);
	return start(program, (const char *const[]){path, text, NULL});
}

bench_peer *bench_peer_open_if_built(const char *program, unsigned argument)
{
	char path[PATH_MAX];

	find_beside(program, path, sizeof path);
	return access(path, X_OK) == 0 ? bench_peer_open(program, argument) : NULL;
}

static bench_peer *open_script(const char *interpreter, const char *text)
{
	bench_peer *peer = start(interpreter, (const char *const[]){interpreter, "-c", text, NULL});
	char line[LINE_SIZE];

	if (fgets(line, sizeof line, peer->from) == NULL)
		return bench_peer_close(peer);
	stop(peer);
	return peer;
}

bench_peer *bench_peer_open_python(const char *text)
{
	return open_script("python3", text);
}

bench_peer *bench_peer_open_debian_python(const char *text)
{
	return open_script("/usr/bin/python3", text);
}

double bench_peer_run(bench_peer *peer, const char *kind)
{
	char line[LINE_SIZE];

	kill(peer->pid, SIGCONT);
	fprintf(peer->to, "%s\n", kind);
	fflush(peer->to);
	if (fgets(line, sizeof line, peer->from) == NULL)
		bench_fail("%s did not answer to %s", peer->program, kind);
	stop(peer);
	return strtod(line, NULL);
}

bench_peer *bench_peer_close(bench_peer *peer)
{
	if (peer == NULL)
		return NULL;
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, NULL, 0);
	fclose(peer->to);
	fclose(peer->from);
	free(peer);
	return NULL;
}

void bench_peer_serve(double (*run)(const char *kind))
{
	char kind[LINE_SIZE];

	while (fgets(kind, sizeof kind, stdin) != NULL) {
		kind[strcspn(kind, "\n")] = '\0';
		printf("%.0f\n", run(kind));
		fflush(stdout);
	}
}
