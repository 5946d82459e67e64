/* SPDX-License-Identifier: MIT */
#include "sys/child.h"

#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/futex.h"
#include "sys/lifeline.h"
#include "sys/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
/* This libc does not tell. */
static const char __libc_single_threaded = 0;
#endif

#ifdef __SANITIZE_THREAD__
/* TSan keeps a thread of its own. */
enum {
	OWN_THREADS = 2
};
#else
enum {
	OWN_THREADS = 1
};
#endif

const mproci_ending mproci_ending_killed = {.signal = SIGKILL};

/* glibc 2.36 has wrappers for these, older ones have not. */
static int open_pidfd(pid_t pid)
{
	return mproci_descriptor_lift((int)syscall(SYS_pidfd_open, pid, 0));
}

static void give_default_handlers(void)
{
	struct sigaction now, fresh = {.sa_handler = SIG_DFL};

	for (int number = 1; number < NSIG; ++number) {
		if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaction(number, &fresh, NULL);
	}
	signal(SIGCHLD, SIG_DFL);
}

void mproci_child_block_signals(void)
{
	sigset_t all;

	give_default_handlers();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

int mproci_child_fail(int rc)
{
	struct rlimit limit;

	if (rc == -EAGAIN && getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		return mproci_fail(rc,
			"no more processes may be started: RLIMIT_NPROC is %lld, or the cgroup's limit is "
			"reached",
			(long long)limit.rlim_cur);
	return mproci_fail(rc, "no more processes may be started: %s", strerror(-rc));
}

/* A child we cannot follow is a child we must not have. */
int mproci_child_follow(pid_t pid)
{
	int fd;

	fd = open_pidfd(pid);
	if (fd >= 0)
		return fd;
	/* On ESRCH it has ended, and been reaped: its pid may be another's. */
	if (fd != -ESRCH)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return mproci_fail_descriptor(fd, "cannot open a descriptor for the child");
}

static bool sees_threads(void)
{
	struct stat info;
	unsigned own;

	/* libc knows when there never was another. */
	if (__libc_single_threaded)
		return false;
	own = OWN_THREADS + mproci_threads_apart();
	return stat("/proc/self/task", &info) == 0 && info.st_nlink > 2 + own;
}

static void flush_unless_locked(FILE *stream)
{
	if (ftrylockfile(stream) != 0)
		return;
	fflush(stream);
	funlockfile(stream);
}

/*
 * What is buffered now would be written by parent and child.  A stream that another thread waits on must
 * not hold us up.
 */
void mproci_child_flush(void)
{
	if (!sees_threads()) {
		fflush(NULL);
		return;
	}
	flush_unless_locked(stdout);
	flush_unless_locked(stderr);
}

void mproci_child_pass(_Atomic uint32_t *gate)
{
	uint32_t closed;

	while (((closed = atomic_load(gate)) & 1) == 0)
		mproci_futex_wait(gate, closed, MPROC_FOREVER);
}

void mproci_child_let_pass(_Atomic uint32_t *gate)
{
	atomic_fetch_or(gate, 1);
	mproci_futex_wake(gate, INT_MAX);
}

static void become_child(const mproci_child_plan *plan, pid_t parent)
{
	if (plan->ends_with_thread) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			kill(getpid(), SIGKILL);
	}
	mproci_lifeline_arm(plan->lifeline);
	if (plan->signals != MPROCI_SIGNALS_INHERITED)
		give_default_handlers();
	if (plan->signals == MPROCI_SIGNALS_DEFAULT)
		signal(SIGINT, SIG_IGN);
	if (plan->gate != NULL)
		mproci_child_pass(plan->gate);
}

static void choose_mask(const mproci_child_plan *plan, sigset_t *mask)
{
	if (plan->mask != NULL)
		*mask = *plan->mask;
	else if (plan->signals == MPROCI_SIGNALS_BLOCKED)
		sigfillset(mask);
	else if (plan->signals == MPROCI_SIGNALS_DEFAULT)
		sigemptyset(mask);
}

pid_t mproci_child_fork(const mproci_child_plan *plan, int *ret_pidfd)
{
	sigset_t all, before;
	pid_t pid, parent = getpid();
	int rc;

	mproci_child_flush();
	/* No handler of the application may run in the child before it is set up. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	mproci_lifeline_trust(true);
	pid = fork();
	rc = pid < 0 ? -errno : 0;
	mproci_lifeline_trust(false);
	if (pid == 0)
		become_child(plan, parent);
	if (pid == 0)
		choose_mask(plan, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid == 0)
		return 0;
	if (rc < 0)
		return mproci_child_fail(rc);
	if (ret_pidfd == NULL)
		return pid;
	rc = mproci_child_follow(pid);
	if (rc < 0)
		return rc;
	*ret_pidfd = rc;
	return pid;
}

static int wait_id(int pidfd, siginfo_t *info, int flags)
{
	int rc;

	do
		rc = waitid(P_PIDFD, (id_t)pidfd, info, WEXITED | flags);
	while (rc < 0 && errno == EINTR);
	return rc;
}

/* Without poll, which fails when RLIMIT_NOFILE was lowered to nothing. */
static int wait_without_poll(int pidfd, mproc_deadline deadline)
{
	for (;;) {
		siginfo_t info = {0};

		if (wait_id(pidfd, &info, WNOWAIT | WNOHANG) < 0)
			return -errno;
		if (info.si_pid != 0)
			return 0;
		if (mproci_deadline_passed(deadline, mproci_clock_now()))
			return -ETIMEDOUT;
		usleep(1000);
	}
}

int mproci_child_wait(int pidfd, mproc_deadline deadline)
{
	int rc;

	rc = mproci_poll_one(pidfd, deadline);
	return rc == 0 || rc == -ETIMEDOUT ? rc : wait_without_poll(pidfd, deadline);
}

static mproci_ending ending_of(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (mproci_ending){.exit_code = info->si_status};
	return (mproci_ending){.signal = info->si_status, .has_core = info->si_code == CLD_DUMPED};
}

void mproci_child_ending(int pidfd, mproci_ending *ret_ending)
{
	siginfo_t info = {0};

	if (wait_id(pidfd, &info, WNOWAIT) < 0)
		*ret_ending = (mproci_ending){.is_lost = true};
	else
		*ret_ending = ending_of(&info);
}

pid_t mproci_child_any(mproci_ending *ret_ending)
{
	siginfo_t info = {0};

	if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid == 0)
		return 0;
	*ret_ending = ending_of(&info);
	return info.si_pid;
}

void mproci_child_reap_pid(pid_t pid)
{
	siginfo_t info;

	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG);
}

static int open_signal(int number)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, number);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	return mproci_descriptor_lift(signalfd(-1, &one, SFD_CLOEXEC | SFD_NONBLOCK));
}

int mproci_child_bell_open(void)
{
	return open_signal(SIGCHLD);
}

int mproci_child_termination_open(void)
{
	return open_signal(SIGTERM);
}

void mproci_child_bell_silence(int bell)
{
	struct signalfd_siginfo info;

	while (read(bell, &info, sizeof info) > 0)
		;
}

void mproci_child_mask(sigset_t *ret_mask)
{
	pthread_sigmask(SIG_SETMASK, NULL, ret_mask);
}

int mproci_child_open_self(void)
{
	return open_pidfd(getpid());
}

void mproci_child_reap(int pidfd)
{
	siginfo_t info;

	wait_id(pidfd, &info, 0);
}

int mproci_child_signal(int pidfd, int signal)
{
	long rc = syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);

	return rc == 0 || errno == ESRCH ? 0 : -errno;
}

int mproci_child_kill(int pidfd)
{
	return mproci_child_signal(pidfd, SIGKILL);
}

int mproci_child_open(pid_t pid, uint64_t start_time)
{
	uint64_t ticks;
	int fd, rc;

	fd = open_pidfd(pid);
	if (fd < 0)
		return fd;
	/* Compared after opening: from here on the descriptor cannot come to mean another process. */
	rc = mproci_process_start_time(pid, &ticks);
	if (rc == 0 && ticks <= start_time)
		return fd;
	/* What is not to be seen in /proc may be hidden there. */
	if (rc == -ESRCH && mproci_poll_one(fd, MPROC_NOW) != 0)
		rc = -EACCES;
	close(fd);
	return rc == 0 ? -ESRCH : rc;
}

/*
 * Field 22 of a line whose second field, the name, is in parentheses and may hold anything, also
 * parentheses.
 */
static uint64_t parse_start_time(const char *line)
{
	enum {
		FIELDS_AFTER_NAME = 20
	};
	const char *field = strrchr(line, ')');

	for (int i = 0; field != NULL && i < FIELDS_AFTER_NAME; ++i)
		field = strchr(field + 1, ' ');
	return field == NULL ? 0 : strtoull(field, NULL, 10);
}

int mproci_process_start_time(pid_t pid, uint64_t *ret_ticks)
{
	char path[32], line[1024];
	ssize_t size;
	int fd, rc;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	size = read(fd, line, sizeof line - 1);
	rc = size < 0 ? -errno : 0;
	close(fd);
	if (rc < 0)
		return rc;
	line[size] = '\0';
	*ret_ticks = parse_start_time(line);
	return 0;
}

uint64_t mproci_process_ticks_now(void)
{
	struct timespec now;
	uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &now);
	/* Rounded down, as the kernel does. */
	return (uint64_t)now.tv_sec * per_second + (uint64_t)now.tv_nsec / (1000000000 / per_second);
}

pid_t mproci_process_id(void)
{
	return getpid();
}

pid_t mproci_process_parent_id(void)
{
	return getppid();
}

void mproci_process_set_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

bool mproci_process_has_threads(void)
{
	int64_t until;

	if (!sees_threads())
		return false;
	until = mproci_clock_now() + INT64_C(10000000);
	while (mproci_clock_now() < until) {
		usleep(500);
		if (!sees_threads())
			return false;
	}
	return true;
}

bool mproci_process_is_alone(void)
{
	struct stat info;

	/* The directory itself, its parent, and one for each thread. */
	return __libc_single_threaded || (stat("/proc/self/task", &info) == 0 && info.st_nlink <= 3);
}

#ifdef __GLIBC__
/* What pthread_atfork calls, and says for which library: NULL is for none. */
int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void), void *library);
#endif

/*
 * glibc forgets a library's handlers when the process ends, without a look whether another thread forks meanwhile, which then
 * aborts.  This library stays, and so do its handlers.
 */
static int register_at_fork(void (*before)(void), void (*parent)(void), void (*child)(void))
{
#ifdef __GLIBC__
	return __register_atfork(before, parent, child, NULL);
#else
	return pthread_atfork(before, parent, child);
#endif
}

int mproci_process_at_fork(void (*before)(void), void (*parent)(void), void (*child)(void))
{
	return -register_at_fork(before, parent, child);
}
