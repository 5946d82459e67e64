/* SPDX-License-Identifier: MIT */
#include "sys/file_room.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is reserved in one step, in a few milliseconds. */
static const uint64_t STEP = (uint64_t)64 << 20;
/* No file system has smaller ones, but for a few whose files are small as well. */
static const uint64_t BLOCK = 512;

/* Asked before, because the kernel kills who tries. */
static int check_limit(int descriptor, uint64_t end, const char *what)
{
	struct rlimit limit;
	struct stat status;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || end <= limit.rlim_cur)
		return 0;
	if (fstat(descriptor, &status) == 0 && end <= (uint64_t)status.st_size)
		return 0;
	return mproci_fail(-EFBIG, "%s: %llu bytes are above RLIMIT_FSIZE, %llu", what,
		(unsigned long long)end, (unsigned long long)limit.rlim_cur);
}

/*
 * On tmpfs, in the kernels of some years, a signal undoes the whole call: a program with a timer would never get
 * done.  So signals wait for the end of the step; those that the C library keeps to itself cannot be made to.
 */
static int reserve_step(int descriptor, int mode, uint64_t offset, uint64_t size)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	do
		rc = fallocate(descriptor, mode, (off_t)offset, (off_t)size) == 0 ? 0 : -errno;
	while (rc == -EINTR);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int reserve(int descriptor, int mode, uint64_t offset, uint64_t size)
{
	int rc = 0;

	for (uint64_t done = 0; rc == 0 && done < size; done += STEP)
		rc = reserve_step(descriptor, mode, offset + done, size - done < STEP ? size - done : STEP);
	return rc;
}

/* Write a zero into each block, which provides it: posix_fallocate does so with glibc, and not with musl. */
static int write_zeros(int descriptor, uint64_t offset, uint64_t end)
{
	while (offset < end) {
		uint64_t last = offset / BLOCK * BLOCK + BLOCK - 1;

		if (last >= end)
			last = end - 1;
		if (pwrite(descriptor, "", 1, (off_t)last) == 1)
			offset = last + 1;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/*
 * For file systems that cannot reserve.  Only behind the end, for what lies before it somebody else may be writing at the same
 * time.
 */
static int fill(int descriptor, uint64_t offset, uint64_t end)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return -errno;
	if (offset < (uint64_t)status.st_size)
		offset = (uint64_t)status.st_size;
	return write_zeros(descriptor, offset, end);
}

int mproci_file_room_reserve(
	int descriptor, uint64_t offset, uint64_t size, bool keeps_size, const char *what)
{
	int rc;

	rc = check_limit(descriptor, offset + size, what);
	if (rc < 0)
		return rc;
	rc = reserve(descriptor, keeps_size ? FALLOC_FL_KEEP_SIZE : 0, offset, size);
	if (rc == -EOPNOTSUPP)
		rc = fill(descriptor, offset, offset + size);
	if (rc < 0)
		return mproci_fail(
			rc, "%s: no room for %llu bytes: %s", what, (unsigned long long)size, strerror(-rc));
	return 0;
}
