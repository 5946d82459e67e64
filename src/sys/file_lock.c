/* SPDX-License-Identifier: MIT */
#include "sys/file_lock.h"

#include "base/deadline.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const int64_t SHORTEST_NAP = MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t LONGEST_NAP = 10 * MPROCI_NANOSECONDS_PER_MILLISECOND;

char *mproci_file_lock_path(const char *path)
{
	char *folder, *whole;

	if (path[0] == '/' || path[0] == '\0')
		return strdup(path);
	folder = getcwd(NULL, 0);
	/* Nowhere, or not to be seen from here: then it means what it means wherever it is used. */
	if (folder == NULL)
		return strdup(path);
	if (asprintf(&whole, "%s/%s", folder, path) < 0)
		whole = NULL;
	free(folder);
	return whole;
}

int mproci_file_lock_open(int directory, const char *path, bool writable)
{
	int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	char what[192];
	int descriptor;

	descriptor = mproci_descriptor_lift(openat(directory, path, flags));
	/* Only now: with O_CREAT, the kernel refuses directories and, in one like /tmp, files of others. */
	if (descriptor == -ENOENT)
		descriptor = mproci_descriptor_lift(openat(directory, path, flags | O_CREAT, 0666));
	if (descriptor >= 0)
		return descriptor;
	snprintf(what, sizeof what, "file lock \"%.100s\": cannot be opened", path);
	return mproci_fail_descriptor(descriptor, what);
}

static void nap(int64_t length, mproc_deadline deadline, int64_t now)
{
	int64_t left = deadline - now;
	struct timespec time = {.tv_nsec = left < length ? left : length};

	nanosleep(&time, NULL);
}

/* The lock of flock(2) on a file; or, with a byte that is not negative, that of fcntl(2) on this byte for the open file. */
typedef struct request {
	int descriptor, how;
	int64_t byte;
} request;

static int ask(const request *it, bool waits)
{
	struct flock range = {.l_whence = SEEK_SET, .l_start = (off_t)it->byte, .l_len = 1};

	if (it->byte < 0)
		return flock(it->descriptor, it->how | (waits ? 0 : LOCK_NB));
	range.l_type = it->how == LOCK_UN ? F_UNLCK : F_WRLCK;
	return fcntl(it->descriptor, waits ? F_OFD_SETLKW : F_OFD_SETLK, &range);
}

static int take_before(const request *it, mproc_deadline deadline)
{
	for (int64_t length = SHORTEST_NAP;; length = length < LONGEST_NAP / 2 ? 2 * length : LONGEST_NAP) {
		int64_t now = mproci_clock_now();

		if (ask(it, false) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (mproci_deadline_passed(deadline, now))
			return -ETIMEDOUT;
		nap(length, deadline, now);
	}
}

static int take(const request *it, mproc_deadline deadline)
{
	if (deadline != MPROC_FOREVER)
		return take_before(it, deadline);
	while (ask(it, true) != 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int mproci_file_lock_take(int descriptor, bool shared, mproc_deadline deadline)
{
	return take(&(request){descriptor, shared ? LOCK_SH : LOCK_EX, -1}, deadline);
}

int mproci_file_lock_take_byte(int descriptor, int64_t byte, mproc_deadline deadline)
{
	return take(&(request){descriptor, LOCK_EX, byte}, deadline);
}

void mproci_file_lock_release(int descriptor)
{
	flock(descriptor, LOCK_UN);
}

void mproci_file_lock_release_byte(int descriptor, int64_t byte)
{
	ask(&(request){descriptor, LOCK_UN, byte}, false);
}

int mproci_file_lock_is_current(int descriptor, int directory, const char *path)
{
	struct stat open, named;

	if (fstat(descriptor, &open) != 0)
		return -errno;
	if (fstatat(directory, path, &named, 0) != 0)
		return errno == ENOENT ? 0 : -errno;
	return open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}
