/* SPDX-License-Identifier: MIT */
#include "sys/directory.h"

#include "sys/clock.h"
#include "sys/descriptor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const int MPROCI_WORKING_DIRECTORY = AT_FDCWD;

static int open_directory(int directory, const char *name)
{
	return mproci_descriptor_lift(openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int mproci_directory_open_at(int directory, const char *name, bool makes, const char *what)
{
	int descriptor;

	descriptor = open_directory(directory, name);
	if (descriptor == -ENOENT && makes) {
		/* Somebody else may be making it at the same moment. */
		if (mkdirat(directory, name, 0777) != 0 && errno != EEXIST)
			return mproci_fail_descriptor(-errno, what);
		descriptor = open_directory(directory, name);
	}
	return descriptor < 0 ? mproci_fail_descriptor(descriptor, what) : descriptor;
}

bool mproci_directory_is_writable(int directory)
{
	return faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

static bool is_own_or_parent(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int visit_all(DIR *all, mproci_directory_visitor *visitor, void *argument, const char *what)
{
	for (;;) {
		const struct dirent *each;
		int rc;

		errno = 0;
		each = readdir(all);
		if (each == NULL)
			return errno == 0 ? 0 : mproci_fail_descriptor(-errno, what);
		if (is_own_or_parent(each->d_name))
			continue;
		rc = visitor(dirfd(all), each->d_name, argument);
		if (rc != 0)
			return rc;
	}
}

int mproci_directory_each(
	int directory, const char *name, mproci_directory_visitor *visitor, void *argument, const char *what)
{
	int descriptor, rc;
	DIR *all;

	descriptor = open_directory(directory, name);
	if (descriptor < 0)
		return mproci_fail_descriptor(descriptor, what);
	all = fdopendir(descriptor);
	if (all == NULL) {
		rc = -errno;
		close(descriptor);
		return mproci_fail_descriptor(rc, what);
	}
	rc = visit_all(all, visitor, argument, what);
	closedir(all);
	return rc;
}

int mproci_file_status_at(int directory, const char *name, mproci_file_status *ret_status)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return -errno;
	*ret_status = (mproci_file_status){
		.size = (uint64_t)status.st_size,
		.inode = status.st_ino,
		.used = mproci_clock_nanoseconds(status.st_atim),
		.changed = mproci_clock_nanoseconds(status.st_mtim),
		.is_directory = S_ISDIR(status.st_mode),
	};
	return 0;
}

int mproci_file_remove_at(int directory, const char *name)
{
	return unlinkat(directory, name, 0) == 0 ? 0 : -errno;
}
