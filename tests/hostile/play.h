/* SPDX-License-Identifier: MIT */
/*
 * play.h - a program seen from outside: this program is run anew, and one play is the whole of its main.
 *
 *	static int be_killed(void)
 *	{
 *		play_start(stay);
 *		play_tell("ready ");
 *		...
 *	}
 *	...
 *	struct play play = play_begin("be killed", MPROC_START_SPAWN);
 *
 *	play_await(&play, "ready ");
 *	play_kill(&play);
 *	play_end(&play);
 *
 * A play is over when the last process of it has ended.  The test adopts whom a dead parent leaves behind, so none
 * escapes it, whatever it does and whether or not it has ended: play_end fails the test when one stays.
 */
#ifndef HOSTILE_PLAY_H
#define HOSTILE_PLAY_H

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mproc.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	/* Longer than anything takes that does end. */
	PLAY_PATIENCE_SECONDS = 60,
};

struct play {
	pid_t root;
	int output;
	/* What it has said. */
	char text[4096];
	size_t length;
	/* After play_end: how its root ended, the exit code or -N for signal N. */
	int code;
};

/* In the test. */

/* The environment of the play: NULL for the test's own. */
static char *const *play_environment;

static inline struct play play_begin(const char *name, mproc_start method)
{
	char program[] = "play", copy[128], number[16];
	char *const arguments[] = {program, copy, number, NULL};
	posix_spawn_file_actions_t actions;
	struct play play = {.root = -1};
	int ends[2];

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	snprintf(copy, sizeof copy, "%s", name);
	snprintf(number, sizeof number, "%d", (int)method);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	ck_assert_int_eq(posix_spawn(&play.root, "/proc/self/exe", &actions, NULL, arguments,
				 play_environment != NULL ? play_environment : environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	play.output = ends[0];
	return play;
}

/* Describe a process that lives, or is not waited for: one of @parent's descendants. */
static inline bool play_find_descendant(pid_t parent, int depth, char *description, size_t size)
{
	char path[300], name[64], state;
	const struct dirent *entry;
	DIR *directory = depth > 8 ? NULL : opendir("/proc");
	bool found = false;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		int its_parent = 0;
		size_t used = strlen(description);
		FILE *file;

		if (atoi(entry->d_name) <= 0)
			continue;
		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fscanf(file, "%*d (%63[^)]) %c %d", name, &state, &its_parent) == 3
			&& its_parent == parent && used + 1 < size) {
			snprintf(description + used, size - used, "%s (%s) %c of %d; ", entry->d_name, name,
				state, (int)parent);
			play_find_descendant(atoi(entry->d_name), depth + 1, description, size);
			found = true;
		}
		fclose(file);
	}
	if (directory != NULL)
		closedir(directory);
	return found;
}

/* One of them after the other: those who have lost their parents are the test's own children. */
static inline void play_kill_all(void)
{
	char path[64], line[512] = "";
	FILE *file;

	do {
		char *next = line;

		snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
		file = fopen(path, "re");
		if (file == NULL || fgets(line, sizeof line, file) == NULL)
			line[0] = '\0';
		if (file != NULL)
			fclose(file);
		for (long pid = strtol(next, &next, 10); pid > 0; pid = strtol(next, &next, 10))
			kill((pid_t)pid, SIGKILL);
	} while (line[0] != '\0' && waitpid(-1, NULL, 0) > 0);
}

static inline void play_fail(struct play *play, const char *what)
{
	char description[1024] = "";

	play_find_descendant(getpid(), 0, description, sizeof description);
	play_kill_all();
	ck_abort_msg(
		"%s; it said \"%.*s\"; there were: %s", what, (int)play->length, play->text, description);
}

/* Read more of what it says.  Returns false at its end. */
static inline bool play_read(struct play *play, const char *what)
{
	struct pollfd end = {.fd = play->output, .events = POLLIN};
	ssize_t got;

	if (play->length == sizeof play->text - 1)
		play_fail(play, "the play says too much");
	if (poll(&end, 1, PLAY_PATIENCE_SECONDS * 1000) != 1)
		play_fail(play, what);
	got = read(play->output, play->text + play->length, sizeof play->text - 1 - play->length);
	if (got <= 0)
		return false;
	play->length += (size_t)got;
	play->text[play->length] = '\0';
	return true;
}

static inline int play_count(const char *text, const char *word)
{
	int count = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		++count;
	return count;
}

/* Until it has said @word @times. */
static inline void play_await(struct play *play, const char *word, int times)
{
	while (play_count(play->text, word) < times) {
		if (!play_read(play, "the play does not come so far"))
			play_fail(play, "the play ended before it came so far");
	}
}

static inline void play_kill(const struct play *play)
{
	ck_assert_int_eq(kill(play->root, SIGKILL), 0);
}

static inline void play_kill_by_alarm(int number)
{
	(void)number;
}

/* Until none is left.  What it has said remains in @play->text, how its root ended in @play->code. */
static inline void play_end(struct play *play)
{
	const struct sigaction action = {.sa_handler = play_kill_by_alarm};
	int status;
	pid_t pid;

	while (play_read(play, "somebody outlives the play, or the play does not end"))
		;
	sigaction(SIGALRM, &action, NULL);
	alarm(PLAY_PATIENCE_SECONDS);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (pid == play->root)
			play->code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	}
	if (errno != ECHILD)
		play_fail(play, "somebody without output outlives the play");
	alarm(0);
	close(play->output);
}

/* A play that ends by itself: with @code, having said @text. */
static inline void play_expect(const char *name, mproc_start method, int code, const char *text)
{
	struct play play = play_begin(name, method);

	play_end(&play);
	ck_assert_msg(play.code == code && strcmp(play.text, text) == 0,
		"\"%s\" by method %d ended with %d, having said \"%s\"", name, (int)method, play.code,
		play.text);
}

static inline void play_sleep(unsigned most_microseconds)
{
	struct timespec delay = {
		.tv_nsec = most_microseconds == 0 ? 0 : rand() % (int)most_microseconds * 1000L};

	nanosleep(&delay, NULL);
}

/*
 * For plays that end where LeakSanitizer cannot look or, as in forked processes, finds what other threads held there.
 */
static inline void play_forgive_leaks(void)
{
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
}

static inline void play_choose_moments(void)
{
	const char *seed = getenv("MPROC_TEST_SEED");

	srand(seed == NULL ? (unsigned)getpid() : (unsigned)strtoul(seed, NULL, 10));
}

/* In a play. */

/* The start method that it is played with; children that are begun anew have it from the arguments, as the first has. */
static mproc_start play_method;

typedef struct play_part {
	const char *name;
	int (*be_main)(void);
	/* Called before mproc_init, also in a spawned process; NULL for nothing. */
	void (*before)(void);
} play_part;

/* One write, so that it comes whole, and unbuffered, so that it comes when it was said. */
static inline void play_tell(const char *text)
{
	(void)!write(STDOUT_FILENO, text, strlen(text));
}

static inline _Noreturn void play_give_up(const char *what, int rc)
{
	char text[512];

	snprintf(text, sizeof text, "[%s: %d, %s]", what, rc, mproc_error_text());
	play_tell(text);
	_exit(99);
}

static inline mproc_process *play_start_with(
	mproc_process_options options, mproc_process_function *function, const void *argument, size_t size)
{
	mproc_process *process = NULL;
	int rc;

	if (options.start == MPROC_START_DEFAULT)
		options.start = play_method;
	rc = mproc_process_start(&options, function, argument, size, &process);
	if (rc != 0)
		play_give_up("start", rc);
	return process;
}

static inline mproc_process *play_start(mproc_process_function *function)
{
	return play_start_with((mproc_process_options){0}, function, NULL, 0);
}

/* Join and close.  Returns the exit code, or -N; 1000 when it cannot be known. */
static inline int play_finish(mproc_process *process)
{
	int code = 1000, rc;

	rc = mproc_process_join(process, mproc_after(PLAY_PATIENCE_SECONDS));
	if (rc != 0)
		play_give_up("join", rc);
	rc = mproc_process_exit_code(process, &code);
	if (rc != 0 && rc != -ENODATA)
		play_give_up("exit code", rc);
	if (mproc_process_close(process) != NULL)
		play_give_up("close", 0);
	return code;
}

static inline int play_return_7(void *unused)
{
	(void)unused;
	return 7;
}

/* Says that it is there, and stays. */
static inline int play_stay(void *unused)
{
	(void)unused;
	play_tell("ready ");
	for (;;)
		pause();
	return 0;
}

/* The main of a play: to be called when main has arguments.  Returns what main returns. */
static inline int play_run(const play_part *parts, int argc, char **argv)
{
	int rc;

	for (; parts->name != NULL && strcmp(parts->name, argv[1]) != 0; ++parts)
		;
	if (parts->name == NULL)
		return 98;
	play_method = argc > 2 ? (mproc_start)atoi(argv[2]) : MPROC_START_FORK;
	if (parts->before != NULL)
		parts->before();
	rc = mproc_init(argc, argv);
	if (rc != 0)
		play_give_up("init", rc);
	return parts->be_main();
}

#endif
