/* SPDX-License-Identifier: MIT */
#include "sys/named_memory.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/file_room.h"
#include "sys/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* Of a name with its slash, and of the beginning of an error text. */
	PATH_SIZE = MPROCI_SHARED_NAME_LIMIT + 2,
	WHAT_SIZE = 192,
};

static const char *path_of(const char *name, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "/%s", name);
	return path;
}

static const char *describe(const char *name, const char *happened, char what[WHAT_SIZE])
{
	snprintf(what, WHAT_SIZE, "shared memory \"%.100s\"%s", name, happened);
	return what;
}

static int fail(int rc, const char *name, const char *happened)
{
	char what[WHAT_SIZE];

	return mproci_fail_descriptor(rc, describe(name, happened, what));
}

static int map(int descriptor, const char *name, size_t size, void **ret_base)
{
	void *base;

	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	if (base == MAP_FAILED) {
		int rc = -errno;

		return mproci_fail(rc, "shared memory \"%.100s\": no room for %zu bytes of addresses: %s",
			name, size, strerror(-rc));
	}
	*ret_base = base;
	return 0;
}

/* The size comes last: whoever finds a size finds all of it, with room for each page. */
static int fill(int descriptor, const char *name, size_t size, void **ret_base)
{
	char what[WHAT_SIZE];
	int rc;

	/* The umask may have taken bits away. */
	if (fchmod(descriptor, S_IRUSR | S_IWUSR) != 0)
		return fail(-errno, name, ": cannot be given its mode");
	rc = mproci_file_room_reserve(descriptor, 0, size, true, describe(name, "", what));
	if (rc < 0)
		return rc;
	if (ftruncate(descriptor, (off_t)size) != 0)
		return fail(-errno, name, ": cannot be given its size");
	return map(descriptor, name, size, ret_base);
}

int mproci_named_memory_create(const char *name, size_t size, void **ret_base)
{
	char path[PATH_SIZE];
	int descriptor, rc;

	if (size > INT64_MAX)
		return mproci_fail(-EINVAL, "shared memory of %zu bytes: at most %lld fit into a file", size,
			(long long)INT64_MAX);
	if (mproci_memory_is_beyond_machine(size))
		return mproci_fail(-ENOMEM, "shared memory of %zu bytes: this machine has less memory", size);
	descriptor = mproci_descriptor_lift(
		shm_open(path_of(name, path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
	if (descriptor < 0)
		return fail(descriptor, name, ": cannot be made in /dev/shm");
	rc = fill(descriptor, name, size, ret_base);
	if (rc < 0)
		shm_unlink(path);
	close(descriptor);
	return rc;
}

static int fail_to_open(int rc, const char *name)
{
	/* A directory, a symbolic link, a socket; glibc calls the first one no name. */
	if (rc == -EISDIR || rc == -EINVAL || rc == -ELOOP || rc == -ENXIO)
		return mproci_fail(-EBADMSG, "shared memory \"%.100s\": no plain file", name);
	return fail(rc, name, ": cannot be opened");
}

static int check(int descriptor, const char *name, size_t *ret_size)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return fail(-errno, name, ": has no size");
	if (!S_ISREG(status.st_mode))
		return fail_to_open(-ENXIO, name);
	if (status.st_size == 0)
		return mproci_fail(-EBADMSG,
			"shared memory \"%.100s\": its size is 0: it is being made, or was left over", name);
	*ret_size = (size_t)status.st_size;
	return 0;
}

int mproci_named_memory_open(const char *name, void **ret_base, size_t *ret_size)
{
	char path[PATH_SIZE];
	int descriptor, rc;
	size_t size = 0;

	descriptor = mproci_descriptor_lift(
		shm_open(path_of(name, path), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0));
	if (descriptor < 0)
		return fail_to_open(descriptor, name);
	rc = check(descriptor, name, &size);
	if (rc == 0)
		rc = map(descriptor, name, size, ret_base);
	if (rc == 0)
		*ret_size = size;
	close(descriptor);
	return rc;
}

void mproci_named_memory_close(void *base, size_t size)
{
	munmap(base, size);
}

int mproci_named_memory_unlink(const char *name)
{
	char path[PATH_SIZE];

	if (shm_unlink(path_of(name, path)) == 0)
		return 0;
	if (errno == EISDIR)
		return mproci_fail(-EBADMSG, "shared memory \"%.100s\": a directory, and no block", name);
	/* glibc makes the one of the other, musl does not. */
	return fail(errno == EPERM ? -EACCES : -errno, name, ": cannot be unlinked");
}

uint32_t mproci_named_memory_draw(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
		number = (uint32_t)mproci_clock_now();
	return number;
}
