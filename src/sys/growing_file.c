/* SPDX-License-Identifier: MIT */
#include "sys/growing_file.h"

#include "base/error.h"
#include "sys/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_path(const char *path, int added)
{
	/* A pipe that nobody reads would have us wait. */
	return mproci_descriptor_lift(open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | added, 0666));
}

static int fail_open(int rc, const char *path)
{
	char what[192];

	snprintf(what, sizeof what, "file \"%.100s\" cannot be opened for writing", path);
	return mproci_fail_descriptor(rc, what);
}

static bool is_file(int descriptor)
{
	struct stat status;

	return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

/* Returns 0, or a negative errno with an error text. */
static int lock_and_read(int descriptor, const char *path, char *ret_front, size_t size)
{
	ssize_t got;
	int rc;

	if (!is_file(descriptor))
		return mproci_fail(-EINVAL, "\"%.100s\" is no file", path);
	rc = mproci_file_lock_take(descriptor, false, MPROC_NOW);
	if (rc == -ETIMEDOUT)
		return mproci_fail(-EBUSY, "file \"%.100s\" is locked by another process", path);
	/* Without locks, as on some network file systems, two who begin at the same moment may hit the same file. */
	got = pread(descriptor, ret_front, size - 1, 0);
	if (got < 0) {
		rc = -errno;
		return mproci_fail(rc, "file \"%.100s\" cannot be read: %s", path, strerror(-rc));
	}
	ret_front[got] = '\0';
	return 0;
}

int mproci_growing_file_open(const char *path, char *ret_front, size_t size)
{
	int rc, descriptor;

	descriptor = open_path(path, 0);
	/* Only now: with O_CREAT the kernel refuses, in a directory like /tmp, files of others that may be written to. */
	if (descriptor == -ENOENT)
		descriptor = open_path(path, O_CREAT);
	if (descriptor < 0)
		return fail_open(descriptor, path);
	rc = lock_and_read(descriptor, path, ret_front, size);
	if (rc == 0)
		return descriptor;
	mproci_close(descriptor);
	return rc;
}

void mproci_growing_file_close(int descriptor)
{
	/* A child that was forked meanwhile has it open too. */
	mproci_file_lock_release(descriptor);
	mproci_close(descriptor);
}

/* Asked before, because the kernel kills who tries. */
static int check_limit(uint64_t end)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || end <= limit.rlim_cur)
		return 0;
	return mproci_fail(-EFBIG, "%llu bytes are above RLIMIT_FSIZE, %llu", (unsigned long long)end,
		(unsigned long long)limit.rlim_cur);
}

static int cut(int descriptor, uint64_t end)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return mproci_fail(-errno, "the size of a file cannot be read: %s", strerror(errno));
	if ((uint64_t)status.st_size < end)
		return mproci_fail(-ESTALE, "somebody has cut the file from %llu to %llu bytes",
			(unsigned long long)end, (unsigned long long)status.st_size);
	if ((uint64_t)status.st_size > end && ftruncate(descriptor, (off_t)end) != 0)
		return mproci_fail(-errno, "a file cannot be cut to %llu bytes: %s", (unsigned long long)end,
			strerror(errno));
	return 0;
}

static int write_at(int descriptor, uint64_t at, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = pwrite(descriptor, data, size, (off_t)at);
		int rc = written < 0 ? -errno : -EIO;

		if (rc == -EINTR)
			continue;
		if (written <= 0)
			return mproci_fail(rc, "cannot write %zu bytes to a file: %s", size, strerror(-rc));
		data += written;
		at += (uint64_t)written;
		size -= (size_t)written;
	}
	return 0;
}

int mproci_growing_file_put(int descriptor, uint64_t end, const void *data, size_t size)
{
	int rc;

	rc = check_limit(end + size);
	if (rc == 0)
		rc = cut(descriptor, end);
	return rc == 0 ? write_at(descriptor, end, data, size) : rc;
}

int mproci_growing_file_append(
	const char *path, mproci_file_id file, uint64_t end, const void *data, size_t size)
{
	int rc, descriptor;

	descriptor = open_path(path, 0);
	if (descriptor < 0)
		return fail_open(descriptor, path);
	if (mproci_descriptor_is(descriptor, file))
		rc = mproci_growing_file_put(descriptor, end, data, size);
	else
		rc = mproci_fail(-ESTALE, "\"%.100s\" is another file by now", path);
	mproci_close(descriptor);
	return rc;
}
