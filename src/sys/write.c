/* SPDX-License-Identifier: MIT */
#include "sys/write.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool mproci_is_writable(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFL);

	/* What is open with O_PATH looks as if it were open for reading; musl counts that flag among those of O_ACCMODE. */
	return flags >= 0 && ((flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR);
}

int mproci_write(int descriptor, const void *data, size_t size)
{
	const char *rest = data;
	int rc;

	while (size > 0) {
		ssize_t written = write(descriptor, rest, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			rc = written < 0 ? -errno : -EIO;
			return mproci_fail(rc, "cannot write %zu bytes to descriptor %d: %s", size,
				descriptor, strerror(-rc));
		}
		rest += written;
		size -= (size_t)written;
	}
	return 0;
}
