/* SPDX-License-Identifier: MIT */
#include "sys/file_front.h"

#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int open_file(int directory, const char *name)
{
	/* A pipe that nobody writes to would have us wait. */
	const int how = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
	int descriptor = openat(directory, name, how | O_NOATIME);

	/* Only its owner may read a file without a trace. */
	if (descriptor < 0 && errno == EPERM)
		descriptor = openat(directory, name, how);
	return mproci_descriptor_lift(descriptor);
}

int mproci_file_front_read(int directory, const char *name, void *ret_front, size_t size)
{
	int descriptor, rc;
	ssize_t got;

	descriptor = open_file(directory, name);
	if (descriptor < 0)
		return descriptor;
	do {
		got = pread(descriptor, ret_front, size, 0);
		rc = got < 0 ? -errno : (int)got;
	} while (rc == -EINTR);
	mproci_close(descriptor);
	return rc;
}
