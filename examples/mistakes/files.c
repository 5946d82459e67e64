/* SPDX-License-Identifier: MIT */
/*
 * Mistakes of the counter in a file, 9.
 */
#include "../command.h"
#include "mistakes.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PROCESSES = 2,
	ADDITIONS = 1000,
};

/* What the processes share: in shared memory. */
typedef struct counter {
	mproc_event start;
	char path[240];
	bool is_locked;
	bool has_file_lock;
} counter;

/* A mutex of this process alone: each process has another one. */
static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;

static int make_file(char path[240])
{
	const char *parent = getenv("TMPDIR");
	int fd;

	snprintf(path, 240, "%s/mistakes-XXXXXX", parent ? parent : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return complain("%s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

/* 9a */

static int read_mode(mode_t mode, double *ret_mode)
{
	char path[240], octal[8];
	struct stat status;
	int rc = make_file(path);

	if (rc < 0)
		return rc;
	if (chmod(path, mode) < 0 || stat(path, &status) < 0)
		rc = complain("%s: %s", path, strerror(errno));
	unlink(path);
	if (rc < 0)
		return rc;
	/* Told in octal, as ls and chmod tell it. */
	snprintf(octal, sizeof octal, "%o", status.st_mode & 07777);
	*ret_mode = strtod(octal, NULL);
	return 0;
}

static int write_the_mode_in_decimal(double *ret_mode)
{
	return read_mode(772, ret_mode);
}

static int write_the_mode_in_octal(double *ret_mode)
{
	return read_mode(0772, ret_mode);
}

/* 9b */

static int count_missing_file(bool is_handled, double *ret_count)
{
	char path[240];
	int fd, rc = make_file(path);

	if (rc < 0)
		return rc;
	unlink(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret_count = fd >= 0 || (is_handled && errno == ENOENT) ? 1 : -1;
	if (fd >= 0)
		close(fd);
	return 0;
}

static int expect_the_file(double *ret_count)
{
	return count_missing_file(false, ret_count);
}

static int begin_without_the_file(double *ret_count)
{
	return count_missing_file(true, ret_count);
}

/* 9c, 9d: two processes add to the number in a file, as the documents do: read it, write it anew. */

static int add_to_file(const char *path)
{
	static int fd =
		-1; /* this process's own, until it ends: closing it each time can wait for the disk */
	char text[32] = "";
	long count;
	int size;

	if (fd < 0)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, text, sizeof text - 1, 0) < 0)
		return complain("%s: %s", path, strerror(errno));
	count = strtol(text, NULL, 10);
	size = snprintf(text, sizeof text, "%ld\n", count + 1);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)size, 0) != size)
		return complain("%s: %s", path, strerror(errno));
	return 0;
}

static int add_with_own_lock(const counter *self)
{
	int rc;

	pthread_mutex_lock(&own_lock);
	rc = add_to_file(self->path);
	pthread_mutex_unlock(&own_lock);
	return rc;
}

static int add_with_file_lock(const counter *self, mproc_file_lock *lock)
{
	int rc;

	if (mproc_file_lock_acquire(lock, MPROC_FOREVER) < 0)
		return fail();
	rc = add_to_file(self->path);
	return mproc_file_lock_release(lock) < 0 ? fail() : rc;
}

static int add_often(void *argument)
{
	counter *self = argument;
	mproc_file_lock *lock = NULL;
	int rc = 0;

	if (self->has_file_lock && mproc_file_lock_open(self->path, NULL, &lock) < 0)
		return fail();
	if (mproc_event_wait(&self->start, MPROC_FOREVER) < 0)
		rc = fail();
	for (int i = 0; i < ADDITIONS && rc == 0; ++i) {
		if (lock)
			rc = add_with_file_lock(self, lock);
		else
			rc = self->is_locked ? add_with_own_lock(self) : add_to_file(self->path);
	}
	mproc_file_lock_close(lock);
	return rc;
}

/* Returns the count, or -1 after telling what failed. */
static double count_with_processes(counter *self)
{
	mproc_process *processes[PROCESSES];
	int started = 0, failed = 0;
	char text[32] = "";
	FILE *file;

	while (started < PROCESSES && !failed) {
		if (mproc_process_start(NULL, add_often, self, 0, &processes[started]) < 0)
			failed = fail();
		else
			++started;
	}
	if (mproc_event_set(&self->start) < 0)
		failed = fail();
	while (started > 0)
		failed |= join_process(processes[--started]);
	file = fopen(self->path, "re");
	if (!file || (!fgets(text, sizeof text, file) && ferror(file)))
		failed = complain("%s: %s", self->path, strerror(errno));
	if (file)
		fclose(file);
	return failed ? -1 : strtod(text, NULL);
}

static int count_in_file(bool is_locked, bool has_file_lock, double *ret_count)
{
	counter *self = mproc_calloc(1, sizeof *self);

	if (!self || mproc_event_init(&self->start) < 0) {
		mproc_free(self);
		return fail();
	}
	self->is_locked = is_locked;
	self->has_file_lock = has_file_lock;
	*ret_count = -1;
	if (make_file(self->path) == 0) {
		*ret_count = count_with_processes(self);
		unlink(self->path);
	}
	mproc_event_destroy(&self->start);
	mproc_free(self);
	return *ret_count < 0 ? -1 : 0;
}

static int take_a_lock_of_threads(double *ret_count)
{
	return count_in_file(true, false, ret_count);
}

static int take_no_lock(double *ret_count)
{
	return count_in_file(false, false, ret_count);
}

static int lock_the_file(double *ret_count)
{
	return count_in_file(true, true, ret_count);
}

const mistake FILE_MISTAKES[] = {
	{"9a", "The mode of the file, in octal, that was to be 772", write_the_mode_in_decimal,
		write_the_mode_in_octal, "772 is decimal: sticky, and the owner may not write", "-"},
	{"9b", "The first count when there is no file yet (-1: an error)", expect_the_file,
		begin_without_the_file, "only an empty file is foreseen", "-"},
	{"9c", "Two processes count to 2000 in a file", take_a_lock_of_threads, lock_the_file,
		"a lock of threads keeps no other process out; described was a lock file", "-"},
	{"9d", "The same without a lock, which the document describes, but never runs", take_no_lock,
		lock_the_file, "both read the same count, or an empty file, and additions are lost", "-"},
	{0},
};
