/* SPDX-License-Identifier: MIT */
/*
 * One pipe a process, made before its first child.  The signal is asked for on an open file, not on a
 * descriptor, and a fork shares open files: so each child opens the read end anew, through /proc.
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

/* Protects what follows against threads that start their first child at the same time. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static int read_end = -1, write_end = -1;
/* What the parent made, for the child to arm; set by the fork handler. */
static int parents_read_end = -1;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

/* Nobody forks between the making of the pipe and its being known. */
static void lock(void)
{
	pthread_mutex_lock(&making);
}

static void unlock(void)
{
	pthread_mutex_unlock(&making);
}

static void leave_to_parent(void)
{
	mproci_close(write_end);
	mproci_close(parents_read_end);
	parents_read_end = read_end;
	read_end = write_end = -1;
	unlock();
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(lock, unlock, leave_to_parent);
}

static int open_anew(int fd)
{
	char path[32];
	int anew;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	anew = open(path, O_RDONLY | O_CLOEXEC);
	return anew < 0 ? -errno : anew;
}

static int make(void)
{
	int ends[2], probe;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return mproci_fail_descriptor(
			-errno, "cannot make a pipe that ends children with this process");
	/* So that it can be opened anew also after this process, or the child, has given up its privileges. */
	fchmod(ends[0], 0444);
	probe = open_anew(ends[0]);
	if (probe < 0) {
		close(ends[0]);
		close(ends[1]);
		return mproci_fail_descriptor(
			probe, "starting processes needs /proc mounted, and a free descriptor");
	}
	close(probe);
	read_end = ends[0];
	write_end = ends[1];
	return 0;
}

int mproci_lifeline_make(void)
{
	int rc = 0;

	pthread_once(&handlers_once, register_handlers);
	if (handlers_rc < 0)
		return mproci_fail(handlers_rc, "cannot register a fork handler: %s", strerror(-handlers_rc));
	lock();
	if (write_end < 0)
		rc = make();
	unlock();
	return rc;
}

void mproci_lifeline_arm(void)
{
	int fd;

	fd = open_anew(parents_read_end);
	if (fd < 0 || fcntl(fd, F_SETOWN, getpid()) != 0 || fcntl(fd, F_SETSIG, SIGKILL) != 0
		|| fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) != 0)
		_exit(127);
	mproci_close(parents_read_end);
	parents_read_end = fd;
	/* The parent may have died before this was armed. */
	if (mproci_poll_one(fd, MPROC_NOW) == 0)
		kill(getpid(), SIGKILL);
}
