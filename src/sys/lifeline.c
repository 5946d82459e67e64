/* SPDX-License-Identifier: MIT */
/*
 * One pipe per process, made before its first child.  The signal is asked for on an open file, not on a
 * descriptor, and a fork shares open files: so for each child the read end is opened anew, through /proc.
 *
 * The write end must be the parent's alone, or its death goes unnoticed.  close-on-exec sees to what
 * the program execs, a fork handler to children that it forks itself.
 */
#include "sys/lifeline.h"

#include "base/error.h"
#include "sys/child.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Protects what follows, and keeps forks away between the making of the pipe and its being known. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static int read_end = -1, write_end = -1;
static mproci_file_id own;
/* What the parent made, for the child to arm; set by the fork handler. */
static int parents_read_end = -1;
static mproci_file_id parents;

/* This thread is forking for the library: it has just seen that the descriptors are still the lifeline's. */
static _Thread_local bool is_own_fork __attribute__((tls_model("initial-exec")));

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

static void close_end_of(int fd, mproci_file_id id)
{
	if (mproci_descriptor_is(fd, id))
		close(fd);
}

static void lock(void)
{
	pthread_mutex_lock(&making);
}

static void unlock(void)
{
	pthread_mutex_unlock(&making);
}

static void close_known_end_of(int fd, mproci_file_id id)
{
	if (is_own_fork)
		mproci_close(fd);
	else
		close_end_of(fd, id);
}

static void leave_to_parent(void)
{
	close_known_end_of(write_end, own);
	close_known_end_of(parents_read_end, parents);
	is_own_fork = false;
	parents_read_end = read_end;
	parents = own;
	read_end = write_end = -1;
	making = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(lock, unlock, leave_to_parent);
}

static int open_anew(int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return mproci_descriptor_lift(open(path, O_RDONLY | O_CLOEXEC));
}

static int make(void)
{
	int ends[2], rc;

	rc = pipe2(ends, O_CLOEXEC);
	if (rc == 0) {
		read_end = mproci_descriptor_lift(ends[0]);
		write_end = mproci_descriptor_lift(ends[1]);
		rc = read_end < 0 ? read_end : write_end < 0 ? write_end : 0;
	} else {
		rc = -errno;
	}
	if (rc < 0)
		return rc;
	/*
	 * So that it can be opened anew also after this process, or the child, has given up its
	 * privileges.
	 */
	fchmod(read_end, 0444);
	own = mproci_descriptor_id(read_end);
	return 0;
}

static void unmake(void)
{
	close_end_of(read_end, own);
	close_end_of(write_end, own);
	read_end = write_end = -1;
}

/* Locked. */
static int open_one(void)
{
	bool is_there = mproci_descriptor_is(read_end, own) && mproci_descriptor_is(write_end, own);
	int rc = 0;

	if (!is_there) {
		unmake();
		rc = make();
	}
	if (rc == 0)
		rc = open_anew(read_end);
	if (rc < 0 && !is_there)
		unmake();
	return rc;
}

int mproci_lifeline_open(void)
{
	int rc;

	pthread_once(&handlers_once, register_handlers);
	if (handlers_rc < 0)
		return mproci_fail(handlers_rc, "cannot register a fork handler: %s", strerror(-handlers_rc));
	lock();
	rc = open_one();
	unlock();
	if (rc < 0)
		return mproci_fail_descriptor(
			rc, "cannot tie a child to this process, which takes three descriptors and /proc");
	return rc;
}

void mproci_lifeline_trust(bool is_trusted)
{
	is_own_fork = is_trusted;
}

int mproci_lifeline_armed(void)
{
	return mproci_descriptor_is(parents_read_end, parents) ? parents_read_end : -1;
}

int mproci_lifeline_watch(void)
{
	int end = mproci_lifeline_armed();

	return end >= 0 && fcntl(end, F_SETFL, O_NONBLOCK) == 0 ? end : -1;
}

int mproci_lifeline_move(void)
{
	int moved = fcntl(parents_read_end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (moved < 0)
		return -errno;
	parents_read_end = moved;
	return 0;
}

/* Only when it was not forked by its parent, this process does not know yet which pipe it is. */
static void take(int end)
{
	if (parents_read_end < 0)
		parents = mproci_descriptor_id(end);
	mproci_close(parents_read_end);
	parents_read_end = end;
}

static bool ask_for_kill(int end, pid_t pid)
{
	return fcntl(end, F_SETOWN, pid) == 0 && fcntl(end, F_SETSIG, SIGKILL) == 0
	       && fcntl(end, F_SETFL, O_ASYNC | O_NONBLOCK) == 0;
}

bool mproci_lifeline_is_end(int descriptor)
{
	struct stat info;

	return fstat(descriptor, &info) == 0 && S_ISFIFO(info.st_mode)
	       && (fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY;
}

void mproci_lifeline_tie(int end, pid_t child)
{
	ask_for_kill(end, child);
}

void mproci_lifeline_arm(int end)
{
	char unused;

	take(end);
	if (!ask_for_kill(end, getpid()))
		_exit(127);
	/* The parent may have died before this was armed; then the pipe is at its end. */
	if (read(end, &unused, 1) == 0)
		kill(getpid(), SIGKILL);
}
