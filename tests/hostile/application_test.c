/* SPDX-License-Identifier: MIT */
/*
 * What applications do around the library without asking: fork by themselves, drop their privileges, close what they
 * did not open, wait for input in another thread.
 */
#include "family/member.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <mproc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int return_7(void *unused)
{
	(void)unused;
	return 7;
}

/* Start, join and close one process: its exit code. */
static int run(const mproc_process_options *options)
{
	mproc_process *process;
	int code = 77, rc;

	rc = mproc_process_start(options, return_7, NULL, 0, &process);
	ck_assert_msg(rc == 0, "start: %d, %s", rc, mproc_error_text());
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_ptr_null(mproc_process_close(process));
	return code;
}

static void start_first(void)
{
	mproc_free(mproc_alloc(1));
	ck_assert_int_eq(run(NULL), 7);
}

/* Run @function in a plainly forked child: its result.  Sanitizers do not look for leaks there. */
static int in_child(int (*function)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(function());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A daemon that starts as root, and starts its first process before it becomes somebody else. */
static int give_up_privileges_and_start(void)
{
	if (run(NULL) != 7)
		return 1;
	if (geteuid() == 0 && setresuid(54321, 54321, 54321) != 0)
		return 2;
	return run(NULL);
}

START_TEST(processes_are_started_after_the_program_gave_up_its_privileges)
{
	ck_assert_int_eq(in_child(give_up_privileges_and_start), 7);
}
END_TEST

enum {
	SLOTS_LEFT = 20,
	MORE_THAN_THAT = 100,
};

static void leave_few_slots(void)
{
	for (int i = 0; i < MPROCI_MEMBERS - SLOTS_LEFT; ++i) {
		mproci_id id;

		ck_assert_int_eq(mproci_member_expect("", &id), 0);
	}
}

static int use_arena(void)
{
	return mproc_free(mproc_alloc(100)) != 0 || mproc_error_text()[0] != '\0';
}

/* A server that forks a process for each request, and never tells the library about them. */
START_TEST(plainly_forked_children_do_not_fill_the_family)
{
	leave_few_slots();
	for (int i = 0; i < MORE_THAN_THAT; ++i)
		ck_assert_msg(in_child(use_arena) == 0, "the child %d was refused", i);
	ck_assert_int_eq(run(NULL), 7);
}
END_TEST

static int abandon(void *unused)
{
	mproc_process *process;

	return mproc_process_start(NULL, return_7, unused, 0, &process);
}

/* A server whose children start processes and end without waiting for them. */
START_TEST(processes_that_nobody_waited_for_do_not_fill_the_family)
{
	leave_few_slots();
	for (int i = 0; i < MORE_THAN_THAT; ++i) {
		mproc_process *process;
		int code;

		ck_assert_int_eq(mproc_process_start(NULL, abandon, NULL, 0, &process), 0);
		ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
		ck_assert_int_eq(code, 0);
		mproc_process_close(process);
	}
}
END_TEST

static void *read_byte(void *stream)
{
	fgetc(stream);
	return NULL;
}

START_TEST(thread_that_waits_for_input_does_not_stop_a_start)
{
	const mproc_process_options insist = {.start = MPROC_START_FORK};
	pthread_t thread;
	FILE *stream;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	stream = fdopen(ends[0], "r");
	ck_assert_int_eq(pthread_create(&thread, NULL, read_byte, stream), 0);
	/* The thread that has the stream's lock is waiting. */
	while (ftrylockfile(stream) == 0) {
		funlockfile(stream);
		sched_yield();
	}
	/* Ends the test when the start hangs. */
	signal(SIGALRM, SIG_DFL);
	alarm(10);
	ck_assert_int_eq(run(&insist), 7);
	alarm(0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	pthread_join(thread, NULL);
	fclose(stream);
	close(ends[1]);
}
END_TEST

static int close_everything(void *unused)
{
	(void)unused;
	for (int fd = 3; fd < 1000; ++fd)
		close(fd);
	mproc_free(mproc_alloc(100000));
	return 7;
}

START_TEST(child_that_closes_every_descriptor_ends_as_any_other)
{
	mproc_process *process;
	int code;

	ck_assert_int_eq(mproc_process_start(NULL, close_everything, NULL, 0, &process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 7);
	mproc_process_close(process);
}
END_TEST

/* Children of a process that has closed its standard streams, as daemons do, and writes to them all the same. */
static int start_without_standard_streams(void)
{
	mproc_process *process;
	int ends[2], code = 0;

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	if (mproc_process_start(NULL, close_everything, NULL, 0, &process) != 0)
		return 1;
	if (write(STDIN_FILENO, "x", 1) > 0 || write(STDOUT_FILENO, "x", 1) > 0
		|| write(STDERR_FILENO, "x", 1) > 0)
		return 2;
	if (mproc_process_join(process, MPROC_FOREVER) != 0 || mproc_process_exit_code(process, &code) != 0)
		return 3;
	mproc_process_close(process);
	return pipe(ends) == 0 && ends[0] == STDIN_FILENO ? code : 4;
}

START_TEST(standard_streams_that_are_closed_are_not_taken_for_anything_else)
{
	ck_assert_int_eq(in_child(start_without_standard_streams), 7);
}
END_TEST

/* A program that closes all descriptors has others under their numbers, which its children inherit as ever. */
static int close_lifeline_and_start(void)
{
	struct stat info;
	int fds[20];
	pid_t pid;
	int status;

	if (run(NULL) != 7)
		return 1;
	for (int fd = 3; fd < 1000; ++fd)
		close(fd);
	for (int i = 0; i < 20; ++i)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 20; ++i) {
			if (fstat(fds[i], &info) != 0)
				_exit(1);
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status == 0 && run(NULL) == 7 ? 0 : 2;
}

START_TEST(closing_all_descriptors_costs_neither_later_ones_nor_later_processes)
{
	ck_assert_int_eq(in_child(close_lifeline_and_start), 0);
}
END_TEST

/* From here on the kernel refuses a system call with an errno: what an older kernel, or a full system, does. */
static void refuse_call(unsigned number, unsigned code)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0), 0);
}

/* What starting a process and opening a pool both return. */
static int start_fails_with(void)
{
	mproc_process *process;
	mproc_pool *pool;
	int rc = mproc_process_start(NULL, return_7, NULL, 0, &process);

	return mproc_pool_open(NULL, &pool) == rc ? -rc : 255;
}

static int start_without_pidfds(void)
{
	refuse_call(SYS_pidfd_open, ENOSYS);
	return start_fails_with();
}

START_TEST(kernel_without_process_descriptors_is_told_of)
{
	ck_assert_int_eq(in_child(start_without_pidfds), ENOSYS);
}
END_TEST

static int start_with_a_full_file_table(void)
{
	refuse_call(SYS_pipe2, ENFILE);
	return start_fails_with();
}

START_TEST(full_file_table_is_told_of)
{
	ck_assert_int_eq(in_child(start_with_a_full_file_table), ENFILE);
}
END_TEST

static int start_without_proc(void)
{
	/* Only root can try; there is no /usr/proc. */
	return chroot("/usr") != 0 ? ENOENT : start_fails_with();
}

START_TEST(missing_proc_is_told_of)
{
	ck_assert_int_eq(in_child(start_without_proc), ENOENT);
}
END_TEST

static int stay_alive(void *gate)
{
	while (*(_Atomic int *)gate == 0)
		sched_yield();
	return 7;
}

/* Only root has privileges to give up. */
static int kill_without_privileges(void)
{
	_Atomic int *gate = mproc_calloc(1, sizeof *gate);
	mproc_process *process;
	int rc, code = 0;

	if (mproc_process_start(NULL, stay_alive, gate, 0, &process) != 0)
		return 1;
	if (setresuid(65534, 65534, 65534) != 0)
		return kill(mproc_process_pid(process), SIGKILL) == 0 ? EPERM : 2;
	rc = mproc_process_kill(process);
	*gate = 1;
	if (mproc_process_join(process, MPROC_FOREVER) != 0 || mproc_process_exit_code(process, &code) != 0
		|| code != 7)
		return 3;
	return -rc;
}

START_TEST(kill_that_the_kernel_refuses_is_told_of)
{
	ck_assert_int_eq(in_child(kill_without_privileges), EPERM);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		processes_are_started_after_the_program_gave_up_its_privileges,
		plainly_forked_children_do_not_fill_the_family,
		processes_that_nobody_waited_for_do_not_fill_the_family,
		thread_that_waits_for_input_does_not_stop_a_start,
		child_that_closes_every_descriptor_ends_as_any_other,
		standard_streams_that_are_closed_are_not_taken_for_anything_else,
		closing_all_descriptors_costs_neither_later_ones_nor_later_processes,
		kernel_without_process_descriptors_is_told_of,
		full_file_table_is_told_of,
		missing_proc_is_told_of,
		kill_that_the_kernel_refuses_is_told_of,
		NULL,
	};
	const support_suite suite = {
		.name = "application",
		.process_tests = process_tests,
		.warm_up = start_first,
	};

	return support_run_suite(&suite);
}
