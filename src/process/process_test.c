/* SPDX-License-Identifier: MIT */
/*
 * What happens when the application ignores or reaps children itself is in tests/hostile/, that no process
 * outlives its parent in tests/orphans_test.c.
 */
#include "process/process.h"

#include "arena/root.h"
#include "family/member.h"
#include "process/handle.h"
#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* A gate that children wait at until the test opens it. */
static int gate[2];

static void open_gate(void)
{
	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
}

static void close_gate(void)
{
	close(gate[0]);
	close(gate[1]);
}

static int pass_gate(void *unused)
{
	char byte;

	(void)unused;
	return read(gate[0], &byte, 1) == 1 ? 0 : 99;
}

static void let_through(int count)
{
	while (count-- > 0)
		ck_assert_int_eq(write(gate[1], "x", 1), 1);
}

static int return_0(void *unused)
{
	(void)unused;
	return 0;
}

static int return_7(void *unused)
{
	(void)unused;
	return 7;
}

static int return_argument(void *code)
{
	return *(int *)code;
}

static mproc_process *start(mproc_process_function *function, const void *argument, size_t size)
{
	mproc_process *process = NULL;
	int rc = mproc_process_start(NULL, function, argument, size, &process);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	ck_assert_ptr_nonnull(process);
	return process;
}

/* Join and close; the exit code. */
static int finish(mproc_process *process)
{
	int code = INT_MIN;

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_ptr_null(mproc_process_close(process));
	return code;
}

static int run(mproc_process_function *function, const void *argument, size_t size)
{
	return finish(start(function, argument, size));
}

/* What stays: the lifeline, and the arena. */
static void start_first(void)
{
	mproc_free(mproc_alloc(1));
	run(return_0, NULL, 0);
}

static void check_text(const char *expected)
{
	ck_assert_msg(strstr(mproc_error_text(), expected) != NULL, "\"%s\" is not in \"%s\"", expected,
		mproc_error_text());
}

/* Slots of the table of members that are taken. */
static int count_members(void)
{
	int count = 0;

	for (uint32_t i = 0; i < mproci_family_here->member_limit; ++i)
		count += (mproci_family_here->members[i].word & 0xff) != MPROCI_MEMBER_FREE;
	return count;
}

/* Blocks of the arena that are allocated. */
static uint32_t count_blocks(void)
{
	mproci_arena_census census;

	ck_assert_int_eq(mproci_arena_check(&census), 0);
	return census.small_used + census.big_blocks;
}

/* Exit codes. */

START_TEST(exit_code_is_what_the_function_returned)
{
	for (int code = 0; code < 256; ++code)
		ck_assert_int_eq(run(return_argument, &code, sizeof code), code);
}
END_TEST

static int exit_with_argument(void *code)
{
	_exit(*(int *)code);
}

START_TEST(exit_code_is_what_was_given_to_exit)
{
	int codes[] = {0, 1, 42, 255};

	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(run(exit_with_argument, &codes[i], sizeof codes[i]), codes[i]);
}
END_TEST

static int die_by_argument(void *number)
{
	int signal_number = *(int *)number;
	sigset_t all;

	/* The test library and the sanitizers handle some; no core file. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(signal_number, SIG_DFL);
	sigfillset(&all);
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
	raise(signal_number);
	return 0;
}

START_TEST(exit_code_of_a_killed_process_is_minus_the_signal)
{
	int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGFPE, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM,
		SIGUSR1, SIGRTMIN, SIGRTMAX};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i)
		ck_assert_int_eq(run(die_by_argument, &numbers[i], sizeof numbers[i]), -numbers[i]);
}
END_TEST

START_TEST(exit_code_of_a_running_process_is_refused)
{
	mproc_process *process = start(pass_gate, NULL, 0);
	int code = 77;

	ck_assert_int_eq(mproc_process_exit_code(process, &code), -EAGAIN);
	check_text("still runs");
	check_text(mproc_process_name(process));
	ck_assert_int_eq(code, 77);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(exit_code_is_known_without_a_join)
{
	mproc_process *process = start(return_0, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};
	int code = 77;

	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 0);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

static int end_at_once(void *code)
{
	_exit((int)(intptr_t)code);
}

START_TEST(exit_code_of_which_somebody_else_took_the_status_is_known_when_the_process_said_it)
{
	mproc_process *process = start(return_7, NULL, 0);
	int code = 77;

	ck_assert_int_eq(waitpid(-1, NULL, 0), mproc_process_pid(process));
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 7);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(exit_code_of_which_somebody_else_took_the_status_is_lost_otherwise)
{
	mproc_process *process = start(end_at_once, NULL, 0);
	int code = 77;

	ck_assert_int_eq(waitpid(-1, NULL, 0), mproc_process_pid(process));
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), -ENODATA);
	check_text("somebody else took its status");
	ck_assert_int_eq(code, 77);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

/* What the child gets. */

struct gift {
	long number;
	char text[40];
};

static int check_gift(void *argument)
{
	struct gift *gift = argument;

	pass_gate(NULL);
	if (gift->number != 1234567890123 || strcmp(gift->text, "as it was at the start") != 0)
		return 1;
	gift->number = 0;
	return (uintptr_t)argument % 16 == 0 ? 0 : 2;
}

static int look_up_itself(void *unused)
{
	(void)unused;
	return mproci_member_slot(mproci_member_self())->running == (uintptr_t)look_up_itself ? 0 : 1;
}

START_TEST(table_of_members_says_which_function_a_process_runs)
{
	mproc_process *process = start(look_up_itself, NULL, 0);
	int code = -1;

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 0);
	mproc_process_close(process);
}
END_TEST

START_TEST(argument_is_copied_at_the_start)
{
	struct gift gift = {.number = 1234567890123, .text = "as it was at the start"};
	mproc_process *process = start(check_gift, &gift, sizeof gift);

	gift.number = 5;
	memset(gift.text, 'x', sizeof gift.text);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
	ck_assert_int_eq(gift.number, 5);
}
END_TEST

static int check_big_argument(void *argument)
{
	const char *bytes = argument;

	for (size_t i = 0; i < 100000; ++i) {
		if (bytes[i] != (char)(i % 251))
			return 1;
	}
	return (uintptr_t)argument % 16 == 0 ? 0 : 2;
}

START_TEST(big_argument_is_copied_whole)
{
	char *bytes = malloc(100000);

	for (size_t i = 0; i < 100000; ++i)
		bytes[i] = (char)(i % 251);
	ck_assert_int_eq(run(check_big_argument, bytes, 100000), 0);
	free(bytes);
}
END_TEST

START_TEST(copy_of_the_argument_is_freed_at_the_end)
{
	uint32_t before = count_blocks();
	char bytes[1000] = "";

	ck_assert_int_eq(run(return_0, bytes, sizeof bytes), 0);
	ck_assert_uint_eq(count_blocks(), before);
}
END_TEST

static int compare_pointer(void *pointer)
{
	return pointer == (void *)gate ? 0 : 1;
}

START_TEST(pointer_is_handed_over_as_it_is_without_a_size)
{
	ck_assert_int_eq(run(compare_pointer, gate, 0), 0);
}
END_TEST

static int is_null(void *pointer)
{
	return pointer == NULL;
}

START_TEST(no_argument_is_a_null_pointer)
{
	ck_assert_int_eq(run(is_null, NULL, 0), 1);
}
END_TEST

static int write_result(void *result)
{
	*(int *)result = 42;
	return 0;
}

START_TEST(what_the_child_writes_into_the_arena_is_seen)
{
	int *result = mproc_calloc(1, sizeof *result);

	ck_assert_int_eq(run(write_result, result, 0), 0);
	ck_assert_int_eq(*result, 42);
	mproc_free(result);
}
END_TEST

static int private_number;

static int write_private(void *unused)
{
	(void)unused;
	private_number = 42;
	return private_number;
}

START_TEST(what_the_child_writes_elsewhere_is_its_own)
{
	ck_assert_int_eq(run(write_private, NULL, 0), 42);
	ck_assert_int_eq(private_number, 0);
}
END_TEST

static int keep_in_arena(void *place)
{
	int **ret_number = place;

	*ret_number = mproc_alloc(sizeof **ret_number);
	**ret_number = 7;
	return 0;
}

START_TEST(what_the_child_allocated_outlives_it)
{
	int **place = mproc_calloc(1, sizeof *place);

	ck_assert_int_eq(run(keep_in_arena, place, 0), 0);
	ck_assert_int_eq(**place, 7);
	ck_assert_int_eq(mproc_free(*place), 0);
	mproc_free(place);
}
END_TEST

static int has_one_member_of_its_own(void *parents_id)
{
	return mproci_member_self() != 0 && mproci_member_self() != *(mproci_id *)parents_id
			       && mproci_member_slot(mproci_member_self())->pid == getpid()
		       ? 0
		       : 1;
}

START_TEST(child_is_a_member_until_it_was_joined)
{
	mproci_id self = mproci_member_self();
	int before = count_members();
	mproc_process *process = start(has_one_member_of_its_own, &self, sizeof self);

	ck_assert_int_eq(count_members(), before + 1);
	ck_assert_int_eq(finish(process), 0);
	ck_assert_int_eq(count_members(), before);
}
END_TEST

static int start_another(void *unused)
{
	int code = 7;

	(void)unused;
	return run(return_argument, &code, sizeof code);
}

START_TEST(child_can_start_processes_itself)
{
	ck_assert_int_eq(run(start_another, NULL, 0), 7);
}
END_TEST

static int leave_another_running(void *unused)
{
	mproc_process *process;

	(void)unused;
	/* Without the end that joins it. */
	_exit(-mproc_process_start(NULL, pass_gate, NULL, 0, &process));
}

START_TEST(children_of_a_child_leave_the_table_with_it)
{
	int before = count_members();

	ck_assert_int_eq(run(leave_another_running, NULL, 0), 0);
	ck_assert_int_eq(count_members(), before);
}
END_TEST

/* Standard I/O and atexit. */

static FILE *file;

static void open_buffered(void)
{
	file = fdopen(memfd_create("test", MFD_CLOEXEC), "w");
	ck_assert_ptr_nonnull(file);
}

static void check_and_close(const char *expected)
{
	char text[256] = "";

	fflush(file);
	ck_assert_int_ge(pread(fileno(file), text, sizeof text - 1, 0), 0);
	ck_assert_str_eq(text, expected);
	fclose(file);
}

static int print(void *text)
{
	fputs(text, file);
	return 0;
}

static int print_and_exit(void *text)
{
	fputs(text, file);
	fflush(NULL);
	exit(3);
}

static int exit_3(void *unused)
{
	(void)unused;
	exit(3);
}

START_TEST(text_buffered_before_the_start_appears_once_when_the_function_returns)
{
	open_buffered();
	fputs("parent\n", file);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
	check_and_close("parent\n");
}
END_TEST

START_TEST(text_buffered_before_the_start_appears_once_when_the_child_exits)
{
	open_buffered();
	fputs("parent\n", file);
	run(exit_3, NULL, 0);
	check_and_close("parent\n");
}
END_TEST

START_TEST(text_printed_by_the_child_appears_once_when_the_function_returns)
{
	open_buffered();
	ck_assert_int_eq(run(print, "child\n", 7), 0);
	fputs("parent\n", file);
	check_and_close("child\nparent\n");
}
END_TEST

START_TEST(text_printed_by_the_child_appears_once_when_it_exits)
{
	open_buffered();
	run(print_and_exit, "child\n", 7);
	check_and_close("child\n");
}
END_TEST

static _Atomic int *atexit_runs;

static void count_atexit(void)
{
	++*atexit_runs;
}

START_TEST(atexit_handlers_of_the_parent_do_not_run_in_the_child)
{
	atexit_runs = mproc_calloc(1, sizeof *atexit_runs);
	atexit(count_atexit);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
	ck_assert_int_eq(*atexit_runs, 0);
}
END_TEST

/* Names. */

enum {
	COMM_SIZE = 32
};

static int read_comm(void *ret_comm)
{
	FILE *comm = fopen("/proc/self/comm", "re");

	if (comm == NULL || fgets(ret_comm, COMM_SIZE, comm) == NULL)
		return 1;
	fclose(comm);
	return 0;
}

static mproc_process *start_named(const char *name, mproc_process_function *function, void *argument)
{
	mproc_process *process = NULL;

	ck_assert_int_eq(
		mproc_process_start(&(mproc_process_options){.name = name}, function, argument, 0, &process),
		0);
	return process;
}

/* The slot that a process had in the table of members, until the next one takes it. */
static const mproci_member *find_member(pid_t pid)
{
	uint32_t index = 0;

	while (index < mproci_family_here->member_limit && mproci_family_here->members[index].pid != pid)
		++index;
	ck_assert_uint_lt(index, mproci_family_here->member_limit);
	return &mproci_family_here->members[index];
}

START_TEST(name_is_shown_by_the_handle_and_its_first_15_bytes_by_the_system)
{
	char *comm = mproc_calloc(1, COMM_SIZE);
	const char *name = "a name of 31 bytes, the longest";
	mproc_process *process;
	pid_t pid;

	ck_assert_uint_eq(strlen(name), 31);
	process = start_named(name, read_comm, comm);
	ck_assert_str_eq(mproc_process_name(process), name);
	pid = mproc_process_pid(process);
	ck_assert_int_eq(finish(process), 0);
	ck_assert_str_eq(comm, "a name of 31 by\n");
	ck_assert_str_eq(find_member(pid)->name, name);
	mproc_free(comm);
}
END_TEST

START_TEST(name_is_copied)
{
	char name[] = "before";
	mproc_process *process = start_named(name, pass_gate, NULL);

	strcpy(name, "after");
	ck_assert_str_eq(mproc_process_name(process), "before");
	let_through(1);
	finish(process);
}
END_TEST

START_TEST(processes_without_a_name_are_numbered)
{
	unsigned first, second;
	mproc_process *process = start(return_0, NULL, 0);

	ck_assert_int_eq(sscanf(mproc_process_name(process), "Process-%u", &first), 1);
	finish(process);
	process = start(return_0, NULL, 0);
	ck_assert_int_eq(sscanf(mproc_process_name(process), "Process-%u", &second), 1);
	finish(process);
	ck_assert_uint_eq(second, first + 1);
}
END_TEST

START_TEST(first_process_is_number_1)
{
	mproc_process *process;

	/* warm_up started one. */
	mproci_handle_number((const char[MPROCI_NAME_SIZE]){""});
	process = start(return_0, NULL, 0);
	ck_assert_str_eq(mproc_process_name(process), "Process-1");
	finish(process);
}
END_TEST

START_TEST(name_stays_after_the_end)
{
	mproc_process *process = start_named("bob", return_0, NULL);

	mproc_process_join(process, MPROC_FOREVER);
	ck_assert_str_eq(mproc_process_name(process), "bob");
	finish(process);
}
END_TEST

/* Following a process. */

static int tell_pid(void *result)
{
	*(pid_t *)result = getpid();
	return 0;
}

START_TEST(pid_is_the_childs_also_after_its_end)
{
	pid_t *told = mproc_calloc(1, sizeof *told);
	mproc_process *process = start(tell_pid, told, 0);
	pid_t pid = mproc_process_pid(process);

	mproc_process_join(process, MPROC_FOREVER);
	ck_assert_int_eq(pid, *told);
	ck_assert_int_eq(mproc_process_pid(process), pid);
	finish(process);
	mproc_free(told);
}
END_TEST

START_TEST(pid_is_taken_until_the_process_was_joined)
{
	mproc_process *process = start(return_0, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};
	pid_t pid = mproc_process_pid(process);

	poll(&end, 1, -1);
	ck_assert_int_eq(kill(pid, 0), 0);
	mproc_process_join(process, MPROC_FOREVER);
	ck_assert_int_eq(kill(pid, 0), -1);
	finish(process);
}
END_TEST

START_TEST(join_times_out_while_the_process_runs)
{
	mproc_process *process = start(pass_gate, NULL, 0);
	mproc_deadline soon = mproc_after(0.005);

	ck_assert_int_eq(mproc_process_join(process, MPROC_NOW), -ETIMEDOUT);
	check_text("still runs");
	ck_assert_int_eq(mproc_process_join(process, soon), -ETIMEDOUT);
	ck_assert_int_ge(mproci_clock_now(), soon);
	ck_assert_int_eq(mproc_process_join(process, 1), -ETIMEDOUT);
	let_through(1);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(100)), 0);
	finish(process);
}
END_TEST

START_TEST(join_of_an_ended_process_succeeds_whatever_the_deadline)
{
	mproc_process *process = start(return_0, NULL, 0);

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_process_join(process, 1), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	finish(process);
}
END_TEST

static void *join_in_thread(void *process)
{
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	return NULL;
}

START_TEST(several_threads_may_join_one_process)
{
	mproc_process *process = start(pass_gate, NULL, 0);
	pthread_t threads[4];

	for (int i = 0; i < 4; ++i)
		pthread_create(&threads[i], NULL, join_in_thread, process);
	let_through(1);
	for (int i = 0; i < 4; ++i)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
	(void)number;
	if (++caught == 10)
		(void)!write(gate[1], "x", 1);
}

START_TEST(caught_signal_does_not_end_a_join)
{
	struct itimerval often = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000}, never = {0};
	struct sigaction catch = {.sa_handler = catch_signal};
	mproc_process *process = start(pass_gate, NULL, 0);

	sigaction(SIGALRM, &catch, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_int_ge(caught, 10);
	finish(process);
}
END_TEST

START_TEST(process_is_alive_until_it_ends)
{
	mproc_process *process = start(pass_gate, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	let_through(1);
	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	mproc_process_join(process, MPROC_FOREVER);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	finish(process);
}
END_TEST

START_TEST(stopped_process_is_alive)
{
	mproc_process *process = start(pass_gate, NULL, 0);
	int code;

	kill(mproc_process_pid(process), SIGSTOP);
	ck_assert_int_gt(waitpid(mproc_process_pid(process), NULL, WUNTRACED), 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	ck_assert_int_eq(mproc_process_join(process, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), -EAGAIN);
	mproc_process_kill(process);
	ck_assert_int_eq(finish(process), -SIGKILL);
}
END_TEST

START_TEST(kill_ends_a_running_process)
{
	mproc_process *process = start(pass_gate, NULL, 0);

	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(finish(process), -SIGKILL);
}
END_TEST

START_TEST(kill_of_an_ended_process_is_no_error)
{
	mproc_process *process = start(return_0, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	poll(&end, 1, -1);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	mproc_process_join(process, MPROC_FOREVER);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(descriptor_is_readable_from_the_end_on_and_closed_on_exec)
{
	mproc_process *process = start(pass_gate, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	ck_assert_int_eq(fcntl(end.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(poll(&end, 1, 0), 0);
	let_through(1);
	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_eq(end.revents, POLLIN);
	mproc_process_join(process, MPROC_FOREVER);
	ck_assert_int_eq(mproc_process_fd(process), end.fd);
	ck_assert_int_eq(poll(&end, 1, 0), 1);
	finish(process);
	ck_assert_int_eq(fcntl(end.fd, F_GETFD), -1);
}
END_TEST

START_TEST(close_gives_the_handle_of_a_running_process_back)
{
	mproc_process *process = start(pass_gate, NULL, 0);

	ck_assert_ptr_eq(mproc_process_close(process), process);
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(close_needs_no_join_before)
{
	mproc_process *process = start(return_0, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	poll(&end, 1, -1);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(close_accepts_no_process)
{
	ck_assert_ptr_null(mproc_process_close(NULL));
}
END_TEST

START_TEST(many_processes_live_at_once)
{
	enum {
		MANY = 200
	};
	mproc_process *processes[MANY];
	int members = count_members();

	for (int i = 0; i < MANY; ++i)
		processes[i] = start(pass_gate, NULL, 0);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(mproc_process_is_alive(processes[i]), 1);
	ck_assert_int_eq(count_members(), members + MANY);
	let_through(MANY);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(finish(processes[i]), 0);
	ck_assert_int_eq(count_members(), members);
}
END_TEST

START_TEST(other_children_of_the_application_are_left_alone)
{
	pid_t own = fork();
	int status;

	if (own == 0)
		_exit(5);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
	ck_assert_int_eq(waitpid(own, &status, 0), own);
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

/* Handles in other processes than their own. */

/* Which call does not answer as it must in a child, or 0. */
static int use_foreign_handle(void *handle)
{
	mproc_process *process = handle;
	int code = 77;

	if (mproc_process_join(process, MPROC_NOW) != -ECHILD)
		return 1;
	if (strstr(mproc_error_text(), "started by another process") == NULL)
		return 2;
	if (mproc_process_is_alive(process) != -ECHILD)
		return 3;
	if (mproc_process_exit_code(process, &code) != -ECHILD || code != 77)
		return 4;
	if (mproc_process_kill(process) != -ECHILD)
		return 5;
	if (mproc_process_pid(process) != -ECHILD)
		return 6;
	if (mproc_process_fd(process) != -ECHILD)
		return 7;
	if (strcmp(mproc_process_name(process), "theirs") != 0)
		return 8;
	return mproc_process_close(process) == NULL ? 0 : 9;
}

START_TEST(handle_in_a_child_answers_that_it_is_not_its_own)
{
	mproc_process *theirs = start_named("theirs", pass_gate, NULL);

	ck_assert_int_eq(run(use_foreign_handle, theirs, 0), 0);
	ck_assert_int_eq(mproc_process_is_alive(theirs), 1);
	let_through(1);
	ck_assert_int_eq(finish(theirs), 0);
}
END_TEST

START_TEST(handle_in_a_plainly_forked_child_answers_that_it_is_not_its_own)
{
	mproc_process *theirs = start_named("theirs", pass_gate, NULL);
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(use_foreign_handle(theirs));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	let_through(1);
	ck_assert_int_eq(finish(theirs), 0);
}
END_TEST

START_TEST(handle_of_an_ended_process_is_not_a_childs_either)
{
	mproc_process *theirs = start_named("theirs", return_0, NULL);

	mproc_process_join(theirs, MPROC_FOREVER);
	ck_assert_int_eq(run(use_foreign_handle, theirs, 0), 0);
	ck_assert_int_eq(finish(theirs), 0);
}
END_TEST

static int is_closed(void *fd)
{
	return fcntl(*(int *)fd, F_GETFD) < 0 ? 0 : 1;
}

START_TEST(descriptors_of_handles_are_closed_in_a_child)
{
	mproc_process *theirs = start(pass_gate, NULL, 0);
	int fd = mproc_process_fd(theirs);

	ck_assert_int_eq(run(is_closed, &fd, sizeof fd), 0);
	let_through(1);
	finish(theirs);
}
END_TEST

/* Bad input. */

START_TEST(start_refuses_bad_arguments_and_says_which)
{
	static const struct {
		mproc_process_options options;
		bool has_no_function, has_no_argument;
		const char *text;
	} cases[] = {
		{.has_no_function = true, .text = "function is NULL"},
		{.has_no_argument = true, .text = "argument is NULL, its size 12"},
		{.options.name = "", .text = "name of 0 bytes: 1 to 31 are possible"},
		{.options.name = "a name of 32 bytes, one too many",
			.text = "name of 32 bytes: 1 to 31 are possible"},
		{.options.start = (mproc_start)4,
			.text = "start method 4: 0 (default), 1 (fork), 2 (server) and 3 (spawn) are "
				"possible"},
		{.options.start = (mproc_start)-1,
			.text = "start method -1: 0 (default), 1 (fork), 2 (server) and 3 (spawn) are "
				"possible"},
		{.options.reserved = {5}, .text = "reserved[0] is 5, not 0"},
		{.options.reserved = {0, 0, 0, 5}, .text = "reserved[3] is 5, not 0"},
	};
	mproc_process *untouched = (mproc_process *)(void *)gate;
	uint32_t blocks = count_blocks();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
		ck_assert_int_eq(
			mproc_process_start(&cases[i].options, cases[i].has_no_function ? NULL : return_0,
				cases[i].has_no_argument ? NULL : "12 bytes....", 12, &untouched),
			-EINVAL);
		check_text(cases[i].text);
		ck_assert_ptr_eq(untouched, (void *)gate);
	}
	ck_assert_int_eq(mproc_process_start(NULL, return_0, NULL, 0, NULL), -EINVAL);
	check_text("ret_process is NULL");
	ck_assert_uint_eq(count_blocks(), blocks);
}
END_TEST

START_TEST(every_call_refuses_no_process)
{
	int code;

	ck_assert_int_eq(mproc_process_join(NULL, MPROC_NOW), -EINVAL);
	check_text("process is NULL");
	ck_assert_int_eq(mproc_process_is_alive(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_exit_code(NULL, &code), -EINVAL);
	ck_assert_int_eq(mproc_process_kill(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_pid(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_fd(NULL), -EINVAL);
	ck_assert_ptr_null(mproc_process_name(NULL));
}
END_TEST

START_TEST(exit_code_refuses_no_room_for_it)
{
	mproc_process *process = start(return_0, NULL, 0);

	mproc_process_join(process, MPROC_FOREVER);
	ck_assert_int_eq(mproc_process_exit_code(process, NULL), -EINVAL);
	check_text("ret_code is NULL");
	finish(process);
}
END_TEST

/* Bad luck. */

static void *wait_in_thread(void *unused)
{
	pass_gate(NULL);
	return unused;
}

START_TEST(start_is_refused_while_there_are_other_threads)
{
	mproc_process *untouched = NULL;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_thread, NULL), 0);
	ck_assert_int_eq(mproc_process_start(NULL, return_0, NULL, 0, &untouched), -EDEADLK);
	check_text("other threads");
	check_text("MPROC_START_FORK");
	ck_assert_ptr_null(untouched);
	let_through(1);
	pthread_join(thread, NULL);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
}
END_TEST

START_TEST(start_by_fork_can_be_insisted_on_with_other_threads)
{
	const mproc_process_options insist = {.start = MPROC_START_FORK};
	mproc_process *process;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_thread, NULL), 0);
	ck_assert_int_eq(mproc_process_start(&insist, return_0, NULL, 0, &process), 0);
	ck_assert_int_eq(finish(process), 0);
	let_through(1);
	pthread_join(thread, NULL);
}
END_TEST

static void *start_and_join_many(void *unused)
{
	const mproc_process_options insist = {.start = MPROC_START_FORK};

	for (int i = 0; i < 50; ++i) {
		mproc_process *process;

		ck_assert_int_eq(mproc_process_start(&insist, return_argument, &i, sizeof i, &process), 0);
		ck_assert_int_eq(finish(process), i);
	}
	return unused;
}

START_TEST(several_threads_may_start_processes_at_once)
{
	pthread_t threads[4];
	int members = count_members();

	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, start_and_join_many, NULL), 0);
	for (int i = 0; i < 4; ++i)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(count_members(), members);
}
END_TEST

/* A start that has to fail with @code, and to leave nothing but an error text. */
static void check_failing_start(mproc_process_function *function, int code)
{
	mproc_process *untouched = (mproc_process *)(void *)gate;

	ck_assert_int_eq(mproc_process_start(NULL, function, "an argument", 12, &untouched), code);
	ck_assert_ptr_eq(untouched, (void *)gate);
}

static void limit(int resource, rlim_t most)
{
	struct rlimit now;

	getrlimit(resource, &now);
	now.rlim_cur = most;
	ck_assert_int_eq(setrlimit(resource, &now), 0);
}

static int first_free_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

START_TEST(start_without_descriptors_fails_and_leaves_nothing)
{
	int members = count_members();
	uint32_t blocks = count_blocks();
	struct rlimit before;

	getrlimit(RLIMIT_NOFILE, &before);
	limit(RLIMIT_NOFILE, (rlim_t)first_free_descriptor());
	check_failing_start(return_0, -EMFILE);
	limit(RLIMIT_NOFILE, before.rlim_cur);
	check_text(strerror(EMFILE));
	ck_assert_int_eq(count_members(), members);
	ck_assert_uint_eq(count_blocks(), blocks);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
}
END_TEST

static struct {
	_Atomic int count;
} * runs;

static int count_run(void *unused)
{
	(void)unused;
	++runs->count;
	return 0;
}

START_TEST(function_does_not_run_when_the_start_fails)
{
	struct rlimit before;

	runs = mproc_calloc(1, sizeof *runs);
	getrlimit(RLIMIT_NOFILE, &before);
	limit(RLIMIT_NOFILE, (rlim_t)first_free_descriptor());
	for (int i = 0; i < 1000; ++i)
		check_failing_start(count_run, -EMFILE);
	limit(RLIMIT_NOFILE, before.rlim_cur);
	ck_assert_int_eq(runs->count, 0);
	mproc_free(runs);
}
END_TEST

/* Which check fails, or 0.  In a process of its own, because sanitizers want to be root until the end. */
static int start_beyond_limit_of_processes(void)
{
	const struct rlimit one = {.rlim_cur = 1, .rlim_max = 1};
	mproc_process *untouched = NULL;
	int members;

	mproc_free(mproc_alloc(1));
	members = count_members();
	/* Nothing limits root. */
	if (geteuid() == 0 && setresuid(54321, 54321, 54321) != 0)
		return 1;
	setrlimit(RLIMIT_NPROC, &one);
	if (mproc_process_start(NULL, return_0, "an argument", 12, &untouched) != -EAGAIN
		|| untouched != NULL)
		return 2;
	if (strstr(mproc_error_text(), "RLIMIT_NPROC") == NULL)
		return 3;
	return count_members() == members ? 0 : 4;
}

START_TEST(start_beyond_the_limit_of_processes_fails_and_leaves_nothing)
{
	uint32_t blocks = count_blocks();
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(start_beyond_limit_of_processes());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(count_blocks(), blocks);
}
END_TEST

START_TEST(process_whose_descriptor_was_closed_is_not_taken_for_ended_when_none_is_left)
{
	mproc_process *process = start(pass_gate, NULL, 0);
	struct rlimit before;
	int code = 77;

	close(mproc_process_fd(process));
	getrlimit(RLIMIT_NOFILE, &before);
	limit(RLIMIT_NOFILE, (rlim_t)first_free_descriptor());
	ck_assert_int_eq(mproc_process_is_alive(process), -EMFILE);
	check_text(strerror(EMFILE));
	ck_assert_int_eq(mproc_process_join(process, MPROC_NOW), -EMFILE);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), -EMFILE);
	ck_assert_int_eq(mproc_process_kill(process), -EMFILE);
	ck_assert_int_eq(mproc_process_fd(process), -EMFILE);
	limit(RLIMIT_NOFILE, before.rlim_cur);
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(process_that_has_ended_and_whose_descriptor_was_closed_has_none_any_more)
{
	mproc_process *process = start(return_0, NULL, 0);

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	close(mproc_process_fd(process));
	ck_assert_int_eq(mproc_process_fd(process), -ESRCH);
	check_text("cannot open the descriptor of a process");
	check_text(strerror(ESRCH));
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(start_in_a_full_family_fails_and_works_when_there_is_room)
{
	static mproci_id ids[MPROCI_MEMBERS];
	uint32_t blocks = count_blocks();
	int count = 0;

	while (mproci_member_expect("", &ids[count]) == 0)
		++count;
	check_failing_start(return_0, -EAGAIN);
	check_text("no more processes in one family than 4096");
	ck_assert_uint_eq(count_blocks(), blocks);
	mproci_member_bury(ids[count - 1]);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
}
END_TEST

START_TEST(argument_larger_than_the_arena_is_refused)
{
	mproc_process *untouched = NULL;
	int members = count_members();

	ck_assert_int_eq(mproc_process_start(NULL, return_0, "", SIZE_MAX / 2, &untouched), -ENOMEM);
	check_text("no room for 9223372036854775807 bytes");
	ck_assert_int_eq(mproc_process_start(NULL, return_0, "", SIZE_MAX, &untouched), -ENOMEM);
	ck_assert_ptr_null(untouched);
	ck_assert_int_eq(count_members(), members);
}
END_TEST

/* As the first call of all; nothing was warmed up. */

START_TEST(first_start_without_descriptors_fails_and_leaves_nothing)
{
	struct rlimit before;
	int first = first_free_descriptor();
	mproc_process *untouched = NULL;

	getrlimit(RLIMIT_NOFILE, &before);
	/* One for the memory, two for the lifeline and one to try it. */
	for (int left = 0; left < 4; ++left) {
		int rc;

		limit(RLIMIT_NOFILE, (rlim_t)(first + left));
		rc = mproc_process_start(NULL, return_0, NULL, 0, &untouched);
		limit(RLIMIT_NOFILE, before.rlim_cur);
		ck_assert_int_eq(rc, -EMFILE);
		ck_assert_msg(strstr(mproc_error_text(), strerror(EMFILE)) != NULL,
			"with %d descriptors left: %s", left, mproc_error_text());
		ck_assert_ptr_null(untouched);
	}
}
END_TEST

START_TEST(first_start_without_room_fails_and_leaves_nothing)
{
	mproc_process *untouched = NULL;

	limit(RLIMIT_FSIZE, (rlim_t)1 << 20);
	ck_assert_int_eq(mproc_process_start(NULL, return_0, NULL, 0, &untouched), -ENOMEM);
	check_text("RLIMIT_AS or RLIMIT_FSIZE allows 1 MiB, needed are 16 MiB");
	ck_assert_ptr_null(untouched);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		exit_code_is_what_the_function_returned,
		exit_code_is_what_was_given_to_exit,
		exit_code_of_a_killed_process_is_minus_the_signal,
		exit_code_of_a_running_process_is_refused,
		exit_code_is_known_without_a_join,
		exit_code_of_which_somebody_else_took_the_status_is_known_when_the_process_said_it,
		exit_code_of_which_somebody_else_took_the_status_is_lost_otherwise,
		table_of_members_says_which_function_a_process_runs,
		argument_is_copied_at_the_start,
		big_argument_is_copied_whole,
		copy_of_the_argument_is_freed_at_the_end,
		pointer_is_handed_over_as_it_is_without_a_size,
		no_argument_is_a_null_pointer,
		what_the_child_writes_into_the_arena_is_seen,
		what_the_child_writes_elsewhere_is_its_own,
		what_the_child_allocated_outlives_it,
		child_is_a_member_until_it_was_joined,
		child_can_start_processes_itself,
		children_of_a_child_leave_the_table_with_it,
		text_buffered_before_the_start_appears_once_when_the_function_returns,
		text_buffered_before_the_start_appears_once_when_the_child_exits,
		text_printed_by_the_child_appears_once_when_the_function_returns,
		text_printed_by_the_child_appears_once_when_it_exits,
		atexit_handlers_of_the_parent_do_not_run_in_the_child,
		name_is_shown_by_the_handle_and_its_first_15_bytes_by_the_system,
		name_is_copied,
		processes_without_a_name_are_numbered,
		first_process_is_number_1,
		name_stays_after_the_end,
		pid_is_the_childs_also_after_its_end,
		pid_is_taken_until_the_process_was_joined,
		join_times_out_while_the_process_runs,
		join_of_an_ended_process_succeeds_whatever_the_deadline,
		several_threads_may_join_one_process,
		caught_signal_does_not_end_a_join,
		process_is_alive_until_it_ends,
		stopped_process_is_alive,
		kill_ends_a_running_process,
		kill_of_an_ended_process_is_no_error,
		descriptor_is_readable_from_the_end_on_and_closed_on_exec,
		close_gives_the_handle_of_a_running_process_back,
		close_needs_no_join_before,
		close_accepts_no_process,
		many_processes_live_at_once,
		other_children_of_the_application_are_left_alone,
		handle_in_a_child_answers_that_it_is_not_its_own,
		handle_in_a_plainly_forked_child_answers_that_it_is_not_its_own,
		handle_of_an_ended_process_is_not_a_childs_either,
		descriptors_of_handles_are_closed_in_a_child,
		start_refuses_bad_arguments_and_says_which,
		every_call_refuses_no_process,
		exit_code_refuses_no_room_for_it,
		start_is_refused_while_there_are_other_threads,
		start_by_fork_can_be_insisted_on_with_other_threads,
		several_threads_may_start_processes_at_once,
		start_without_descriptors_fails_and_leaves_nothing,
		function_does_not_run_when_the_start_fails,
		start_beyond_the_limit_of_processes_fails_and_leaves_nothing,
		process_whose_descriptor_was_closed_is_not_taken_for_ended_when_none_is_left,
		process_that_has_ended_and_whose_descriptor_was_closed_has_none_any_more,
		start_in_a_full_family_fails_and_works_when_there_is_room,
		argument_larger_than_the_arena_is_refused,
		NULL,
	};
	const TTest *first_tests[] = {
		first_start_without_descriptors_fails_and_leaves_nothing,
		first_start_without_room_fails_and_leaves_nothing,
		NULL,
	};
	const support_suite suite = {
		.name = "process",
		.process_tests = process_tests,
		.warm_up = start_first,
		.setup = open_gate,
		.teardown = close_gate,
	};
	const support_suite first_suite = {.name = "first process", .process_tests = first_tests};

	return support_run_suite(&suite) | support_run_suite(&first_suite);
}
