/* SPDX-License-Identifier: MIT */
/*
 * One descriptor, opened for reading and writing: with a writer in its own process the pipe is never at its
 * end, and with a reader in theirs nobody who rings is sent SIGPIPE, whoever dies.
 */
#include "sys/bell.h"

#include "base/error.h"
#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Protects the list, and keeps forks away between the making of a pipe and its being known. */
static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;
static mproci_bell *bells;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

static void lock(void)
{
	pthread_mutex_lock(&keeping);
}

static void unlock(void)
{
	pthread_mutex_unlock(&keeping);
}

static void close_descriptor(const mproci_bell *bell)
{
	mproci_close(mproci_bell_descriptor(bell));
}

/* In a forked child, which must not be rung in its parent's stead. */
static void leave_to_parent(void)
{
	while (bells != NULL) {
		mproci_bell *bell = bells;

		bells = bell->next;
		close_descriptor(bell);
		*bell = (mproci_bell){.place = {.pid = 0}};
	}
	keeping = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(lock, unlock, leave_to_parent);
}

int mproci_bell_register(void)
{
	pthread_once(&handlers_once, register_handlers);
	return handlers_rc;
}

static int open_path(pid_t pid, int descriptor)
{
	char path[48];

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, descriptor);
	return mproci_descriptor_lift(open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

/* The way others go, so that who cannot be reached at all learns it here. */
static int open_pipe(void)
{
	int ends[2], fd;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fd = open_path(getpid(), ends[0]);
	close(ends[0]);
	close(ends[1]);
	return fd;
}

/* Locked. */
static int open_bell(mproci_bell *bell)
{
	int fd = open_pipe();

	if (fd < 0)
		return fd;
	*bell = (mproci_bell){
		.place = {.pid = getpid(), .descriptor = fd, .id = mproci_descriptor_id(fd)},
		.next = bells,
	};
	if (bells != NULL)
		bells->previous = bell;
	bells = bell;
	return 0;
}

int mproci_bell_open(mproci_bell *bell)
{
	int rc;

	if (prctl(PR_GET_DUMPABLE) != 1)
		return mproci_fail(-EACCES, "other members could not reach the descriptors of this process: "
					    "it is not dumpable, for its "
					    "privileges have changed, or it said so (PR_SET_DUMPABLE)");
	rc = mproci_bell_register();
	if (rc < 0)
		return mproci_fail(rc, "cannot register a fork handler: %s", strerror(-rc));
	lock();
	rc = open_bell(bell);
	unlock();
	if (rc < 0)
		return mproci_fail_descriptor(rc, "cannot open a pipe that others reach through /proc");
	return 0;
}

void mproci_bell_close(mproci_bell *bell)
{
	if (bell->place.pid == 0)
		return;
	lock();
	if (bell->next != NULL)
		bell->next->previous = bell->previous;
	if (bell->previous != NULL)
		bell->previous->next = bell->next;
	if (bells == bell)
		bells = bell->next;
	close_descriptor(bell);
	unlock();
	*bell = (mproci_bell){.place = {.pid = 0}};
}

int mproci_bell_descriptor(const mproci_bell *bell)
{
	return mproci_descriptor_is(bell->place.descriptor, bell->place.id) ? bell->place.descriptor : -1;
}

bool mproci_bell_silence(const mproci_bell *bell)
{
	int fd = mproci_bell_descriptor(bell);
	char rings[64];
	ssize_t size = fd < 0 ? -1 : read(fd, rings, sizeof rings);
	bool was_rung = size > 0;

	while (size == (ssize_t)sizeof rings)
		size = read(fd, rings, sizeof rings);
	return was_rung;
}

/* A full pipe is readable as well. */
static int ring_here(int fd, mproci_file_id id)
{
	if (!mproci_descriptor_is(fd, id))
		return -ESRCH;
	return write(fd, "", 1) < 0 && errno != EAGAIN ? -errno : 0;
}

/* Where /proc is not mounted, or not that of these processes. */
static int open_by_pidfd(const mproci_bell_place *place)
{
	int pidfd = (int)syscall(SYS_pidfd_open, place->pid, 0), fd;

	if (pidfd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, place->descriptor, 0);
	fd = mproci_descriptor_lift(fd);
	close(pidfd);
	return fd;
}

static bool is_out_of_descriptors(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM;
}

int mproci_bell_ring(const mproci_bell_place *place)
{
	int fd, rc;

	if (place->pid == getpid()) {
		/*
		 * Another thread must not close it, and something else have its number, between the look and
		 * the ring.
		 */
		lock();
		rc = ring_here(place->descriptor, place->id);
		unlock();
		return rc;
	}
	fd = open_path(place->pid, place->descriptor);
	if (fd < 0 && !is_out_of_descriptors(fd))
		fd = open_by_pidfd(place);
	if (fd < 0)
		return fd == -EBADF ? -ESRCH : fd;
	rc = ring_here(fd, place->id);
	close(fd);
	return rc;
}
