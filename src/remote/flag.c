/* SPDX-License-Identifier: MIT */
#include "remote/remote.h"

#include <errno.h>
#include <mproc/remote_value.h>

/* One function, so that who watches is told of changes in the order in which they were made. */
static int change(mproc_remote *remote, const char *name, const char *value, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	mproci_request_begin_function(&request, "mproc_flag_set", 1, true);
	mproci_request_add_text(&request, name);
	mproci_request_add_text(&request, value);
	return mproci_remote_tell(remote, &request, deadline);
}

int mproc_remote_flag_set(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return change(remote, name, "1", deadline);
}

int mproc_remote_flag_clear(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return change(remote, name, "0", deadline);
}

int mproc_remote_flag_get(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	mproci_request request;
	redisReply *reply;
	int is_set, rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	mproci_request_begin(&request, "GET", true);
	mproci_request_add_text(&request, name);
	rc = mproci_remote_ask_bytes(remote, &request, deadline, &reply);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	is_set = reply->len == 1 && reply->str[0] == '1';
	freeReplyObject(reply);
	return is_set;
}
