/* SPDX-License-Identifier: MIT */
#include "trace/timeline_file.h"

#include "base/error.h"
#include "sys/child.h"
#include "sys/file_lock.h"
#include "sys/growing_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRONT = 160
};

/* The viewers hold all of it in memory. */
static const uint64_t MOST = (uint64_t)1 << 30;

/* Who began a file: for printf and for scanf. */
#define FRONT_FORMAT                                                                                   \
	"[\n{\"name\":\"process_labels\",\"ph\":\"M\",\"pid\":%d,\"args\":{\"labels\":\"mproc, since " \
	"%" PRIu64

/* Whether a file may be replaced.  Returns 0, or a negative errno with an error text. */
static int check_owner(const char *front, const char *path)
{
	uint64_t since, started;
	int pid;

	if (front[0] == '\0')
		return 0;
	if (sscanf(front, FRONT_FORMAT, &pid, &since) != 2)
		return mproci_fail(-EEXIST, "file \"%.100s\" exists and is no time line of mproc", path);
	/* That was this process itself, before it became another program. */
	if (pid == mproci_process_id())
		return 0;
	if (mproci_process_start_time(pid, &started) == 0 && started == since)
		return mproci_fail(-EBUSY, "file \"%.100s\" is the time line of process %d", path, pid);
	return 0;
}

static int put_front(mproci_timeline_file *file, int descriptor)
{
	char front[FRONT];
	uint64_t since;
	int rc, size;

	rc = mproci_process_start_time(mproci_process_id(), &since);
	if (rc < 0)
		return mproci_fail(rc, "/proc cannot be read: %s", strerror(-rc));
	size = snprintf(front, sizeof front, FRONT_FORMAT "\"}},\n", (int)mproci_process_id(), since);
	rc = mproci_growing_file_put(descriptor, 0, front, (size_t)size);
	if (rc < 0)
		return rc;
	file->id = mproci_descriptor_id(descriptor);
	atomic_store(&file->end, (uint64_t)size);
	return 0;
}

static int begin_at_path(mproci_timeline_file *file)
{
	char front[FRONT];
	int rc, descriptor;

	descriptor = mproci_growing_file_open(file->path, front, sizeof front);
	if (descriptor < 0)
		return descriptor;
	rc = check_owner(front, file->path);
	if (rc == 0)
		rc = put_front(file, descriptor);
	mproci_growing_file_close(descriptor);
	return rc;
}

/* The path with "-PID" before what follows the last point of the name. */
static int path_with_id(char to[PATH_MAX], const char *path)
{
	const char *name = strrchr(path, '/');
	const char *point = strrchr(name == NULL ? path : name, '.');
	int front = point == NULL ? (int)strlen(path) : (int)(point - path);
	int size = snprintf(to, PATH_MAX, "%.*s-%d%s", front, path, (int)mproci_process_id(), path + front);

	return size < PATH_MAX ? 0 : mproci_fail(-ENAMETOOLONG, "path of %d bytes", size);
}

static int begin(mproci_timeline_file *file, const char *path)
{
	size_t size = strlen(path);
	int rc;

	if (size >= sizeof file->path)
		return mproci_fail(-ENAMETOOLONG, "path of %zu bytes", size);
	memcpy(file->path, path, size + 1);
	rc = begin_at_path(file);
	if (rc != -EBUSY)
		return rc;
	rc = path_with_id(file->path, path);
	return rc == 0 ? begin_at_path(file) : rc;
}

int mproci_timeline_file_begin(mproci_timeline_file *file, const char *path)
{
	/* Processes change their directories. */
	char *whole = mproci_file_lock_path(path);
	int rc;

	if (whole == NULL)
		return mproci_fail(-ENOMEM, "no memory for a path");
	rc = begin(file, whole);
	free(whole);
	return rc;
}

/* Who had the lock before was killed while writing: either the file ends behind its piece, or before it. */
static void settle(mproci_timeline_file *file)
{
	mproci_tape *tape = atomic_load(&file->writing);

	if (tape == NULL)
		return;
	if (atomic_load(&file->end) == file->next_end)
		mproci_tape_clear(tape);
	atomic_store(&file->writing, NULL);
}

static int append(mproci_timeline_file *file, const mproci_tape *tape)
{
	uint64_t end = atomic_load(&file->end);

	if (file->next_end > MOST)
		return mproci_fail(-EFBIG, "it has %" PRIu64 " bytes: %" PRIu64 " are possible", end, MOST);
	return mproci_growing_file_append(file->path, file->id, end, tape->text, file->next_end - end);
}

int mproci_timeline_file_write(mproci_timeline_file *file, mproci_tape *tape)
{
	size_t size;
	int rc;

	settle(file);
	size = mproci_tape_size(tape);
	if (size == 0)
		return 0;
	file->next_end = atomic_load(&file->end) + size;
	atomic_store(&file->writing, tape);
	rc = append(file, tape);
	if (rc == 0) {
		atomic_store(&file->end, file->next_end);
		mproci_tape_clear(tape);
	}
	atomic_store(&file->writing, NULL);
	return rc;
}
