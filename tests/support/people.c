/* SPDX-License-Identifier: MIT */
#include "people.h"

#include "family/member.h"
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t support_fork(support_deed *deed, void *argument)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(abs(deed(argument)));
	return pid;
}

/* Somebody who tells through a pipe how it went, and stays. */
struct keeper {
	support_deed *deed;
	void *argument;
	int ends[2];
};

static int do_and_stay(void *argument)
{
	struct keeper *keeper = argument;
	int result = keeper->deed(keeper->argument);

	(void)!write(keeper->ends[1], &result, sizeof result);
	while (result == 0)
		pause();
	return result;
}

static void open_ends(struct keeper *keeper)
{
	ck_assert_int_eq(pipe(keeper->ends), 0);
}

static void await_word(struct keeper *keeper)
{
	int result = INT_MIN;

	close(keeper->ends[1]);
	ck_assert_int_eq(read(keeper->ends[0], &result, sizeof result), sizeof result);
	ck_assert_int_eq(result, 0);
	close(keeper->ends[0]);
}

pid_t support_fork_and_keep(support_deed *deed, void *argument)
{
	struct keeper keeper = {.deed = deed, .argument = argument};
	pid_t pid;

	open_ends(&keeper);
	pid = support_fork(do_and_stay, &keeper);
	await_word(&keeper);
	return pid;
}

mproc_process *support_start(support_deed *deed, void *argument)
{
	const mproc_process_options options = {.start = MPROC_START_FORK};
	mproc_process *process = NULL;

	ck_assert_int_eq(mproc_process_start(&options, deed, argument, 0, &process), 0);
	return process;
}

mproc_process *support_start_and_keep(support_deed *deed, void *argument)
{
	struct keeper keeper = {.deed = deed, .argument = argument};
	mproc_process *process;

	open_ends(&keeper);
	process = support_start(do_and_stay, &keeper);
	await_word(&keeper);
	return process;
}

int support_reap(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void support_kill(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(support_reap(pid), -SIGKILL);
}

void support_kill_and_leave(pid_t pid)
{
	siginfo_t info;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

void support_kill_and_join(mproc_process *process)
{
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_ptr_null(mproc_process_close(process));
}

void support_stop(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
}

void support_go_on(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
}

static void *do_in_thread(void *argument)
{
	support_thread *thread = argument;

	thread->result = thread->deed(thread->argument);
	strncpy(thread->text, mproc_error_text(), sizeof thread->text - 1);
	return NULL;
}

void support_begin(support_thread *thread, support_deed *deed, void *argument)
{
	*thread = (support_thread){.deed = deed, .argument = argument, .result = INT_MIN};
	ck_assert_int_eq(pthread_create(&thread->thread, NULL, do_in_thread, thread), 0);
}

int support_end(support_thread *thread)
{
	ck_assert_int_eq(pthread_join(thread->thread, NULL), 0);
	return thread->result;
}

support_thread support_in_thread(support_deed *deed, void *argument)
{
	support_thread thread;

	support_begin(&thread, deed, argument);
	support_end(&thread);
	return thread;
}

void support_await(const _Atomic uint32_t *number, uint32_t least)
{
	while (atomic_load(number) < least)
		sched_yield();
}

static uint32_t count_sleepers(void)
{
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit), count = 0;

	for (uint32_t i = 0; i < limit; ++i)
		count += atomic_load(&mproci_family_here->threads[i].sleeps_on) != 0;
	return count;
}

void support_await_sleepers(uint32_t count)
{
	while (count_sleepers() < count)
		sched_yield();
}

/*
 * How this C library says what glibc calls @expected at its front or its end: tests expect the texts of glibc.  NULL: it says the
 * same, or that is no text of an errno.
 */
static const char *translate(const char *expected, char *translation, size_t size)
{
	static const struct {
		int code;
		const char *text;
	} glibc[] = {
		{EADDRNOTAVAIL, "Cannot assign requested address"},
		{EDQUOT, "Disk quota exceeded"},
		{EIO, "Input/output error"},
		{ELOOP, "symbolic links"},
		{EMFILE, "Too many open files"},
		{ENETUNREACH, "Network is unreachable"},
		{ENOMEM, "Cannot allocate memory"},
		{ENOTSOCK, "on non-socket"},
		{ETOOMANYREFS, "Too many references"},
	};

	for (size_t i = 0; i < sizeof glibc / sizeof *glibc; ++i) {
		const char *found = strstr(expected, glibc[i].text);

		if (found == NULL || strstr(strerror(glibc[i].code), glibc[i].text) != NULL)
			continue;
		snprintf(translation, size, "%.*s%s%s", (int)(found - expected), expected,
			strerror(glibc[i].code), found + strlen(glibc[i].text));
		return translation;
	}
	return NULL;
}

static bool is_said(const char *expected)
{
	char translation[1024];

	if (strstr(mproc_error_text(), expected) != NULL)
		return true;
	expected = translate(expected, translation, sizeof translation);
	return expected != NULL && strstr(mproc_error_text(), expected) != NULL;
}

void support_check_text(const char *expected)
{
	ck_assert_msg(is_said(expected), "\"%s\" is not in \"%s\"", expected, mproc_error_text());
}

/* From here on the kernel refuses a system call. */
static int refuse(unsigned number, unsigned code)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
	       || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0;
}

/* Pages for the tables. */
static int refuse_pages(void)
{
	return refuse(SYS_madvise, ENOMEM);
}

/* As where the whole system has too many files open. */
static int refuse_files(void)
{
#ifdef SYS_open
	/* musl's open(3). */
	if (refuse(SYS_open, ENFILE) != 0)
		return 1;
#endif
	return refuse(SYS_openat, ENFILE);
}

static int refuse_descriptors(void)
{
	const struct rlimit none = {0};

	return setrlimit(RLIMIT_NOFILE, &none);
}

/* Only root can; there is no /usr/proc. */
static int leave_proc(void)
{
	return geteuid() == 0 ? chroot("/usr") : 1;
}

/* In a slot that was never in use. */
static int take_slots_with_pages(void)
{
	uint32_t limit = atomic_load(&mproci_family_here->member_limit);
	mproci_id id = 0;

	while ((uint32_t)id < limit) {
		if (mproci_member_expect("", &id) != 0)
			return 1;
	}
	return refuse_pages();
}

static int fill_family(void)
{
	mproci_id id;

	while (mproci_member_expect("", &id) == 0)
		;
	return 0;
}

struct refusal {
	int code;
	const char *text;
	/* Makes it so; not 0: cannot. */
	int (*bring_about)(void);
	support_deed *deed;
	void *argument;
};

enum {
	AS_EXPECTED,
	ANOTHER_CODE,
	ANOTHER_TEXT,
};

static int be_refused(void *argument)
{
	const struct refusal *refusal = argument;

	if (refusal->bring_about() != 0)
		return AS_EXPECTED;
	if (refusal->deed(refusal->argument) != refusal->code)
		return ANOTHER_CODE;
	return is_said(refusal->text) ? AS_EXPECTED : ANOTHER_TEXT;
}

void support_check_refusals(support_deed *deed, void *argument)
{
	struct refusal refusals[] = {
		{-EMFILE, "Too many open files", refuse_descriptors, deed, argument},
		{-ENFILE, "Too many open files in system", refuse_files, deed, argument},
		{-ENOENT, "No such file or directory", leave_proc, deed, argument},
		{-ENOMEM, "no memory for the table of processes", take_slots_with_pages, deed, argument},
		{-EAGAIN, "no more processes in one family than 4096", fill_family, deed, argument},
	};

	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i)
		ck_assert_msg(support_reap(support_fork(be_refused, &refusals[i])) == AS_EXPECTED,
			"not refused with %d, \"%s\"", refusals[i].code, refusals[i].text);
}

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

void support_warm_up(void)
{
	mproc_process *process;

	/* Then no test starts any. */
	if (support_threads_only())
		return;
	process = support_start(do_nothing, NULL);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	mproc_process_close(process);
}

enum {
	ENOUGH = 10
};

static volatile sig_atomic_t caught;
static int gate[2];
static struct {
	support_deed *deed;
	void *argument;
	pid_t pid;
} when_disturbed;

static void count_signal(int number)
{
	(void)number;
	if (++caught == ENOUGH)
		(void)!write(gate[1], "x", 1);
}

static void set_alarm(suseconds_t interval)
{
	const struct itimerval timer = {.it_interval.tv_usec = interval, .it_value.tv_usec = interval};

	ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static int do_when_told(void *unused)
{
	char byte;

	(void)unused;
	if (read(gate[0], &byte, 1) != 1)
		return 1;
	return when_disturbed.deed(when_disturbed.argument);
}

void support_disturb(support_deed *deed, void *argument)
{
	const struct sigaction catch = {.sa_handler = count_signal};

	caught = 0;
	ck_assert_int_eq(pipe(gate), 0);
	when_disturbed.deed = deed;
	when_disturbed.argument = argument;
	when_disturbed.pid = support_fork(do_when_told, NULL);
	ck_assert_int_eq(sigaction(SIGALRM, &catch, NULL), 0);
	set_alarm(1000);
}

void support_calm(void)
{
	set_alarm(0);
	ck_assert_int_ge(caught, ENOUGH);
	ck_assert_int_eq(support_reap(when_disturbed.pid), 0);
	close(gate[0]);
	close(gate[1]);
}
