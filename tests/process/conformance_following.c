/* SPDX-License-Identifier: MIT */
/*
 * A handle: following a process, ending it, waiting for it.
 */
#include "conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(a_process_is_alive_until_it_ends)
{
	mproc_process *process = start_and_await(await_gate);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	let_through(1);
	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(a_stopped_process_is_alive)
{
	mproc_process *process = start_and_await(stay);

	ck_assert_int_eq(kill(mproc_process_pid(process), SIGSTOP), 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(0.01)), -ETIMEDOUT);
	kill_and_finish(process);
}
END_TEST

static int tell_pid(void *shared)
{
	noticeboard *here = shared;

	here->numbers[0] = getpid();
	return await_gate(shared);
}

START_TEST(pid_is_the_childs_and_stays_after_its_end)
{
	mproc_process *process = start_and_await(tell_pid);
	pid_t pid = mproc_process_pid(process);

	ck_assert_int_eq(pid, board->numbers[0]);
	ck_assert_int_ne(pid, getpid());
	ck_assert_int_eq(kill(pid, 0), 0);
	let_through(1);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_pid(process), pid);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(pid_is_free_when_the_process_was_joined)
{
	mproc_process *process = start_and_await(stay);
	pid_t pid = mproc_process_pid(process);

	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
	finish(process);
}
END_TEST

/* Join. */

START_TEST(join_times_out_while_the_process_runs)
{
	mproc_process *process = start_and_await(await_gate);

	ck_assert_int_eq(mproc_process_join(process, MPROC_NOW), -ETIMEDOUT);
	check_text("still runs");
	check_text(mproc_process_name(process));
	ck_assert_int_eq(mproc_process_join(process, mproc_after(0)), -ETIMEDOUT);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(0.02)), -ETIMEDOUT);
	let_through(1);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(100)), 0);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(join_of_an_ended_process_succeeds_whatever_the_deadline)
{
	mproc_process *process = start(return_0, NULL, 0);

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(0)), 0);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(1)), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

static void *join_it(void *process)
{
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	return NULL;
}

START_TEST(several_threads_may_join_one_process)
{
	mproc_process *process = start_and_await(await_gate);
	pthread_t threads[4];

	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, join_it, process), 0);
	let_through(1);
	for (int i = 0; i < 4; ++i)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(processes_may_be_joined_in_any_order)
{
	enum {
		MANY = 6
	};
	static const int order[MANY] = {3, 0, 5, 1, 4, 2};
	mproc_process *processes[MANY];

	for (int i = 0; i < MANY; ++i)
		processes[i] = start(return_argument, &i, sizeof i);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(finish(processes[order[i]]), order[i]);
}
END_TEST

static volatile sig_atomic_t caught;

static void count_signal(int number)
{
	(void)number;
	++caught;
}

/* A signal every millisecond, ten of them. */
static int disturb_parent(void *shared)
{
	noticeboard *here = shared;

	tell_ready(shared);
	for (int i = 0; i < 10; ++i) {
		if (kill(here->numbers[0], SIGUSR1) != 0)
			return 1;
		usleep(1000);
	}
	return 7;
}

START_TEST(a_caught_signal_does_not_end_a_join)
{
	const struct sigaction action = {.sa_handler = count_signal}, standard = {.sa_handler = SIG_DFL};
	mproc_process *process;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	board->numbers[0] = getpid();
	process = start(disturb_parent, board, 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(finish(process), 7);
	ck_assert_int_gt(caught, 0);
	sigaction(SIGUSR1, &standard, NULL);
}
END_TEST

/* Descriptor. */

START_TEST(the_descriptor_is_readable_from_the_end_on)
{
	mproc_process *process = start_and_await(await_gate);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	ck_assert_int_ge(end.fd, 0);
	ck_assert_int_eq(mproc_process_fd(process), end.fd);
	ck_assert_int_eq(fcntl(end.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(poll(&end, 1, 0), 0);
	let_through(1);
	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_ne(end.revents & POLLIN, 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(poll(&end, 1, 0), 1);
	ck_assert_int_ne(end.revents & POLLIN, 0);
	ck_assert_int_eq(finish(process), 0);
	ck_assert_int_eq(fcntl(end.fd, F_GETFD), -1);
}
END_TEST

START_TEST(epoll_tells_which_process_ended)
{
	mproc_process *stays = start_and_await(stay), *ends = start_and_await(await_gate);
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	event.data.ptr = stays;
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, mproc_process_fd(stays), &event), 0);
	event.data.ptr = ends;
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, mproc_process_fd(ends), &event), 0);
	let_through(1);
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, -1), 1);
	ck_assert_ptr_eq(event.data.ptr, ends);
	ck_assert_int_eq(finish(ends), 0);
	kill_and_finish(stays);
	close(epoll);
}
END_TEST

/* Signals. */

START_TEST(terminate_interrupt_and_kill_end_a_process_by_their_signals)
{
	static int (*const calls[])(mproc_process *) = {
		mproc_process_terminate, mproc_process_interrupt, mproc_process_kill};
	static const int signals[] = {SIGTERM, SIGINT, SIGKILL};

	for (int i = 0; i < 3; ++i) {
		mproc_process *process = start_and_await(stay);

		ck_assert_int_eq(calls[i](process), 0);
		ck_assert_int_eq(finish(process), -signals[i]);
	}
}
END_TEST

START_TEST(terminate_interrupt_and_kill_of_an_ended_process_are_no_error)
{
	mproc_process *process = start(return_0, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_eq(mproc_process_terminate(process), 0);
	ck_assert_int_eq(mproc_process_interrupt(process), 0);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_terminate(process), 0);
	ck_assert_int_eq(mproc_process_interrupt(process), 0);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

static void exit_with_signal(int number)
{
	_exit(number);
}

static int catch_signals(void *shared)
{
	const struct sigaction action = {.sa_handler = exit_with_signal};

	if (sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0)
		return 1;
	return stay(shared);
}

START_TEST(a_process_may_catch_what_terminate_and_interrupt_send)
{
	mproc_process *process = start_and_await(catch_signals);

	ck_assert_int_eq(mproc_process_terminate(process), 0);
	ck_assert_int_eq(finish(process), SIGTERM);
	process = start_and_await(catch_signals);
	ck_assert_int_eq(mproc_process_interrupt(process), 0);
	ck_assert_int_eq(finish(process), SIGINT);
}
END_TEST

static int refuse_to_end(void *shared)
{
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) != 0)
		return 1;
	signal(SIGTERM, SIG_IGN);
	return stay(shared);
}

START_TEST(kill_ends_a_process_that_blocks_all_signals)
{
	mproc_process *process = start_and_await(refuse_to_end);

	ck_assert_int_eq(mproc_process_terminate(process), 0);
	ck_assert_int_eq(mproc_process_interrupt(process), 0);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(0.01)), -ETIMEDOUT);
	kill_and_finish(process);
}
END_TEST

START_TEST(a_process_that_is_stopped_can_be_killed)
{
	mproc_process *process = start_and_await(stay);

	ck_assert_int_eq(kill(mproc_process_pid(process), SIGSTOP), 0);
	kill_and_finish(process);
}
END_TEST

/* Close. */

START_TEST(close_gives_the_handle_of_a_running_process_back)
{
	mproc_process *process = start_and_await(await_gate);

	ck_assert_ptr_eq(mproc_process_close(process), process);
	check_text("still runs");
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(close_needs_no_join_before)
{
	mproc_process *process = start(return_0, NULL, 0);
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(close_accepts_no_process)
{
	ck_assert_ptr_null(mproc_process_close(NULL));
}
END_TEST

START_TEST(every_call_refuses_no_process)
{
	mproc_process_end ending;
	int code;

	ck_assert_int_eq(mproc_process_join(NULL, MPROC_NOW), -EINVAL);
	check_text("process is NULL");
	ck_assert_int_eq(mproc_process_is_alive(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_exit_code(NULL, &code), -EINVAL);
	ck_assert_int_eq(mproc_process_ending(NULL, &ending), -EINVAL);
	ck_assert_int_eq(mproc_process_terminate(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_interrupt(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_kill(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_pid(NULL), -EINVAL);
	ck_assert_int_eq(mproc_process_fd(NULL), -EINVAL);
	check_text("process is NULL");
	ck_assert_ptr_null(mproc_process_name(NULL));
}
END_TEST

/* Other children, and other processes. */

START_TEST(other_children_of_the_application_are_left_alone)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(77);
	for (int i = 0; i < 10; ++i)
		ck_assert_int_eq(run(return_argument, &i, sizeof i), i);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 77);
}
END_TEST

/* The number of the first call that answers otherwise than -ECHILD, or 0. */
static int use_foreign_handle(mproc_process *process)
{
	mproc_process_end ending;
	int code;

	const int answers[] = {
		mproc_process_join(process, MPROC_NOW),
		mproc_process_is_alive(process),
		mproc_process_exit_code(process, &code),
		mproc_process_ending(process, &ending),
		mproc_process_terminate(process),
		mproc_process_interrupt(process),
		mproc_process_kill(process),
		mproc_process_pid(process),
		mproc_process_fd(process),
	};

	for (int i = 0; i < (int)(sizeof answers / sizeof *answers); ++i) {
		if (answers[i] != -ECHILD)
			return i + 1;
	}
	if (strstr(mproc_error_text(), "started by another process") == NULL)
		return 20;
	if (strcmp(mproc_process_name(process), "foreign") != 0)
		return 21;
	if (mproc_process_children(0, NULL) != 0)
		return 22;
	return mproc_process_close(process) == NULL ? 0 : 23;
}

START_TEST(a_handle_in_a_plainly_forked_child_answers_that_it_is_not_its_own)
{
	mproc_process *process = start_with((mproc_process_options){.name = "foreign"}, await_gate, board, 0);
	pid_t pid;
	int status;

	await_ready(1);
	pid = fork();
	if (pid == 0)
		_exit(use_foreign_handle(process));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status >> 8, 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

/* A child by fork sees the handles of its parent; others have not even their memory. */
static int use_handle_of_the_parent(void *process)
{
	return use_foreign_handle(process);
}

START_TEST(a_handle_in_a_forked_child_answers_that_it_is_not_its_own)
{
	mproc_process *process = start_with((mproc_process_options){.name = "foreign"}, await_gate, board, 0);

	await_ready(1);
	ck_assert_int_eq(run_with((mproc_process_options){.start = MPROC_START_FORK},
				 use_handle_of_the_parent, process, 0),
		0);
	ck_assert_int_eq(mproc_process_is_alive(process), 1);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

void add_following(void)
{
	const TTest *const here[] = {
		a_process_is_alive_until_it_ends,
		a_stopped_process_is_alive,
		pid_is_the_childs_and_stays_after_its_end,
		pid_is_free_when_the_process_was_joined,
		join_times_out_while_the_process_runs,
		join_of_an_ended_process_succeeds_whatever_the_deadline,
		several_threads_may_join_one_process,
		processes_may_be_joined_in_any_order,
		a_caught_signal_does_not_end_a_join,
		the_descriptor_is_readable_from_the_end_on,
		epoll_tells_which_process_ended,
		terminate_interrupt_and_kill_end_a_process_by_their_signals,
		terminate_interrupt_and_kill_of_an_ended_process_are_no_error,
		a_process_may_catch_what_terminate_and_interrupt_send,
		kill_ends_a_process_that_blocks_all_signals,
		a_process_that_is_stopped_can_be_killed,
		close_gives_the_handle_of_a_running_process_back,
		close_needs_no_join_before,
		close_accepts_no_process,
		every_call_refuses_no_process,
		other_children_of_the_application_are_left_alone,
		a_handle_in_a_plainly_forked_child_answers_that_it_is_not_its_own,
		a_handle_in_a_forked_child_answers_that_it_is_not_its_own,
		NULL,
	};

	add_tests(here);
}
