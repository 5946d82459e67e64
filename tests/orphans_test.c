/* SPDX-License-Identifier: MIT */
/*
 * Nobody outlives the root of a family by more than 100 ms, however the root ends and whatever its members do.
 *
 * All members hold the write end of a pipe: its end of file tells that the last one has gone, also of those that
 * were about to start when the root was killed.  How long that took is looked at over many rounds, because this
 * machine may be busy with something else for a moment; for ever would be a failure at once.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PROMISED_MILLISECONDS = 100,
	FOREVER_MILLISECONDS = 20000,
	ROUNDS = 40,
	MOST_LATE_ROUNDS = ROUNDS / 4,
};

/* The end that members write to and hold, and the end that the test reads. */
static int members[2];

static void stay(void)
{
	for (;;)
		pause();
}

static void tell_ready(void)
{
	(void)!write(members[1], "x", 1);
}

static void await_death_of(pid_t parent)
{
	while (getppid() == parent)
		usleep(1000);
}

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Fork a root that runs @be_root, which does not return. */
static pid_t fork_root(void (*be_root)(void))
{
	pid_t root;

	ck_assert_int_eq(pipe2(members, O_CLOEXEC), 0);
	root = fork();
	ck_assert_int_ge(root, 0);
	if (root == 0) {
		close(members[0]);
		be_root();
		_exit(1);
	}
	close(members[1]);
	return root;
}

static void await_ready(int count)
{
	char byte;

	while (count-- > 0)
		ck_assert_int_eq(read(members[0], &byte, 1), 1);
}

/* Wait for the end of file, within a time that only a process left behind reaches.  Returns the milliseconds. */
static int64_t await_the_end_of_all(void)
{
	int64_t start = milliseconds();
	struct pollfd all = {.fd = members[0], .events = POLLIN};
	char byte;

	do {
		int left = (int)(start + FOREVER_MILLISECONDS - milliseconds());

		if (poll(&all, 1, left > 0 ? left : 0) == 0)
			ck_abort_msg("somebody outlives the root");
	} while (read(members[0], &byte, 1) > 0);
	close(members[0]);
	return milliseconds() - start;
}

/* Kill the root of each family @rounds times, when @ready members said that they run, after up to @most_us. */
static void kill_roots(void (*be_root)(void), int ready, unsigned most_us)
{
	int late = 0;

	for (int round = 0; round < ROUNDS; ++round) {
		pid_t root = fork_root(be_root);
		struct timespec delay = {.tv_nsec = most_us == 0 ? 0 : rand() % most_us * 1000L};

		await_ready(ready);
		nanosleep(&delay, NULL);
		kill(root, SIGKILL);
		ck_assert_int_eq(waitpid(root, NULL, 0), root);
		late += await_the_end_of_all() > PROMISED_MILLISECONDS;
	}
	ck_assert_msg(late <= MOST_LATE_ROUNDS, "in %d of %d rounds somebody lived for more than %d ms", late,
		ROUNDS, PROMISED_MILLISECONDS);
}

static mproc_process *start(mproc_process_function *function)
{
	const mproc_process_options insist = {.start = MPROC_START_FORK};
	mproc_process *process;

	if (mproc_process_start(&insist, function, NULL, 0, &process) != 0) {
		fprintf(stderr, "cannot start: %s\n", mproc_error_text());
		_exit(1);
	}
	return process;
}

static int be_idle(void *unused)
{
	(void)unused;
	tell_ready();
	stay();
	return 0;
}

static int be_busy(void *unused)
{
	(void)unused;
	tell_ready();
	for (volatile unsigned i = 0;; ++i)
		;
	return 0;
}

static int block_all_signals(void *unused)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return be_busy(unused);
}

static int ignore_all_signals(void *unused)
{
	for (int number = 1; number < NSIG; ++number)
		signal(number, SIG_IGN);
	setsid();
	return be_idle(unused);
}

static void root_of_four(void)
{
	start(be_idle);
	start(be_busy);
	start(block_all_signals);
	start(ignore_all_signals);
	stay();
}

START_TEST(children_end_with_their_parent_whatever_they_do)
{
	kill_roots(root_of_four, 4, 0);
}
END_TEST

/* Starting and joining all the time, so that the kill hits every moment of it. */
static void root_that_starts(void)
{
	tell_ready();
	for (;;) {
		mproc_process *process = start(be_idle);

		start(block_all_signals);
		mproc_process_kill(process);
		mproc_process_join(process, MPROC_FOREVER);
		mproc_process_close(process);
	}
}

START_TEST(children_end_with_a_parent_that_is_killed_at_a_random_moment)
{
	kill_roots(root_that_starts, 1, 3000);
}
END_TEST

static int start_child(void *unused)
{
	start(block_all_signals);
	return be_idle(unused);
}

static int start_grandchild(void *unused)
{
	start(start_child);
	return be_idle(unused);
}

static void root_of_generations(void)
{
	start(start_grandchild);
	stay();
}

START_TEST(grandchildren_end_with_the_root)
{
	kill_roots(root_of_generations, 3, 0);
}
END_TEST

START_TEST(grandchildren_end_with_a_root_that_is_killed_while_they_start)
{
	kill_roots(root_of_generations, 1, 2000);
}
END_TEST

static void *start_in_thread(void *unused)
{
	start(be_idle);
	start(block_all_signals);
	return unused;
}

static void root_whose_thread_ended(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, start_in_thread, NULL) != 0)
		_exit(1);
	pthread_join(thread, NULL);
	tell_ready();
	stay();
}

START_TEST(children_end_with_a_parent_whose_forking_thread_ended_before)
{
	kill_roots(root_whose_thread_ended, 3, 0);
}
END_TEST

/* A child that lives on: it answers after the thread that forked it has ended. */
static int questions[2], answers[2];

static int answer(void *unused)
{
	char byte;

	(void)unused;
	while (read(questions[0], &byte, 1) == 1)
		(void)!write(answers[1], &byte, 1);
	return 0;
}

static void *start_answering(void *ret_process)
{
	*(mproc_process **)ret_process = start(answer);
	return NULL;
}

static void root_that_talks_to_a_child(void)
{
	mproc_process *process = NULL;
	pthread_t thread;
	char byte = 'a';
	int failed;

	failed = pipe2(questions, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0
		 || pthread_create(&thread, NULL, start_answering, &process) != 0
		 || pthread_join(thread, NULL) != 0;
	for (int i = 0; i < 100 && !failed; ++i)
		failed = write(questions[1], &byte, 1) != 1 || read(answers[0], &byte, 1) != 1;
	_exit(failed || mproc_process_is_alive(process) != 1);
}

START_TEST(child_lives_on_when_the_thread_that_forked_it_ends)
{
	pid_t root = fork_root(root_that_talks_to_a_child);
	int status;

	ck_assert_int_eq(waitpid(root, &status, 0), root);
	ck_assert_int_eq(status, 0);
	await_the_end_of_all();
}
END_TEST

static int stop_when_running(void *unused)
{
	tell_ready();
	raise(SIGSTOP);
	return be_idle(unused);
}

static void root_with_stopped_child(void)
{
	mproc_process *process = start(stop_when_running);

	waitpid(mproc_process_pid(process), NULL, WUNTRACED);
	tell_ready();
	stay();
}

START_TEST(stopped_child_ends_with_its_parent)
{
	kill_roots(root_with_stopped_child, 2, 0);
}
END_TEST

static void root_that_exits(void)
{
	start(block_all_signals);
	_exit(0);
}

START_TEST(children_end_with_a_parent_that_exits)
{
	kill_roots(root_that_exits, 0, 1000);
}
END_TEST

static void root_that_crashes(void)
{
	start(block_all_signals);
	signal(SIGABRT, SIG_DFL);
	abort();
}

START_TEST(children_end_with_a_parent_that_crashes)
{
	kill_roots(root_that_crashes, 0, 1000);
}
END_TEST

/* Other processes of the program, which inherit what its parent has open and go on when that has died. */
static pid_t *bystander;

static void make_bystander(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(members[1]);
		stay();
	}
	*bystander = pid;
}

static void root_with_younger_bystander(void)
{
	start(block_all_signals);
	make_bystander();
	tell_ready();
	stay();
}

static void root_with_older_bystander(void)
{
	make_bystander();
	start(block_all_signals);
	tell_ready();
	stay();
}

static void root_with_program(void)
{
	char *arguments[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL}, *environment[] = {NULL};

	start(block_all_signals);
	if (posix_spawn(bystander, "/bin/sleep", NULL, NULL, arguments, environment) != 0)
		_exit(1);
	tell_ready();
	stay();
}

static void kill_roots_with_bystander(void (*be_root)(void))
{
	bystander = mmap(NULL, sizeof *bystander, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int round = 0; round < ROUNDS / 4; ++round) {
		pid_t root = fork_root(be_root);

		await_ready(2);
		kill(root, SIGKILL);
		ck_assert_int_eq(waitpid(root, NULL, 0), root);
		await_the_end_of_all();
		/* It was none of mproc's, and lives. */
		ck_assert_int_eq(kill(*bystander, SIGKILL), 0);
	}
	munmap(bystander, sizeof *bystander);
}

START_TEST(children_end_although_a_process_forked_later_lives_on)
{
	kill_roots_with_bystander(root_with_younger_bystander);
}
END_TEST

START_TEST(children_end_although_a_process_forked_before_lives_on)
{
	kill_roots_with_bystander(root_with_older_bystander);
}
END_TEST

START_TEST(children_end_although_a_program_started_by_the_parent_lives_on)
{
	kill_roots_with_bystander(root_with_program);
}
END_TEST

/* A process that the program forked itself does not end with the program, but its children end with it. */
static void root_that_forks_a_root(void)
{
	pid_t root = getpid();

	if (fork() == 0) {
		start(start_child);
		await_death_of(root);
		raise(SIGKILL);
	}
	start(be_idle);
	stay();
}

START_TEST(children_of_a_plainly_forked_process_end_with_that)
{
	kill_roots(root_that_forks_a_root, 3, 0);
}
END_TEST

static void choose_moments(void)
{
	const char *seed = getenv("MPROC_TEST_SEED");
	unsigned number = seed == NULL ? (unsigned)getpid() : (unsigned)strtoul(seed, NULL, 10);

	srand(number);
}

int main(void)
{
	const TTest *process_tests[] = {
		children_end_with_their_parent_whatever_they_do,
		children_end_with_a_parent_that_is_killed_at_a_random_moment,
		grandchildren_end_with_the_root,
		grandchildren_end_with_a_root_that_is_killed_while_they_start,
		children_end_with_a_parent_whose_forking_thread_ended_before,
		child_lives_on_when_the_thread_that_forked_it_ends,
		stopped_child_ends_with_its_parent,
		children_end_with_a_parent_that_exits,
		children_end_with_a_parent_that_crashes,
		children_end_although_a_process_forked_later_lives_on,
		children_end_although_a_process_forked_before_lives_on,
		children_end_although_a_program_started_by_the_parent_lives_on,
		children_of_a_plainly_forked_process_end_with_that,
		NULL,
	};
	const support_suite suite = {
		.name = "orphans",
		.process_tests = process_tests,
		.setup = choose_moments,
	};

	return support_run_suite(&suite);
}
