/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST_TESTS = 256,
	MOST_PLAYS = 64,
	OUTLIVING_MILLISECONDS = 20000,
	GRACE_MILLISECONDS = 2000,
};

mproc_start method;
noticeboard *board;
pid_t server;

static struct {
	const char *name;
	int (*be_main)(void);
	void (*before)(void);
} plays[MOST_PLAYS];

static const TTest *tests[MOST_TESTS + 1];
static size_t test_count, play_count;
static size_t blocks_before;

/* Whether this is the process of a test, or a copy of one. */
static bool is_in_test;

/* As ck_assert_msg, also where the test library cannot be told: in plays, and in children that began anew. */
__attribute__((format(printf, 2, 3))) static void must(bool holds, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (holds)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (is_in_test)
		ck_abort_msg("%s", text);
	fprintf(stderr, "%s\n", text);
	_exit(98);
}

void add_tests(const TTest *const *more)
{
	for (; *more != NULL; ++more) {
		must(test_count < MOST_TESTS, "more tests than %d", MOST_TESTS);
		tests[test_count++] = *more;
	}
}

void add_play(const char *name, int (*be_main)(void), void (*before)(void))
{
	must(play_count < MOST_PLAYS, "more plays than %d", MOST_PLAYS);
	plays[play_count].name = name;
	plays[play_count].be_main = be_main;
	plays[play_count++].before = before;
}

/* What children do. */

int tell_ready(void *shared)
{
	noticeboard *here = shared;

	return mproc_semaphore_release(&here->ready, 1) == 0 ? 0 : 99;
}

int await_gate(void *shared)
{
	noticeboard *here = shared;

	if (tell_ready(shared) != 0)
		return 99;
	return mproc_semaphore_acquire(&here->gate, MPROC_FOREVER) == 0 ? 0 : 99;
}

int stay(void *shared)
{
	tell_ready(shared);
	for (;;)
		pause();
	return 99;
}

int return_0(void *unused)
{
	(void)unused;
	return 0;
}

int return_argument(void *code)
{
	return *(int *)code;
}

bool expect(noticeboard *here, bool holds, const char *what)
{
	if (!holds)
		snprintf(here->text, sizeof here->text, "not so: %s", what);
	return holds;
}

/* What tests do with them. */

void await_ready(int count)
{
	while (count-- > 0)
		ck_assert_int_eq(mproc_semaphore_acquire(&board->ready, MPROC_FOREVER), 0);
}

void let_through(int count)
{
	ck_assert_int_eq(mproc_semaphore_release(&board->gate, (uint32_t)count), 0);
}

mproc_process *start_with(
	mproc_process_options options, mproc_process_function *function, const void *argument, size_t size)
{
	mproc_process *process = NULL;
	int rc;

	if (options.start == MPROC_START_DEFAULT)
		options.start = method;
	rc = mproc_process_start(&options, function, argument, size, &process);
	must(rc == 0, "start failed with %d: %s", rc, mproc_error_text());
	must(process != NULL, "start gave no handle");
	return process;
}

mproc_process *start(mproc_process_function *function, const void *argument, size_t size)
{
	return start_with((mproc_process_options){0}, function, argument, size);
}

mproc_process *start_and_await(mproc_process_function *function)
{
	mproc_process *process = start(function, board, 0);

	await_ready(1);
	return process;
}

int finish(mproc_process *process)
{
	int code = 1000, rc;

	rc = mproc_process_join(process, MPROC_FOREVER);
	must(rc == 0, "join failed with %d: %s", rc, mproc_error_text());
	rc = mproc_process_exit_code(process, &code);
	must(rc == 0, "no exit code, but %d: %s", rc, mproc_error_text());
	must(mproc_process_close(process) == NULL, "not closed: %s", mproc_error_text());
	return code;
}

int run_with(
	mproc_process_options options, mproc_process_function *function, const void *argument, size_t size)
{
	return finish(start_with(options, function, argument, size));
}

int run(mproc_process_function *function, const void *argument, size_t size)
{
	return finish(start(function, argument, size));
}

void check_child_with(mproc_process_options options, mproc_process_function *function)
{
	int code = run_with(options, function, board, 0);

	ck_assert_msg(code == 0, "the child ended with %d: %s", code, board->text);
}

void check_child(mproc_process_function *function)
{
	check_child_with((mproc_process_options){0}, function);
}

void kill_and_finish(mproc_process *process)
{
	int code, rc;

	rc = mproc_process_kill(process);
	must(rc == 0, "kill failed with %d: %s", rc, mproc_error_text());
	code = finish(process);
	must(code == -SIGKILL, "a killed process ended with %d", code);
}

void check_text(const char *expected)
{
	ck_assert_msg(strstr(mproc_error_text(), expected) != NULL, "\"%s\" is not in \"%s\"", expected,
		mproc_error_text());
}

static size_t count_blocks(void)
{
	mproc_arena_usage usage;

	ck_assert_int_eq(mproc_arena_stats(0, &usage), 0);
	return usage.blocks;
}

void check_refused(
	mproc_process_options options, mproc_process_function *function, int code, const char *text)
{
	mproc_process *const nothing = (mproc_process *)(void *)&options;
	mproc_process *untouched = nothing;
	size_t blocks = count_blocks();
	int rc;

	if (options.start == MPROC_START_DEFAULT)
		options.start = method;
	rc = mproc_process_start(&options, function, "an argument", 12, &untouched);
	ck_assert_msg(rc == code, "start returned %d instead of %d: %s", rc, code, mproc_error_text());
	check_text(text);
	ck_assert_ptr_eq(untouched, nothing);
	ck_assert_int_eq(mproc_process_children(0, NULL), 0);
	ck_assert_uint_eq(count_blocks(), blocks);
}

int open_scratch(void)
{
	int descriptor = memfd_create("scratch", MFD_CLOEXEC);

	ck_assert_int_ge(descriptor, 0);
	return descriptor;
}

const char *read_scratch(int descriptor)
{
	static char text[4096];
	ssize_t length = pread(descriptor, text, sizeof text - 1, 0);

	ck_assert_int_ge(length, 0);
	text[length] = '\0';
	return text;
}

bool is_privileged(void)
{
	return geteuid() == 0;
}

/* Plays. */

static pid_t begin_play(const char *name, int output)
{
	char program[] = "conformance", mode[] = "play", copy[64];
	char *const arguments[] = {program, mode, copy, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;

	snprintf(copy, sizeof copy, "%s", name);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	ck_assert_int_eq(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, arguments, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* Until the last one who can write has ended. */
static void read_all(int input, char *text, size_t size)
{
	struct pollfd end = {.fd = input, .events = POLLIN};
	size_t length = 0;
	ssize_t got;

	do {
		ck_assert_uint_lt(length, size - 1);
		ck_assert_msg(poll(&end, 1, OUTLIVING_MILLISECONDS) == 1,
			"somebody outlives the play, or the play does not end; it wrote \"%.*s\"",
			(int)length, text);
		got = read(input, text + length, size - 1 - length);
		ck_assert_int_ge(got, 0);
		length += (size_t)got;
	} while (got > 0);
	text[length] = '\0';
}

outcome play(const char *name)
{
	outcome seen;
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = begin_play(name, ends[1]);
	close(ends[1]);
	read_all(ends[0], seen.text, sizeof seen.text);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	seen.code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	return seen;
}

/* The program, begun anew. */

static size_t find_play(const char *name)
{
	size_t i = 0;

	while (i < play_count && strcmp(plays[i].name, name) != 0)
		++i;
	return i;
}

static void make_board(void)
{
	board = mproc_calloc(1, sizeof *board);
	must(board != NULL && mproc_semaphore_init(&board->ready, 0, NULL) == 0
			&& mproc_semaphore_init(&board->gate, 0, NULL) == 0,
		"no board: %s", mproc_error_text());
}

/* Around each test. */

/* The parent of process @pid, 0 if it has ended and been waited for. */
static pid_t parent_of(const char *pid)
{
	char path[300];
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

/* A child of process @parent; 0 for none. */
static pid_t find_child_of(pid_t parent)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	must(directory != NULL, "/proc is not there");
	while (found == 0 && (entry = readdir(directory)) != NULL) {
		if (atoi(entry->d_name) > 0 && parent_of(entry->d_name) == parent)
			found = atoi(entry->d_name);
	}
	closedir(directory);
	return found;
}

/* What the server has started is no child of this process, nor in its group: support.h does not see it. */
static void check_server(void)
{
	const struct timespec moment = {.tv_nsec = 1000 * 1000};
	pid_t left = 0;

	for (int i = 0; i < GRACE_MILLISECONDS; ++i) {
		left = find_child_of(server);
		if (left == 0)
			return;
		nanosleep(&moment, NULL);
	}
	ck_abort_msg("the test left process %d, a child of the server", (int)left);
}

static void open_lasting_things(void)
{
	/* The test library and the sanitizers handle them; children that are forked would as well. */
	const int handled[] = {SIGINT, SIGTERM, SIGALRM};

	is_in_test = true;
	/* A runner that is killed takes its tests with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < sizeof handled / sizeof *handled; ++i)
		signal(handled[i], SIG_DFL);
	mproc_free(mproc_alloc(1));
	run(return_0, NULL, 0);
}

static void prepare(void)
{
	make_board();
	blocks_before = count_blocks();
}

static void check_traces(void)
{
	ck_assert_int_eq(mproc_process_children(0, NULL), 0);
	ck_assert_uint_eq(count_blocks(), blocks_before);
	check_server();
	mproc_semaphore_destroy(&board->ready);
	mproc_semaphore_destroy(&board->gate);
	ck_assert_int_eq(mproc_free(board), 0);
}

static void add_everything(void)
{
	add_arguments();
	add_beginnings();
	add_endings();
	add_family();
	add_following();
	add_inheritance();
	add_options();
	add_output();
	add_parents_end();
	add_refusals();
}

static int run_suite(const char *name)
{
	const support_suite suite = {
		.name = name,
		.process_tests = tests,
		.warm_up = open_lasting_things,
		.setup = prepare,
		.teardown = check_traces,
	};

	return support_run_suite(&suite);
}

int run_conformance(int argc, char **argv, const char *name, mproc_start start)
{
	size_t index;

	method = start;
	add_everything();
	/* Which has a thread of its own from the beginning. */
	if (support_threads_only())
		return run_suite(name);
	index = argc == 3 && strcmp(argv[1], "play") == 0 ? find_play(argv[2]) : play_count;
	/* A shell lets programs in the background ignore it, and the server would. */
	signal(SIGINT, SIG_DFL);
	if (plays[index].before != NULL)
		plays[index].before();
	if (mproc_init(argc, argv) != 0) {
		fprintf(stderr, "%s: mproc_init: %s\n", name, mproc_error_text());
		return EXIT_FAILURE;
	}
	server = find_child_of(getpid());
	if (plays[index].be_main != NULL) {
		/* A test that is given up takes its play with it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		make_board();
		return plays[index].be_main();
	}
	return run_suite(name);
}
