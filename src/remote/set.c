/* SPDX-License-Identifier: MIT */
/*
 * A set is a set of the server.
 */
#include "remote/gather.h"
#include "remote/object.h"

#include "base/error.h"

#include <errno.h>
#include <mproc/remote_set.h>

/* Ask something about @item that is answered by 1 or 0. */
static int ask(mproc_remote *remote, const char *name, const char *command, bool is_repeatable,
	const void *item, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int64_t number;
	int rc;

	rc = mproci_object_begin_with(remote, name, command, is_repeatable, "item", item, size, &request);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &number);
	return rc < 0 ? rc : number != 0;
}

int mproc_remote_set_add(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline)
{
	int rc;

	rc = ask(remote, name, "SADD", false, item, size, deadline);
	if (rc < 0)
		return rc;
	return rc > 0 ? 0 : mproci_answer(-EEXIST, "it is in the set already");
}

int mproc_remote_set_has(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline)
{
	return ask(remote, name, "SISMEMBER", true, item, size, deadline);
}

int mproc_remote_set_remove(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline)
{
	int rc;

	rc = ask(remote, name, "SREM", false, item, size, deadline);
	if (rc < 0)
		return rc;
	return rc > 0 ? 0 : mproci_answer(-ENOENT, "it is not in the set");
}

ssize_t mproc_remote_set_count(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_count(remote, name, "SCARD", deadline);
}

int mproc_remote_set_clear(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_clear(remote, name, deadline);
}

int mproc_remote_set_snapshot(
	mproc_remote *remote, const char *name, mproc_deadline deadline, mproc_snapshot **ret_snapshot)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin(remote, name, "SMEMBERS", true, &request);
	if (rc < 0)
		return rc;
	return mproci_remote_gather(remote, &request, MPROCI_GATHER_KEYS, deadline, ret_snapshot);
}
