/* SPDX-License-Identifier: MIT */
#include "sys/private_directory.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATH_SIZE = 4096,
	/* So many entries of a directory are looked at for what was left behind. */
	SWEPT = 10000,
	TRIES = 10,
};

/* What mkdtemp fills in. */
static const char PLACES[] = "XXXXXX";

/* Where a user's sockets belong; /tmp is there for who has no such place. */
static const char *choose_parent(void)
{
	const char *path = secure_getenv("XDG_RUNTIME_DIR");
	struct stat status;

	if (path == NULL || path[0] != '/' || stat(path, &status) != 0 || !S_ISDIR(status.st_mode)
		|| access(path, W_OK | X_OK) != 0)
		return "/tmp";
	return path;
}

/* Have the directory at @path, if it is this user's alone, and nobody else has it.  Returns a descriptor, or a negative errno without an error text. */
static int keep(int parent, const char *path)
{
	int descriptor =
		mproci_descriptor_lift(openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	struct stat status;

	if (descriptor < 0)
		return descriptor;
	if (fstat(descriptor, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0
		&& flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fstat(descriptor, &status) == 0
		&& status.st_nlink > 0)
		return descriptor;
	close(descriptor);
	return -EBUSY;
}

/* Remove the directory @name, which nobody keeps. */
static void remove_left(int parent, const char *name, const char *file)
{
	int descriptor = keep(parent, name);
	struct stat status;

	if (descriptor < 0)
		return;
	if (fstatat(descriptor, file, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode))
		unlinkat(descriptor, file, 0);
	unlinkat(parent, name, AT_REMOVEDIR);
	close(descriptor);
}

/* Whoever makes one keeps it a moment later: if it is removed before that, he makes another. */
static void sweep(const char *parent, const char *prefix, const char *file)
{
	DIR *all = opendir(parent);
	const struct dirent *each;

	if (all == NULL)
		return;
	for (int i = 0; i < SWEPT && (each = readdir(all)) != NULL; ++i) {
		if (strncmp(each->d_name, prefix, strlen(prefix)) == 0
			&& strlen(each->d_name) == strlen(prefix) + strlen(PLACES))
			remove_left(dirfd(all), each->d_name, file);
	}
	closedir(all);
}

static int make(const char *parent, const char *prefix, char path[PATH_SIZE])
{
	int rc;

	snprintf(path, PATH_SIZE, "%s/%s%s", parent, prefix, PLACES);
	if (mkdtemp(path) == NULL) {
		rc = -errno;
		return mproci_fail(rc, "cannot make a directory under %s: %s", parent, strerror(-rc));
	}
	return keep(AT_FDCWD, path);
}

int mproci_private_directory_create(const char *prefix, const char *file, char *ret_path, size_t size)
{
	const char *parent = choose_parent();
	size_t length = strlen(parent) + 1 + strlen(prefix) + strlen(PLACES);
	char path[PATH_SIZE];
	int descriptor = -EBUSY;

	if (length >= size || length >= sizeof path)
		return mproci_fail(-ENAMETOOLONG,
			"a directory under %s: its path has %zu bytes, more than %zu", parent, length,
			size - 1);
	sweep(parent, prefix, file);
	for (int tries = 0; descriptor == -EBUSY && tries < TRIES; ++tries)
		descriptor = make(parent, prefix, path);
	if (descriptor < 0)
		return descriptor == -EBUSY ? mproci_fail(-EBUSY, "%s: somebody takes it away again", path)
					    : mproci_fail_descriptor(descriptor, "cannot keep a directory");
	memcpy(ret_path, path, length + 1);
	return descriptor;
}

void mproci_private_directory_remove(const char *path)
{
	int before = errno;

	rmdir(path);
	errno = before;
}

mproci_file_id mproci_file_id_at(const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return (mproci_file_id){0};
	return (mproci_file_id){(uint64_t)status.st_dev, (uint64_t)status.st_ino};
}

/* What was opened, so that nobody exchanges it between the look and the reading. */
static int check_owner(const char *path, int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return mproci_fail(-errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return mproci_fail(-EINVAL, "%s is no regular file", path);
	if ((status.st_uid != geteuid() && status.st_uid != 0) || (status.st_mode & 077) != 0)
		return mproci_fail(-EACCES,
			"%s has mode %03o and is user %u's: others must not be able to read it", path,
			(unsigned)(status.st_mode & 0777), (unsigned)status.st_uid);
	return 0;
}

static int take_line(const char *path, int descriptor, char *ret_line, size_t size)
{
	ssize_t got = read(descriptor, ret_line, size);
	char *end;

	if (got < 0)
		return mproci_fail(-errno, "%s: %s", path, strerror(errno));
	end = memchr(ret_line, '\n', (size_t)got);
	if (end == NULL && (size_t)got == size)
		return mproci_fail(-EMSGSIZE, "%s: its first line has more than %zu bytes", path, size - 1);
	if (end == NULL)
		end = ret_line + got;
	*end = 0;
	if (end == ret_line || strlen(ret_line) != (size_t)(end - ret_line))
		return mproci_fail(-EINVAL, "%s: its first line is empty, or has a byte 0", path);
	return 0;
}

int mproci_private_file_read_line(const char *path, char *ret_line, size_t size)
{
	int descriptor, rc;

	descriptor = mproci_descriptor_lift(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	if (descriptor < 0)
		return mproci_fail(descriptor, "%s: %s", path, strerror(-descriptor));
	rc = check_owner(path, descriptor);
	if (rc == 0)
		rc = take_line(path, descriptor, ret_line, size);
	mproci_close(descriptor);
	return rc;
}
