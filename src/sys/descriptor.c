/* SPDX-License-Identifier: MIT */
#include "sys/descriptor.h"

#include "base/error.h"
#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct timespec time_left(mproc_deadline deadline)
{
	int64_t left = deadline < 0 ? 0 : deadline - mproci_clock_now();

	if (left < 0)
		left = 0;
	return (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
}

int mproci_poll(struct pollfd *descriptors, size_t count, mproc_deadline deadline)
{
	for (;;) {
		struct timespec left = time_left(deadline);
		int rc = ppoll(descriptors, count, deadline == MPROC_FOREVER ? NULL : &left, NULL);

		if (rc >= 0)
			return rc;
		if (errno != EINTR)
			return -errno;
	}
}

int mproci_poll_one(int descriptor, mproc_deadline deadline)
{
	struct pollfd one = {.fd = descriptor, .events = POLLIN};
	int rc;

	rc = mproci_poll(&one, 1, deadline);
	if (rc < 0)
		return rc;
	return rc == 0 ? -ETIMEDOUT : 0;
}

int mproci_doorbell_open(void)
{
	int fd;

	fd = mproci_descriptor_lift(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	return fd < 0 ? mproci_fail_descriptor(fd, "cannot open a descriptor") : fd;
}

void mproci_doorbell_ring(int doorbell)
{
	eventfd_write(doorbell, 1);
}

void mproci_doorbell_silence(int doorbell)
{
	eventfd_t rings;

	eventfd_read(doorbell, &rings);
}

int mproci_descriptor_lift(int descriptor)
{
	int lifted;

	if (descriptor < 0)
		return -errno;
	if (descriptor > STDERR_FILENO)
		return descriptor;
	lifted = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (lifted < 0)
		lifted = -errno;
	close(descriptor);
	return lifted;
}

int mproci_fail_descriptor(int rc, const char *what)
{
	struct rlimit limit;

	if (rc == -EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		return mproci_fail(rc, "%s: %s, RLIMIT_NOFILE is %llu", what, strerror(-rc),
			(unsigned long long)limit.rlim_cur);
	return mproci_fail(rc, "%s: %s", what, strerror(-rc));
}

mproci_file_id mproci_descriptor_id(int descriptor)
{
	struct stat info = {0};

	fstat(descriptor, &info);
	return (mproci_file_id){.device = info.st_dev, .inode = info.st_ino};
}

bool mproci_descriptor_is(int descriptor, mproci_file_id id)
{
	struct stat info;

	return descriptor >= 0 && fstat(descriptor, &info) == 0 && info.st_dev == id.device
	       && info.st_ino == id.inode;
}

int mproci_directory_open(void)
{
	int fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	/*
	 * The link asks for no permission on the directory, which this process may have lost since it went
	 * there.
	 */
	if (fd < 0 && errno == EACCES)
		fd = open("/proc/self/cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mproci_descriptor_lift(fd);
}

bool mproci_descriptor_is_open(int descriptor)
{
	return fcntl(descriptor, F_GETFD) >= 0;
}

void mproci_descriptor_close_on_exec(int descriptor)
{
	fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

void mproci_close(int descriptor)
{
	if (descriptor >= 0)
		close(descriptor);
}
