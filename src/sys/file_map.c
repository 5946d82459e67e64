/* SPDX-License-Identifier: MIT */
#include "sys/file_map.h"

#include "base/error.h"
#include "sys/descriptor.h"
#include "sys/file_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WHAT_SIZE = 192
};

static int check_kind(const struct stat *status, const char *path)
{
	if (S_ISDIR(status->st_mode))
		return mproci_fail(-EISDIR, "file \"%.100s\": a directory", path);
	if (!S_ISREG(status->st_mode))
		return mproci_fail(-EINVAL, "file \"%.100s\": no plain file", path);
	return 0;
}

/* To open a pipe or a device would have effects; to look at it first has none. */
static int check_before(const char *path)
{
	struct stat status;

	return stat(path, &status) != 0 ? 0 : check_kind(&status, path);
}

static int open_file(const char *path, const mproc_map_file_options *options)
{
	int access = options->access == MPROC_MAP_READ_WRITE ? O_RDWR : O_RDONLY;
	int flags = access | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	char what[WHAT_SIZE];
	int descriptor, rc;

	rc = check_before(path);
	if (rc < 0)
		return rc;
	descriptor = mproci_descriptor_lift(open(path, flags));
	/* Only now: with O_CREAT, in a directory like /tmp, the kernel may refuse a file that is there. */
	if (descriptor == -ENOENT && options->grow)
		descriptor = mproci_descriptor_lift(open(path, flags | O_CREAT, 0666));
	if (descriptor < 0) {
		snprintf(what, sizeof what, "file \"%.100s\": cannot be opened", path);
		return mproci_fail_descriptor(descriptor, what);
	}
	return descriptor;
}

/* Without a @size, the part goes up to the end. */
static int measure(const char *path, uint64_t offset, size_t size, uint64_t file_size, size_t *ret_size)
{
	unsigned long long at = offset, end = file_size;

	if (size > 0 && offset + size > file_size)
		return mproci_fail(-EINVAL,
			"file \"%.100s\": %zu bytes at %llu end behind the end of the file, at %llu", path,
			size, at, end);
	if (offset > file_size)
		return mproci_fail(-EINVAL, "file \"%.100s\": %llu is behind the end of the file, at %llu",
			path, at, end);
	*ret_size = size > 0 ? size : (size_t)(file_size - offset);
	return 0;
}

static int prepare(int descriptor, const char *path, uint64_t offset, size_t size,
	const mproc_map_file_options *options, size_t *ret_size)
{
	char what[WHAT_SIZE];
	struct stat status;
	int rc;

	if (fstat(descriptor, &status) != 0) {
		rc = -errno;
		return mproci_fail(rc, "file \"%.100s\": has no size: %s", path, strerror(-rc));
	}
	rc = check_kind(&status, path);
	if (rc < 0)
		return rc;
	if (!options->grow)
		return measure(path, offset, size, (uint64_t)status.st_size, ret_size);
	snprintf(what, sizeof what, "file \"%.100s\"", path);
	rc = mproci_file_room_reserve(descriptor, offset, size, false, what);
	if (rc == 0)
		*ret_size = size;
	return rc;
}

static int advice_for(mproc_map_advice advice)
{
	switch (advice) {
	case MPROC_MAP_SEQUENTIAL:
		return MADV_SEQUENTIAL;
	case MPROC_MAP_RANDOM:
		return MADV_RANDOM;
	case MPROC_MAP_WILL_NEED:
		return MADV_WILLNEED;
	default:
		return MADV_NORMAL;
	}
}

static int map(int descriptor, const char *path, uint64_t offset, size_t size,
	const mproc_map_file_options *options, mproci_file_map *ret_map)
{
	size_t before = offset % (uint64_t)sysconf(_SC_PAGESIZE);
	int protection = options->access == MPROC_MAP_READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE;
	/* Without reserving: a private map may be larger than memory too. */
	int kind = options->access == MPROC_MAP_PRIVATE ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED;
	void *base;

	base = mmap(NULL, before + size, protection, kind, descriptor, (off_t)(offset - before));
	if (base == MAP_FAILED) {
		int rc = -errno;

		return mproci_fail(
			rc, "file \"%.100s\": cannot map %zu bytes: %s", path, size, strerror(-rc));
	}
	madvise(base, before + size, advice_for(options->advice));
	*ret_map = (mproci_file_map){
		.base = base, .length = before + size, .data = (char *)base + before, .size = size};
	return 0;
}

int mproci_file_map_open(const char *path, uint64_t offset, size_t size,
	const mproc_map_file_options *options, mproci_file_map *ret_map)
{
	int descriptor, rc;

	if (offset > INT64_MAX || size > INT64_MAX - offset)
		return mproci_fail(-EOVERFLOW, "file \"%.100s\": %zu bytes at %llu: no file is that long",
			path, size, (unsigned long long)offset);
	descriptor = open_file(path, options);
	if (descriptor < 0)
		return descriptor;
	rc = prepare(descriptor, path, offset, size, options, &size);
	if (rc == 0 && size == 0)
		*ret_map = (mproci_file_map){0};
	else if (rc == 0)
		rc = map(descriptor, path, offset, size, options, ret_map);
	close(descriptor);
	return rc;
}

int mproci_file_map_sync(void *base, size_t length)
{
	return msync(base, length, MS_SYNC) == 0 ? 0 : -errno;
}

void mproci_file_map_close(void *base, size_t length)
{
	munmap(base, length);
}
