/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/options.h"
#include "remote/lease.h"

#include <errno.h>
#include <mproc/remote_lock.h>
#include <stdlib.h>

struct mproc_remote_lock {
	mproci_remote_lease lease;
};

static const mproci_remote_lease_kind kind = {
	.noun = "lock",
	.refusal = "still held by somebody else at the deadline",
	.acquire = "mproc_lock_acquire",
	.release = "mproc_lock_release",
	.extend = "mproc_lock_extend",
};

static mproci_remote_lease *lease_of(mproc_remote_lock *lock)
{
	return lock == NULL ? NULL : &lock->lease;
}

int mproc_remote_lock_open(mproc_remote *remote, const char *name, const mproc_remote_lock_options *options,
	mproc_remote_lock **ret_lock)
{
	static const mproc_remote_lock_options defaults;
	mproc_remote_lock *lock;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_lock == NULL)
		return mproci_fail(-EINVAL, "ret_lock is NULL");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc < 0)
		return rc;
	lock = malloc(sizeof *lock);
	if (lock == NULL)
		return mproci_fail(-ENOMEM, "no memory for a remote lock");
	rc = mproci_remote_lease_open(&lock->lease, &kind, remote, name, options->lease);
	if (rc < 0)
		free(lock);
	else
		*ret_lock = lock;
	return rc;
}

int mproc_remote_lock_acquire(mproc_remote_lock *lock, mproc_deadline deadline)
{
	return mproci_remote_lease_acquire(lease_of(lock), deadline);
}

int mproc_remote_lock_release(mproc_remote_lock *lock, mproc_deadline deadline)
{
	return mproci_remote_lease_release(lease_of(lock), deadline);
}

int mproc_remote_lock_extend(mproc_remote_lock *lock, mproc_deadline deadline)
{
	return mproci_remote_lease_extend(lease_of(lock), deadline);
}

int64_t mproc_remote_lock_token(const mproc_remote_lock *lock)
{
	return mproci_remote_lease_token(lock == NULL ? NULL : &lock->lease);
}

double mproc_remote_lock_remaining(const mproc_remote_lock *lock)
{
	return mproci_remote_lease_remaining(lock == NULL ? NULL : &lock->lease);
}

mproc_remote_lock *mproc_remote_lock_close(mproc_remote_lock *lock)
{
	if (lock != NULL)
		mproci_remote_lease_close(&lock->lease);
	free(lock);
	return NULL;
}
