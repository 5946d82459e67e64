/* SPDX-License-Identifier: MIT */
/*
 * A handle is an open file, with the kernel's lock on it, and a lock for the threads of this process, which take turns
 * with that file: whose turn it is, holds the kernel's lock or is about to.
 *
 * A forked child inherits open files, and with them the kernel's lock: it would keep it when its parent has ended.
 * So all handles of this process are in a list, and a child closes their descriptors at once.
 */
#include "shared/file_lock.h"

#include "base/error.h"
#include "base/options.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/directory.h"
#include "sys/file_lock.h"
#include "sys/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mproc_file_lock {
	/* In this directory. */
	int directory;
	char *path;
	bool is_shared;
	/* The child's, of what its parent opened. */
	bool is_foreign;
	/* Whether the descriptor is, or is to be, open for writing too. */
	bool is_writable;
	/* Of the file; -1: the file itself. */
	int64_t byte;
	/* Changed with the turn and with opening held. */
	int descriptor;
	mproci_lock turn;
	mproc_file_lock *next;
};

/* Protects the lists, and keeps other threads from forking while there is a descriptor that the list does not show. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static mproc_file_lock *handles;
/* Those that are closed, and not freed yet. */
static mproc_file_lock *closed;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

static void hold(void)
{
	pthread_mutex_lock(&opening);
}

static void let_go(void)
{
	pthread_mutex_unlock(&opening);
}

/* In a forked child.  Without releasing: that would release the parent's lock. */
static void disown(void)
{
	for (mproc_file_lock *each = handles; each != NULL; each = each->next) {
		mproci_close(each->descriptor);
		each->is_foreign = true;
	}
	handles = NULL;
	let_go();
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(hold, let_go, disown);
}

static int enlist(mproc_file_lock *lock)
{
	hold();
	lock->descriptor = mproci_file_lock_open(lock->directory, lock->path, lock->is_writable);
	if (lock->descriptor >= 0) {
		lock->next = handles;
		handles = lock;
	}
	let_go();
	return lock->descriptor < 0 ? lock->descriptor : 0;
}

static int take_from_kernel(const mproc_file_lock *lock, mproc_deadline deadline)
{
	if (lock->byte >= 0)
		return mproci_file_lock_take_byte(lock->descriptor, lock->byte, deadline);
	return mproci_file_lock_take(lock->descriptor, lock->is_shared, deadline);
}

static void release_to_kernel(const mproc_file_lock *lock)
{
	if (lock->byte >= 0)
		mproci_file_lock_release_byte(lock->descriptor, lock->byte);
	else
		mproci_file_lock_release(lock->descriptor);
}

static void delist(mproc_file_lock *lock)
{
	mproc_file_lock **link = &handles;

	hold();
	while (*link != lock)
		link = &(*link)->next;
	*link = lock->next;
	/* Closing would not do, if a child of _Fork() has the file open too. */
	release_to_kernel(lock);
	mproci_close(lock->descriptor);
	let_go();
}

static int make_handle(int directory, const char *path, mproc_file_lock **ret_lock)
{
	mproc_file_lock *lock;

	lock = calloc(1, sizeof *lock);
	if (lock == NULL)
		return -ENOMEM;
	lock->directory = directory;
	lock->path = directory == MPROCI_WORKING_DIRECTORY ? mproci_file_lock_path(path) : strdup(path);
	if (lock->path == NULL || mproci_lock_init(&lock->turn, MPROCI_LOCK_OF_PROGRAM) < 0) {
		free(lock->path);
		free(lock);
		return -ENOMEM;
	}
	*ret_lock = lock;
	return 0;
}

/*
 * When another thread has its turn still, its list of robust locks leads through the handle until that thread ends: then
 * it is freed together with a later one.
 */
static void free_handle(mproc_file_lock *lock)
{
	free(lock->path);
	lock->path = NULL;
	hold();
	lock->next = closed;
	closed = lock;
	for (mproc_file_lock **link = &closed; *link != NULL;) {
		mproc_file_lock *one = *link;

		if (mproci_lock_destroy(&one->turn) < 0) {
			link = &one->next;
			continue;
		}
		*link = one->next;
		free(one);
	}
	let_go();
}

/* Those of a byte are for one at a time, who has to be able to write. */
static int open_handle(
	int directory, const char *path, bool is_shared, int64_t byte, mproc_file_lock **ret_lock)
{
	mproc_file_lock *lock;
	int rc;

	pthread_once(&handlers_once, register_handlers);
	rc = handlers_rc < 0 ? handlers_rc : make_handle(directory, path, &lock);
	if (rc < 0)
		return mproci_fail(rc, "no memory for a file lock");
	lock->is_shared = is_shared;
	lock->is_writable = byte >= 0;
	lock->byte = byte;
	rc = enlist(lock);
	if (rc < 0)
		free_handle(lock);
	else
		*ret_lock = lock;
	return rc;
}

int mproc_file_lock_open(const char *path, const mproc_file_lock_options *options, mproc_file_lock **ret_lock)
{
	static const mproc_file_lock_options defaults;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (path == NULL || ret_lock == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", path == NULL ? "path" : "ret_lock");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	return rc < 0 ? rc : open_handle(MPROCI_WORKING_DIRECTORY, path, options->shared, -1, ret_lock);
}

int mproci_file_lock_open_in(int directory, const char *name, mproc_file_lock **ret_lock)
{
	return open_handle(directory, name, false, -1, ret_lock);
}

int mproci_file_lock_open_byte(int directory, const char *name, int64_t byte, mproc_file_lock **ret_lock)
{
	return open_handle(directory, name, false, byte, ret_lock);
}

static int check_handle(const mproc_file_lock *lock)
{
	if (lock == NULL)
		return mproci_fail(-EINVAL, "lock is NULL");
	if (lock->is_foreign)
		return mproci_fail(
			-ECHILD, "file lock \"%.150s\": opened by another process than this one", lock->path);
	return 0;
}

static int fail(const mproc_file_lock *lock, int rc)
{
	const char *happened = strerror(-rc);

	if (rc == -ETIMEDOUT)
		happened = "still held by somebody else at the deadline";
	else if (rc == -EDEADLK)
		happened = "this thread holds it already";
	return mproci_fail(rc, "file lock \"%.150s\": %s", lock->path, happened);
}

static int reopen(mproc_file_lock *lock)
{
	int descriptor;

	hold();
	descriptor = mproci_file_lock_open(lock->directory, lock->path, lock->is_writable);
	/* The same number again, when the program has closed what it did not open. */
	if (descriptor >= 0 && descriptor != lock->descriptor)
		mproci_close(lock->descriptor);
	if (descriptor >= 0)
		lock->descriptor = descriptor;
	let_go();
	return descriptor < 0 ? descriptor : 0;
}

/* Returns 1 when the lock is held on the file that now is at the path; 0 when that must be opened first. */
static int take(mproc_file_lock *lock, mproc_deadline deadline)
{
	int rc;

	rc = take_from_kernel(lock, deadline);
	if (rc == -EBADF && !lock->is_writable) {
		lock->is_writable = true;
		return 0;
	}
	if (rc == 0)
		rc = mproci_file_lock_is_current(lock->descriptor, lock->directory, lock->path);
	return rc < 0 ? fail(lock, rc) : rc;
}

static int take_current(mproc_file_lock *lock, mproc_deadline deadline)
{
	int rc;

	for (;;) {
		rc = take(lock, deadline);
		if (rc == 0)
			rc = reopen(lock);
		else if (rc > 0)
			return 0;
		if (rc < 0) {
			release_to_kernel(lock);
			return rc;
		}
	}
}

int mproc_file_lock_acquire(mproc_file_lock *lock, mproc_deadline deadline)
{
	int rc;

	rc = check_handle(lock);
	if (rc < 0)
		return rc;
	rc = mproci_lock_take(&lock->turn, deadline);
	/* A thread that ends without releasing leaves the file locked, for its process lives: the next thread has it. */
	if (rc < 0)
		return fail(lock, rc == -EAGAIN ? -ETIMEDOUT : rc);
	rc = take_current(lock, deadline);
	if (rc < 0)
		mproci_lock_release(&lock->turn);
	return rc;
}

int mproc_file_lock_release(mproc_file_lock *lock)
{
	int rc;

	rc = check_handle(lock);
	if (rc < 0)
		return rc;
	if (!mproci_lock_is_held(&lock->turn))
		return mproci_fail(-EPERM, "file lock \"%.150s\": not held by this thread", lock->path);
	release_to_kernel(lock);
	return mproci_lock_release(&lock->turn);
}

mproc_file_lock *mproc_file_lock_close(mproc_file_lock *lock)
{
	if (lock == NULL)
		return NULL;
	if (lock->is_foreign) {
		free(lock->path);
		free(lock);
		return NULL;
	}
	delist(lock);
	if (mproci_lock_is_held(&lock->turn))
		mproci_lock_release(&lock->turn);
	free_handle(lock);
	return NULL;
}
