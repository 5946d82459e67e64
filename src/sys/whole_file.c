/* SPDX-License-Identifier: MIT */
#include "sys/whole_file.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	ALIGNMENT = 64,
	/* So often may a remover come between the making of a file and the lock on it. */
	TRIES = 100,
	FIRST_BROUGHT = 4096,
};

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static int open_file(int directory, const char *name, int flags)
{
	/* A pipe would have us wait for who writes to it. */
	return mproci_descriptor_lift(
		openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666));
}

/* The kernel's own idea of now has steps of milliseconds: too coarse to tell what was used last. */
static void set_times(int descriptor, bool also_changed)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[1] = times[0];
	if (!also_changed)
		times[1].tv_nsec = UTIME_OMIT;
	futimens(descriptor, times);
}

static int read_all(int descriptor, char *memory, size_t size, size_t *ret_size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(descriptor, memory + done, size - done, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		/* Somebody has cut it since it was measured. */
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*ret_size = done;
	return done == 0 ? -EINVAL : 0;
}

static int copy(int descriptor, size_t size, mproci_whole_file *file)
{
	int rc;

	file->length = 0;
	file->memory = aligned_alloc(ALIGNMENT, (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
	if (file->memory == NULL)
		return -ENOMEM;
	rc = read_all(descriptor, file->memory, size, &file->size);
	if (rc < 0)
		free(file->memory);
	return rc;
}

/* What the disk cannot give, or somebody has cut off, would kill who touches it.  Before Linux 5.14 nobody knows: -EINVAL. */
static int bring(void *memory, size_t size)
{
	if (madvise(memory, size, MADV_POPULATE_READ) == 0)
		return 0;
	return errno == EFAULT || errno == EHWPOISON ? -EIO : 0;
}

static int map(int descriptor, size_t size, mproci_whole_file *file)
{
	int rc;

	file->size = file->length = size;
	file->memory = mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0);
	if (file->memory == MAP_FAILED)
		return -errno;
	rc = bring(file->memory, size < FIRST_BROUGHT ? size : FIRST_BROUGHT);
	if (rc < 0)
		munmap(file->memory, size);
	return rc;
}

static int read_open(int descriptor, size_t most_copied, mproci_whole_file *ret_file)
{
	mproci_whole_file file;
	struct stat status;
	int rc;

	if (fstat(descriptor, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	file.used = mproci_clock_nanoseconds(status.st_atim);
	file.changed = mproci_clock_nanoseconds(status.st_mtim);
	file.device = status.st_dev;
	file.inode = status.st_ino;
	if ((uint64_t)status.st_size <= most_copied)
		rc = copy(descriptor, (size_t)status.st_size, &file);
	else
		rc = map(descriptor, (size_t)status.st_size, &file);
	if (rc == 0)
		*ret_file = file;
	return rc;
}

static int fail_read(int rc, const char *what)
{
	/* A link, or a socket. */
	if (rc == -ELOOP || rc == -ENXIO)
		rc = -EINVAL;
	if (rc == -EINVAL)
		return mproci_fail(rc, "%s: no plain file, or empty", what);
	return mproci_fail_descriptor(rc, what);
}

int mproci_whole_file_read(int directory, const char *name, size_t most_copied, bool notes_use,
	const char *what, mproci_whole_file *ret_file)
{
	int descriptor, rc;

	descriptor = open_file(directory, name, O_RDONLY);
	if (descriptor == -ENOENT)
		return descriptor;
	if (descriptor < 0)
		return fail_read(descriptor, what);
	rc = read_open(descriptor, most_copied, ret_file);
	if (rc == 0 && notes_use)
		set_times(descriptor, false);
	close(descriptor);
	return rc < 0 ? fail_read(rc, what) : 0;
}

int mproci_whole_file_bring(const mproci_whole_file *file, const char *what)
{
	int rc = file->length == 0 ? 0 : bring(file->memory, file->length);

	return rc < 0 ? fail_read(rc, what) : 0;
}

void mproci_whole_file_free(void *memory, size_t length)
{
	if (length != 0)
		munmap(memory, length);
	else
		free(memory);
}

static uint64_t size_of(const mproci_part *parts, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; ++i)
		size += parts[i].size;
	return size;
}

/* Asked before, because the kernel kills who tries. */
static int check_limit(uint64_t size, const char *what)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur)
		return 0;
	return mproci_fail(-EFBIG, "%s: %llu bytes are above RLIMIT_FSIZE, %llu", what,
		(unsigned long long)size, (unsigned long long)limit.rlim_cur);
}

static int write_parts(int descriptor, const mproci_part *parts, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; ++i)
		rc = mproci_write(descriptor, parts[i].bytes, parts[i].size);
	return rc;
}

/*
 * Whoever forks meanwhile gives his child a copy of the descriptor, and so of the lock: until that child ends, or calls exec, what
 * we would leave here if we were killed looks as if it were being written, and is removed later.
 */
static int open_aside(int directory, const char *aside)
{
	int opened = openat(directory, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	int descriptor = mproci_descriptor_lift(opened);

	if (opened >= 0 && descriptor < 0)
		unlinkat(directory, aside, 0);
	return descriptor;
}

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

/* musl 1.2.3 has no renameat2. */
static int exchange(int directory, const char *one, const char *other)
{
	return (int)syscall(SYS_renameat2, directory, one, directory, other, RENAME_EXCHANGE);
}

/*
 * To rename a file over another has ext4 write it to the disk first, which takes ten times as long as all the rest.  So they are
 * exchanged, and the old one is removed; who is killed between the two leaves the old one aside, which is not locked.
 */
static int take_name(int directory, const char *aside, const char *name)
{
	int rc;

	/* There is no such name, or no exchanging here. */
	if (exchange(directory, aside, name) != 0)
		return renameat(directory, aside, directory, name) == 0 ? 0 : -errno;
	if (unlinkat(directory, aside, 0) == 0 || errno == ENOENT)
		return 0;
	/* A directory. */
	rc = -errno;
	exchange(directory, aside, name);
	return rc;
}

/* Returns 0; -EAGAIN: somebody took it for one that was left, and removes it; another negative errno. */
static int fill_and_rename(int directory, int descriptor, const char *aside, const char *name,
	const mproci_part *parts, size_t count)
{
	int rc;

	/* Where there are no locks, nobody can have one, and nobody removes it. */
	if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return -EAGAIN;
	rc = write_parts(descriptor, parts, count);
	if (rc < 0)
		return rc;
	set_times(descriptor, true);
	return take_name(directory, aside, name);
}

/* Returns as fill_and_rename.  Then there is no @aside. */
static int try_to_write(
	int directory, const char *aside, const char *name, const mproci_part *parts, size_t count)
{
	int descriptor, rc;

	descriptor = open_aside(directory, aside);
	if (descriptor < 0)
		return descriptor;
	rc = fill_and_rename(directory, descriptor, aside, name, parts, count);
	/* It was there when it was opened: then it was removed between that and the lock. */
	if (rc < 0 && unlinkat(directory, aside, 0) != 0 && errno == ENOENT)
		rc = -EAGAIN;
	close(descriptor);
	return rc;
}

int mproci_whole_file_write(int directory, const char *aside, const char *name, const mproci_part *parts,
	size_t count, const char *what)
{
	int rc;

	rc = check_limit(size_of(parts, count), what);
	if (rc < 0)
		return rc;
	rc = -EAGAIN;
	for (int tries = 0; rc == -EAGAIN && tries < TRIES; ++tries)
		rc = try_to_write(directory, aside, name, parts, count);
	if (rc == -EAGAIN)
		return mproci_fail(-EBUSY, "%s: somebody takes the file away again", what);
	return rc < 0 ? mproci_fail_descriptor(rc, what) : 0;
}

/* Locks are for who may write, on network file systems; and what others have left may often be read only. */
static int open_left(int directory, const char *name)
{
	int descriptor = open_file(directory, name, O_RDWR);

	return descriptor == -EACCES ? open_file(directory, name, O_RDONLY) : descriptor;
}

/* Whoever has the lock of the file that a name leads to is the only one who may remove that name. */
static int lock_and_remove(int descriptor, int directory, const char *name)
{
	struct stat open, named;

	if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(descriptor, &open) != 0 || fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) != 0)
		return -errno;
	if (open.st_dev != named.st_dev || open.st_ino != named.st_ino)
		return -ESTALE;
	return mproci_file_remove_at(directory, name);
}

int mproci_whole_file_remove_left(int directory, const char *name)
{
	int descriptor, rc;

	descriptor = open_left(directory, name);
	if (descriptor < 0)
		return descriptor;
	rc = lock_and_remove(descriptor, directory, name);
	close(descriptor);
	return rc;
}

int mproci_whole_file_remove_if_same(int directory, const char *name, const mproci_whole_file *file)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return -errno;
	if (status.st_dev != file->device || status.st_ino != file->inode
		|| mproci_clock_nanoseconds(status.st_mtim) != file->changed)
		return -ESTALE;
	return mproci_file_remove_at(directory, name);
}
