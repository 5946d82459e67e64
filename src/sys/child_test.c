/* SPDX-License-Identifier: MIT */
#include "sys/child.h"

#include "support.h"
#include "sys/descriptor.h"
#include "sys/exit.h"
#include "sys/lifeline.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/result.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A gate that a child waits at until the test opens it. */
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

static void make_lifeline(void)
{
	mproci_close(mproci_lifeline_open());
}

static void wait_at_gate(void)
{
	char byte;

	(void)!read(gate[0], &byte, 1);
}

static void let_one_through(void)
{
	ck_assert_int_eq(write(gate[1], "x", 1), 1);
}

static pid_t fork_child(mproci_signals signals, int *ret_pidfd)
{
	int lifeline = mproci_lifeline_open();
	pid_t pid =
		mproci_child_fork(&(mproci_child_plan){.signals = signals, .lifeline = lifeline}, ret_pidfd);

	if (pid != 0)
		mproci_close(lifeline);
	return pid;
}

static int start(int (*function)(void), bool fresh_signals)
{
	int pidfd = -1;
	pid_t pid = fork_child(fresh_signals ? MPROCI_SIGNALS_DEFAULT : MPROCI_SIGNALS_INHERITED, &pidfd);

	if (pid == 0)
		mproci_exit_now(function());
	ck_assert_int_gt(pid, 0);
	ck_assert_int_ge(pidfd, 0);
	return pidfd;
}

static mproci_ending finish(int pidfd)
{
	mproci_ending ending;

	ck_assert_int_eq(mproci_child_wait(pidfd, MPROC_FOREVER), 0);
	mproci_child_ending(pidfd, &ending);
	mproci_child_reap(pidfd);
	mproci_close(pidfd);
	return ending;
}

static int exit_code_of(int (*function)(void), bool fresh_signals)
{
	mproci_ending ending = finish(start(function, fresh_signals));

	ck_assert(!ending.is_lost);
	ck_assert_int_eq(ending.signal, 0);
	return ending.exit_code;
}

static int return_7(void)
{
	return 7;
}

static int stay(void)
{
	for (;;)
		pause();
	return 0;
}

static int pass_gate(void)
{
	wait_at_gate();
	return 0;
}

static uint64_t start_time_of(pid_t pid)
{
	uint64_t ticks = 0;

	mproci_process_start_time(pid, &ticks);
	return ticks;
}

START_TEST(child_ends_with_the_code_it_was_given)
{
	ck_assert_int_eq(exit_code_of(return_7, false), 7);
}
END_TEST

START_TEST(fork_gives_the_pid_and_a_descriptor_closed_on_exec)
{
	int pidfd;
	pid_t pid = fork_child(MPROCI_SIGNALS_INHERITED, &pidfd);

	if (pid == 0)
		mproci_exit_now(pass_gate());
	ck_assert_int_eq(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(kill(pid, 0), 0);
	let_one_through();
	finish(pidfd);
	ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

START_TEST(wait_times_out_while_the_child_runs)
{
	int pidfd = start(pass_gate, false);

	ck_assert_int_eq(mproci_child_wait(pidfd, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproci_child_wait(pidfd, mproc_after(0.005)), -ETIMEDOUT);
	let_one_through();
	finish(pidfd);
}
END_TEST

START_TEST(ended_child_keeps_its_pid_until_it_is_reaped)
{
	int pidfd;
	pid_t pid = fork_child(MPROCI_SIGNALS_INHERITED, &pidfd);
	mproci_ending ending;

	if (pid == 0)
		mproci_exit_now(7);
	mproci_child_wait(pidfd, MPROC_FOREVER);
	mproci_child_ending(pidfd, &ending);
	ck_assert_int_eq(kill(pid, 0), 0);
	mproci_child_ending(pidfd, &ending);
	ck_assert_int_eq(ending.exit_code, 7);
	mproci_child_reap(pidfd);
	ck_assert_int_eq(kill(pid, 0), -1);
	mproci_close(pidfd);
}
END_TEST

START_TEST(killed_child_tells_the_signal)
{
	int pidfd = start(stay, false);
	mproci_ending ending;

	mproci_child_kill(pidfd);
	ending = finish(pidfd);
	ck_assert_int_eq(ending.signal, SIGKILL);
	ck_assert(!ending.is_lost);
}
END_TEST

START_TEST(kill_of_an_ended_child_is_no_error)
{
	int pidfd = start(return_7, false);
	mproci_ending ending;

	mproci_child_wait(pidfd, MPROC_FOREVER);
	mproci_child_kill(pidfd);
	mproci_child_ending(pidfd, &ending);
	mproci_child_reap(pidfd);
	mproci_child_kill(pidfd);
	mproci_close(pidfd);
	ck_assert_int_eq(ending.exit_code, 7);
}
END_TEST

START_TEST(ending_that_somebody_else_took_is_lost)
{
	int pidfd = start(return_7, false);

	ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
	ck_assert(finish(pidfd).is_lost);
}
END_TEST

static void catch_nothing(int number)
{
	(void)number;
}

static int has_handler(void)
{
	struct sigaction now;

	sigaction(SIGTERM, NULL, &now);
	return now.sa_handler == catch_nothing;
}

START_TEST(child_keeps_the_handlers_when_not_told_otherwise)
{
	signal(SIGTERM, catch_nothing);
	ck_assert_int_eq(exit_code_of(has_handler, false), 1);
}
END_TEST

START_TEST(fresh_child_has_default_handlers)
{
	signal(SIGTERM, catch_nothing);
	ck_assert_int_eq(exit_code_of(has_handler, true), 0);
}
END_TEST

static _Atomic int *ignored;

/* In shared memory, because who ignores SIGCHLD never learns an exit code; the child waits, or it might be gone
 * before it can be followed. */
static int tell_what_is_ignored(void)
{
	static const int numbers[] = {SIGINT, SIGPIPE, SIGCHLD, SIGTERM};

	for (int i = 0; i < 4; ++i) {
		struct sigaction now;

		sigaction(numbers[i], NULL, &now);
		*ignored |= (now.sa_handler == SIG_IGN) << i;
	}
	return pass_gate();
}

START_TEST(fresh_child_ignores_interrupts_and_what_its_parent_ignores_but_no_child)
{
	int pidfd;

	ignored = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	pidfd = start(tell_what_is_ignored, true);
	let_one_through();
	ck_assert(finish(pidfd).is_lost);
	ck_assert_int_eq(*ignored, 1 | 2);
}
END_TEST

static int mask_of_signals(void)
{
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, SIGUSR1) | sigismember(&now, SIGUSR2) << 1 | sigismember(&now, SIGCHLD) << 2;
}

START_TEST(signal_mask_is_the_parents_unless_a_fresh_one_is_asked_for)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &one, NULL);
	ck_assert_int_eq(exit_code_of(mask_of_signals, false), 1);
	ck_assert_int_eq(exit_code_of(mask_of_signals, true), 0);
	ck_assert_int_eq(mask_of_signals(), 1);
}
END_TEST

/* A file that stdio buffers, and what is in it. */
static FILE *open_buffered(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	FILE *file = fdopen(fd, "w");

	ck_assert_ptr_nonnull(file);
	return file;
}

static void check_and_close(FILE *file, const char *expected)
{
	char text[256] = "";

	fflush(file);
	ck_assert_int_ge(pread(fileno(file), text, sizeof text - 1, 0), 0);
	ck_assert_str_eq(text, expected);
	fclose(file);
}

static FILE *buffered;

static int print_in_child(void)
{
	fputs("child\n", buffered);
	return 0;
}

START_TEST(buffered_text_appears_once)
{
	buffered = open_buffered();
	fputs("before\n", buffered);
	exit_code_of(print_in_child, false);
	fputs("after\n", buffered);
	check_and_close(buffered, "before\nchild\nafter\n");
}
END_TEST

static _Atomic bool *atexit_ran;

static void run_atexit(void)
{
	*atexit_ran = true;
}

START_TEST(child_exit_runs_no_atexit_handler)
{
	atexit_ran = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	atexit(run_atexit);
	exit_code_of(return_7, false);
	ck_assert(!*atexit_ran);
}
END_TEST

static void limit_descriptors(rlim_t most)
{
	struct rlimit now;

	getrlimit(RLIMIT_NOFILE, &now);
	now.rlim_cur = most;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
}

START_TEST(fork_without_a_descriptor_fails_and_leaves_no_child)
{
	struct rlimit before;
	int pidfd = -2;
	int lifeline = mproci_lifeline_open();
	pid_t pid;

	getrlimit(RLIMIT_NOFILE, &before);
	limit_descriptors(0);
	pid = mproci_child_fork(&(mproci_child_plan){.lifeline = lifeline}, &pidfd);
	if (pid == 0)
		mproci_exit_now(0);
	limit_descriptors(before.rlim_cur);
	mproci_close(lifeline);
	ck_assert_int_eq(pid, -EMFILE);
	ck_assert_int_eq(pidfd, -2);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), strerror(EMFILE)));
}
END_TEST

START_TEST(process_that_is_no_child_can_be_opened)
{
	uint64_t start_time = start_time_of(getppid());
	int fd = mproci_child_open(getppid(), start_time);

	ck_assert_uint_ne(start_time, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(mproci_child_wait(fd, MPROC_NOW), -ETIMEDOUT);
	mproci_close(fd);
}
END_TEST

START_TEST(process_that_started_at_another_time_is_another_process)
{
	ck_assert_int_eq(mproci_child_open(getpid(), start_time_of(getpid()) - 1), -ESRCH);
}
END_TEST

START_TEST(process_that_has_gone_is_not_opened)
{
	pid_t pid = fork();
	uint64_t start_time;

	if (pid == 0)
		_exit(0);
	start_time = start_time_of(pid);
	ck_assert_uint_ne(start_time, 0);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(mproci_child_open(pid, start_time), -ESRCH);
	ck_assert_int_eq(mproci_process_start_time(pid, &start_time), -ESRCH);
}
END_TEST

START_TEST(process_that_cannot_be_opened_for_want_of_descriptors_has_not_gone)
{
	int first = dup(STDERR_FILENO);
	struct rlimit before;
	uint64_t start_time;

	close(first);
	ck_assert_int_eq(mproci_process_start_time(getpid(), &start_time), 0);
	getrlimit(RLIMIT_NOFILE, &before);
	/* One for the process, and one to read its start time with. */
	for (int left = 0; left < 2; ++left) {
		int rc;

		limit_descriptors((rlim_t)(first + left));
		rc = mproci_child_open(getpid(), start_time);
		limit_descriptors(before.rlim_cur);
		ck_assert_int_eq(rc, -EMFILE);
	}
}
END_TEST

START_TEST(start_time_is_found_behind_any_name)
{
	uint64_t before = start_time_of(getpid());

	prctl(PR_SET_NAME, ") R 1 2 (3 4");
	ck_assert_uint_ne(before, 0);
	ck_assert_uint_eq(start_time_of(getpid()), before);
}
END_TEST

START_TEST(name_is_shown_by_its_first_15_bytes)
{
	char name[17] = "";

	mproci_process_set_name("a-name-of-more-than-15-bytes");
	prctl(PR_GET_NAME, name);
	ck_assert_str_eq(name, "a-name-of-more-");
}
END_TEST

START_TEST(process_id_is_the_kernels)
{
	ck_assert_int_eq(mproci_process_id(), getpid());
}
END_TEST

static void *wait_in_thread(void *unused)
{
	wait_at_gate();
	return unused;
}

/* Not where ThreadSanitizer has threads of its own, and more after each fork. */
START_TEST(other_threads_are_seen_until_they_are_joined)
{
	pthread_t thread;

	ck_assert(!mproci_process_has_threads());
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_thread, NULL), 0);
	ck_assert(mproci_process_has_threads());
	let_one_through();
	pthread_join(thread, NULL);
	ck_assert(!mproci_process_has_threads());
}
END_TEST

static int forks_seen;

static void see_fork(void)
{
	++forks_seen;
}

static int count_forks(void)
{
	return forks_seen;
}

START_TEST(fork_handler_runs_in_every_child_and_not_in_the_parent)
{
	pid_t pid;
	int status;

	ck_assert_int_eq(mproci_process_at_fork(NULL, NULL, see_fork), 0);
	ck_assert_int_eq(exit_code_of(count_forks, false), 1);
	pid = fork();
	if (pid == 0)
		_exit(forks_seen);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_int_eq(forks_seen, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		process_that_is_no_child_can_be_opened,
		process_that_started_at_another_time_is_another_process,
		process_that_cannot_be_opened_for_want_of_descriptors_has_not_gone,
		start_time_is_found_behind_any_name,
		name_is_shown_by_its_first_15_bytes,
		process_id_is_the_kernels,
		NULL,
	};
	const TTest *process_tests[] = {
		child_ends_with_the_code_it_was_given,
		fork_gives_the_pid_and_a_descriptor_closed_on_exec,
		wait_times_out_while_the_child_runs,
		ended_child_keeps_its_pid_until_it_is_reaped,
		killed_child_tells_the_signal,
		kill_of_an_ended_child_is_no_error,
		ending_that_somebody_else_took_is_lost,
		child_keeps_the_handlers_when_not_told_otherwise,
		fresh_child_has_default_handlers,
		fresh_child_ignores_interrupts_and_what_its_parent_ignores_but_no_child,
		signal_mask_is_the_parents_unless_a_fresh_one_is_asked_for,
		buffered_text_appears_once,
		child_exit_runs_no_atexit_handler,
		fork_without_a_descriptor_fails_and_leaves_no_child,
		process_that_has_gone_is_not_opened,
		fork_handler_runs_in_every_child_and_not_in_the_parent,
		other_threads_are_seen_until_they_are_joined,
		NULL,
	};
	const support_suite suite = {
		.name = "child",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = make_lifeline,
		.setup = open_gate,
		.teardown = close_gate,
	};

	return support_run_suite(&suite);
}
