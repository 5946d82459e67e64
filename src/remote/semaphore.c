/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/options.h"
#include "remote/lease.h"

#include <errno.h>
#include <mproc/remote_semaphore.h>
#include <stdlib.h>

struct mproc_remote_semaphore {
	mproci_remote_lease permit;
};

static const mproci_remote_lease_kind kind = {
	.noun = "semaphore",
	.refusal = "still no permit at the deadline",
	.acquire = "mproc_semaphore_acquire",
	.release = "mproc_semaphore_release",
	.extend = "mproc_semaphore_extend",
};

static mproci_remote_lease *permit_of(mproc_remote_semaphore *semaphore)
{
	return semaphore == NULL ? NULL : &semaphore->permit;
}

int mproc_remote_semaphore_open(mproc_remote *remote, const char *name,
	const mproc_remote_semaphore_options *options, mproc_remote_semaphore **ret_semaphore)
{
	static const mproc_remote_semaphore_options defaults;
	mproc_remote_semaphore *semaphore;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_semaphore == NULL)
		return mproci_fail(-EINVAL, "ret_semaphore is NULL");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc < 0)
		return rc;
	semaphore = malloc(sizeof *semaphore);
	if (semaphore == NULL)
		return mproci_fail(-ENOMEM, "no memory for a remote semaphore");
	rc = mproci_remote_lease_open(&semaphore->permit, &kind, remote, name, options->lease);
	if (rc < 0) {
		free(semaphore);
		return rc;
	}
	semaphore->permit.permits = options->permits == 0 ? 1 : options->permits;
	*ret_semaphore = semaphore;
	return 0;
}

int mproc_remote_semaphore_acquire(mproc_remote_semaphore *semaphore, mproc_deadline deadline)
{
	return mproci_remote_lease_acquire(permit_of(semaphore), deadline);
}

int mproc_remote_semaphore_release(mproc_remote_semaphore *semaphore, mproc_deadline deadline)
{
	return mproci_remote_lease_release(permit_of(semaphore), deadline);
}

int mproc_remote_semaphore_extend(mproc_remote_semaphore *semaphore, mproc_deadline deadline)
{
	return mproci_remote_lease_extend(permit_of(semaphore), deadline);
}

double mproc_remote_semaphore_remaining(const mproc_remote_semaphore *semaphore)
{
	return mproci_remote_lease_remaining(semaphore == NULL ? NULL : &semaphore->permit);
}

mproc_remote_semaphore *mproc_remote_semaphore_close(mproc_remote_semaphore *semaphore)
{
	if (semaphore != NULL)
		mproci_remote_lease_close(&semaphore->permit);
	free(semaphore);
	return NULL;
}
