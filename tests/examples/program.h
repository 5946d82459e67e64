/* SPDX-License-Identifier: MIT */
/*
 * program.h - runs a program of this build, as a shell would, and keeps what it printed.
 *
 *	struct program run = run_program("examples/find_primes --range A");
 *
 *	ck_assert_int_eq(run.status, 0);
 *	ck_assert_ptr_nonnull(strstr(run.output, "551"));
 *	forget_program(&run);
 */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	most_program_words = 32
};

struct program {
	pid_t pid;
	/* Readable for poll when the program has ended. */
	int end;
	/* Where its standard output and standard error go. */
	int output_fd;
	int error_fd;

	/* After finish_program: the exit code or -signal, and all that it printed. */
	int status;
	char *output;
	char *error;
};

static inline void split_words(char *text, char *words[most_program_words])
{
	int count = 0;

	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		ck_assert_int_lt(count, most_program_words - 1);
		words[count++] = word;
	}
	words[count] = NULL;
}

/* As start_program, but its standard output goes to @output_fd, which finish_program reads and closes. */
static inline struct program start_program_into(int output_fd, const char *command)
{
	char text[512], *words[most_program_words];
	posix_spawn_file_actions_t actions;
	struct program program = {.pid = -1, .output_fd = output_fd};
	int rc;

	snprintf(text, sizeof text, "%s", command);
	split_words(text, words);
	program.error_fd = memfd_create("error", MFD_CLOEXEC);
	ck_assert_int_ge(program.error_fd, 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, program.output_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, program.error_fd, STDERR_FILENO);
	rc = posix_spawn(&program.pid, *words[0] == '/' ? words[0] : support_program(words[0]), &actions,
		NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	ck_assert_msg(rc == 0, "cannot start %s: %s", command, strerror(rc));
	program.end = pidfd_open(program.pid, 0);
	ck_assert_int_ge(program.end, 0);
	fcntl(program.end, F_SETFD, FD_CLOEXEC);
	return program;
}

/* Start @command: the path of a program, in this build or absolute, and arguments, with blanks between. */
static inline struct program start_program(const char *command)
{
	int output_fd = memfd_create("output", MFD_CLOEXEC);

	ck_assert_int_ge(output_fd, 0);
	/* Otherwise processes that write at the same time overwrite each other: the offset of a memfd has no lock. */
	ck_assert_int_eq(fcntl(output_fd, F_SETFL, O_APPEND), 0);
	return start_program_into(output_fd, command);
}

static inline char *read_whole(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text;

	ck_assert_int_ge(size, 0);
	text = malloc((size_t)size + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(pread(fd, text, (size_t)size, 0), size);
	text[size] = '\0';
	return text;
}

static inline void finish_program(struct program *program)
{
	int status;

	while (waitpid(program->pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	program->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	program->output = read_whole(program->output_fd);
	program->error = read_whole(program->error_fd);
	close(program->end);
	close(program->output_fd);
	close(program->error_fd);
}

static inline struct program run_program(const char *command)
{
	struct program program = start_program(command);

	finish_program(&program);
	return program;
}

static inline void forget_program(struct program *program)
{
	free(program->output);
	free(program->error);
}

/* The line of the program's output that begins with the word @word; fails the test when there is none. */
static inline const char *find_line(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, length) == 0 && line[length] == ' ')
			return line;
	}
	ck_abort_msg("no line \"%s ...\" in: %s", word, text);
	return NULL;
}

/* How many primes find_primes says that a method found. */
static inline size_t count_found(const char *output, const char *method)
{
	const char *line = find_line(output, method);
	size_t count = 0;

	line += strlen(method);
	ck_assert_msg(sscanf(line, " %*s %*s %zu", &count) == 1, "no count of primes in: %s", line);
	return count;
}

#endif
