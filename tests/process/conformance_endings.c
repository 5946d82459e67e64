/* SPDX-License-Identifier: MIT */
/*
 * How a process ends, and what its parent learns of it.
 */
#include "conformance.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* What a core dump would reach with the arena in it, and does not without. */
	MOST_CORE = 256 << 20
};

static mproc_process_end ending_of(mproc_process_function *function, int number)
{
	mproc_process *process = start(function, &number, sizeof number);
	mproc_process_end ending = {.exit_code = 1000, .signal = 1000};

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_ending(process, &ending), 0);
	finish(process);
	return ending;
}

static void check_exit(mproc_process_function *function)
{
	const int codes[] = {0, 1, 42, 127, 255, 256, 257, 1023, -1, -256};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
		mproc_process_end ending = ending_of(function, codes[i]);

		ck_assert_int_eq(ending.exit_code, codes[i] & 0xff);
		ck_assert_int_eq(ending.signal, 0);
		ck_assert(!ending.has_core);
		ck_assert_int_eq(run(function, &codes[i], sizeof codes[i]), codes[i] & 0xff);
	}
}

START_TEST(exit_code_is_the_low_8_bits_of_what_the_function_returned)
{
	check_exit(return_argument);
}
END_TEST

/* Who gets from a queue whose messages are acknowledged looks for the dead, again and again, and buries them. */
static void have_the_dead_buried(void)
{
	const mproc_queue_options options = {.acknowledged = true};
	mproc_queue *queue;
	char message;

	ck_assert_int_eq(mproc_queue_create(&options, &queue), 0);
	ck_assert_int_eq(
		mproc_queue_get(queue, &message, sizeof message, mproc_after(0.3), NULL), -ETIMEDOUT);
	ck_assert_ptr_null(mproc_queue_destroy(queue));
}

static void await_end(mproc_process *process)
{
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	ck_assert_int_eq(poll(&end, 1, -1), 1);
}

START_TEST(exit_code_outlives_a_burial_by_others_and_the_start_of_the_next_process)
{
	const int code = 42, next = 43;
	mproc_process *first = start(return_argument, &code, sizeof code);
	mproc_process *killed = start(stay, board, 0), *second;
	int exit_code = 0;

	ck_assert_int_eq(mproc_process_kill(killed), 0);
	await_end(first);
	await_end(killed);
	have_the_dead_buried();
	second = start(return_argument, &next, sizeof next);
	ck_assert_int_eq(mproc_process_join(first, mproc_after(20)), 0);
	ck_assert_int_eq(mproc_process_exit_code(first, &exit_code), 0);
	ck_assert_int_eq(exit_code, code);
	ck_assert_int_eq(mproc_process_join(killed, mproc_after(20)), 0);
	ck_assert_int_eq(mproc_process_exit_code(killed, &exit_code), 0);
	ck_assert_int_eq(exit_code, -SIGKILL);
	ck_assert_int_eq(finish(second), next);
	finish(first);
	finish(killed);
}
END_TEST

static int exit_with_argument(void *code)
{
	exit(*(int *)code);
}

START_TEST(exit_code_is_the_low_8_bits_of_what_was_given_to_exit)
{
	check_exit(exit_with_argument);
}
END_TEST

static int exit_at_once(void *code)
{
	_exit(*(int *)code);
}

START_TEST(exit_code_is_the_low_8_bits_of_what_was_given_to__exit)
{
	check_exit(exit_at_once);
}
END_TEST

static int end_thread(void *unused)
{
	(void)unused;
	pthread_exit(NULL);
}

START_TEST(a_process_whose_only_thread_ends_has_exit_code_0)
{
	ck_assert_int_eq(run(end_thread, NULL, 0), 0);
}
END_TEST

static void *exit_with_5(void *unused)
{
	(void)unused;
	exit(5);
}

static int have_a_thread_exit(void *unused)
{
	pthread_t thread;

	(void)unused;
	if (pthread_create(&thread, NULL, exit_with_5, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	return 2;
}

START_TEST(any_thread_of_a_process_may_exit)
{
	ck_assert_int_eq(run(have_a_thread_exit, NULL, 0), 5);
}
END_TEST

static int become_false(void *unused)
{
	(void)unused;
	execl("/bin/sh", "sh", "-c", "exit 9", NULL);
	return 1;
}

START_TEST(a_process_that_becomes_another_program_ends_with_its_code)
{
	ck_assert_int_eq(run(become_false, NULL, 0), 9);
}
END_TEST

/* Signals. */

static void die(int number)
{
	sigset_t all;

	signal(number, SIG_DFL);
	sigfillset(&all);
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
	raise(number);
}

static int die_without_core(void *number)
{
	prctl(PR_SET_DUMPABLE, 0);
	die(*(int *)number);
	return 0;
}

START_TEST(a_process_killed_by_a_signal_ends_with_its_number)
{
	const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL,
		SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGXCPU, SIGSYS, SIGRTMIN, SIGRTMAX};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
		mproc_process_end ending = ending_of(die_without_core, numbers[i]);

		ck_assert_int_eq(ending.signal, numbers[i]);
		ck_assert_int_eq(ending.exit_code, 0);
		ck_assert(!ending.has_core);
		ck_assert_int_eq(run(die_without_core, &numbers[i], sizeof numbers[i]), -numbers[i]);
	}
}
END_TEST

static int abort_with_core(void *unused)
{
	struct rlimit limit;

	(void)unused;
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max < MOST_CORE ? limit.rlim_max : MOST_CORE;
	setrlimit(RLIMIT_CORE, &limit);
	prctl(PR_SET_DUMPABLE, 1);
	die(SIGABRT);
	return 0;
}

/* What the kernel makes of a child that has nothing to do with the library. */
static bool writes_cores(const char *directory)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(chdir(directory) == 0 ? abort_with_core(NULL) : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WCOREDUMP(status);
}

/* Returns the size of the largest. */
static off_t remove_cores(const char *directory)
{
	DIR *stream = opendir(directory);
	const struct dirent *entry;
	off_t largest = 0;

	while ((entry = readdir(stream)) != NULL) {
		struct stat status;

		if (fstatat(dirfd(stream), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode)
			&& status.st_size > largest)
			largest = status.st_size;
		unlinkat(dirfd(stream), entry->d_name, 0);
	}
	closedir(stream);
	return largest;
}

START_TEST(a_core_dump_is_told_and_does_not_hold_the_arena)
{
	char directory[] = "/tmp/mproc-test-XXXXXX";
	mproc_process_end ending;
	mproc_process *process;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	if (writes_cores(directory)) {
		process =
			start_with((mproc_process_options){.directory = directory}, abort_with_core, NULL, 0);
		ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_process_ending(process, &ending), 0);
		ck_assert_int_eq(ending.signal, SIGABRT);
		ck_assert(ending.has_core);
		ck_assert_int_eq(finish(process), -SIGABRT);
	} else {
		puts("a_core_dump_is_told_and_does_not_hold_the_arena: skipped, for the kernel writes none "
		     "here");
	}
	ck_assert_int_lt(remove_cores(directory), MOST_CORE / 2);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* What cannot be told. */

START_TEST(the_ending_of_a_running_process_is_refused)
{
	mproc_process *process = start_and_await(await_gate);
	mproc_process_end ending = {.exit_code = 77};
	int code = 77;

	ck_assert_int_eq(mproc_process_exit_code(process, &code), -EAGAIN);
	check_text("still runs");
	check_text(mproc_process_name(process));
	ck_assert_int_eq(mproc_process_ending(process, &ending), -EAGAIN);
	check_text("still runs");
	ck_assert_int_eq(code, 77);
	ck_assert_int_eq(ending.exit_code, 77);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(the_ending_is_known_without_a_join)
{
	const int expected = 5;
	mproc_process *process = start(return_argument, &expected, sizeof expected);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};
	mproc_process_end ending;
	int code = 77;

	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 5);
	ck_assert_int_eq(mproc_process_ending(process, &ending), 0);
	ck_assert_int_eq(ending.exit_code, 5);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(the_ending_of_a_process_that_ends_by_itself_is_known_whoever_waits_for_it)
{
	const int expected = 5;
	mproc_process *process = start(return_argument, &expected, sizeof expected);

	ck_assert_int_eq(
		waitpid(-1, NULL, 0), method == MPROC_START_SERVER ? -1 : mproc_process_pid(process));
	ck_assert_int_eq(finish(process), 5);
}
END_TEST

START_TEST(the_ending_of_a_killed_process_is_lost_when_the_application_takes_it)
{
	mproc_process *process = start_and_await(stay);
	mproc_process_end ending = {.exit_code = 77};
	int code = 77;

	ck_assert_int_eq(mproc_process_kill(process), 0);
	if (method == MPROC_START_SERVER) {
		ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
		ck_assert_int_eq(finish(process), -SIGKILL);
		return;
	}
	ck_assert_int_eq(waitpid(-1, NULL, 0), mproc_process_pid(process));
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), -ENODATA);
	check_text("somebody else took its status");
	ck_assert_int_eq(mproc_process_ending(process, &ending), -ENODATA);
	check_text("somebody else took its status");
	ck_assert_int_eq(code, 77);
	ck_assert_int_eq(ending.exit_code, 77);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(an_application_that_ignores_its_children_is_no_harm)
{
	mproc_process *process;
	int code = 77, rc;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 10; ++i)
		ck_assert_int_eq(run(return_argument, &i, sizeof i), i);
	process = start_and_await(stay);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	rc = mproc_process_exit_code(process, &code);
	ck_assert(method == MPROC_START_SERVER ? rc == 0 && code == -SIGKILL : rc == -ENODATA && code == 77);
	ck_assert_ptr_null(mproc_process_close(process));
	signal(SIGCHLD, SIG_DFL);
}
END_TEST

START_TEST(the_ending_needs_room)
{
	mproc_process *process = start(return_0, NULL, 0);

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, NULL), -EINVAL);
	check_text("ret_code is NULL");
	ck_assert_int_eq(mproc_process_ending(process, NULL), -EINVAL);
	check_text("ret_ending is NULL");
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

/* Handlers. */

typedef struct leave {
	noticeboard *board;
	int letter;
} leave;

/* Each writes its letter on the board. */
static leave leaves[8];
static int leave_count;

static void write_letter(void *argument)
{
	const leave *mine = argument;

	mine->board->text[mine->board->count++] = (char)mine->letter;
}

static int leave_letter(noticeboard *here, int letter)
{
	leaves[leave_count] = (leave){.board = here, .letter = letter};
	return mproc_at_exit(write_letter, &leaves[leave_count++]);
}

static noticeboard *board_of_the_child;

static void write_x(void)
{
	write_letter(&(leave){.board = board_of_the_child, .letter = 'x'});
}

static int leave_letters(void *shared)
{
	board_of_the_child = shared;
	if (leave_letter(shared, 'a') != 0 || leave_letter(shared, 'b') != 0 || atexit(write_x) != 0)
		return 1;
	return leave_letter(shared, 'c');
}

static int leave_letters_and_exit(void *shared)
{
	leave_letters(shared);
	exit(3);
}

static int leave_letters_and_end_thread(void *shared)
{
	leave_letters(shared);
	pthread_exit(NULL);
}

static int leave_letters_and_exit_at_once(void *shared)
{
	leave_letters(shared);
	_exit(4);
}

static int leave_letters_and_die(void *shared)
{
	leave_letters(shared);
	die(SIGKILL);
	return 0;
}

START_TEST(handlers_of_the_child_run_last_one_first_when_its_function_returns)
{
	ck_assert_int_eq(run(leave_letters, board, 0), 0);
	ck_assert_str_eq(board->text, "cxba");
}
END_TEST

START_TEST(handlers_of_the_child_run_last_one_first_when_it_exits)
{
	ck_assert_int_eq(run(leave_letters_and_exit, board, 0), 3);
	ck_assert_str_eq(board->text, "cxba");
}
END_TEST

START_TEST(handlers_of_the_child_run_last_one_first_when_its_thread_ends)
{
	ck_assert_int_eq(run(leave_letters_and_end_thread, board, 0), 0);
	ck_assert_str_eq(board->text, "cxba");
}
END_TEST

START_TEST(handlers_do_not_run_after__exit_or_a_signal)
{
	ck_assert_int_eq(run(leave_letters_and_exit_at_once, board, 0), 4);
	ck_assert_int_eq(run(leave_letters_and_die, board, 0), -SIGKILL);
	ck_assert_str_eq(board->text, "");
}
END_TEST

static void leave_more_letters(void *shared)
{
	leave_letter(shared, 'd');
	leave_letter(shared, 'e');
}

static int leave_letters_late(void *shared)
{
	if (leave_letter(shared, 'a') != 0)
		return 1;
	return mproc_at_exit(leave_more_letters, shared);
}

START_TEST(a_handler_may_leave_handlers)
{
	ck_assert_int_eq(run(leave_letters_late, board, 0), 0);
	ck_assert_str_eq(board->text, "eda");
}
END_TEST

static void count_up(void *shared)
{
	++((noticeboard *)shared)->count;
}

static int leave_many(void *shared)
{
	for (int i = 0; i < 1000; ++i) {
		if (mproc_at_exit(count_up, shared) != 0)
			return 1;
	}
	return 0;
}

START_TEST(a_thousand_handlers_run)
{
	ck_assert_int_eq(run(leave_many, board, 0), 0);
	ck_assert_int_eq(board->count, 1000);
}
END_TEST

static void start_and_join_a_child(void *shared)
{
	mproc_process *process;

	if (mproc_process_start(&(mproc_process_options){.start = method}, tell_ready, shared, 0, &process)
			== 0
		&& mproc_process_join(process, MPROC_FOREVER) == 0 && mproc_process_close(process) == NULL)
		count_up(shared);
}

static int leave_a_start(void *shared)
{
	return mproc_at_exit(start_and_join_a_child, shared);
}

START_TEST(a_handler_may_start_a_process)
{
	ck_assert_int_eq(run(leave_a_start, board, 0), 0);
	ck_assert_int_eq(board->count, 1);
	await_ready(1);
}
END_TEST

START_TEST(a_handler_that_is_null_is_refused)
{
	ck_assert_int_eq(mproc_at_exit(NULL, NULL), -EINVAL);
	check_text("function is NULL");
}
END_TEST

void add_endings(void)
{
	const TTest *const here[] = {
		exit_code_is_the_low_8_bits_of_what_the_function_returned,
		exit_code_outlives_a_burial_by_others_and_the_start_of_the_next_process,
		exit_code_is_the_low_8_bits_of_what_was_given_to_exit,
		exit_code_is_the_low_8_bits_of_what_was_given_to__exit,
		a_process_whose_only_thread_ends_has_exit_code_0,
		any_thread_of_a_process_may_exit,
		a_process_that_becomes_another_program_ends_with_its_code,
		a_process_killed_by_a_signal_ends_with_its_number,
		a_core_dump_is_told_and_does_not_hold_the_arena,
		the_ending_of_a_running_process_is_refused,
		the_ending_is_known_without_a_join,
		the_ending_of_a_process_that_ends_by_itself_is_known_whoever_waits_for_it,
		the_ending_of_a_killed_process_is_lost_when_the_application_takes_it,
		an_application_that_ignores_its_children_is_no_harm,
		the_ending_needs_room,
		handlers_of_the_child_run_last_one_first_when_its_function_returns,
		handlers_of_the_child_run_last_one_first_when_it_exits,
		handlers_of_the_child_run_last_one_first_when_its_thread_ends,
		handlers_do_not_run_after__exit_or_a_signal,
		a_handler_may_leave_handlers,
		a_thousand_handlers_run,
		a_handler_may_start_a_process,
		a_handler_that_is_null_is_refused,
		NULL,
	};

	add_tests(here);
}
