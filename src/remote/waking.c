/* SPDX-License-Identifier: MIT */
#include "remote/waking.h"

#include "base/deadline.h"
#include "sys/clock.h"

#include <errno.h>

int mproci_waking_wait(mproc_remote *remote, const char *list, mproc_deadline until, mproc_deadline deadline)
{
	mproci_request request;
	redisReply *reply = NULL;
	int rc;

	if (mproci_deadline_passed(deadline, mproci_clock_now()))
		return -ETIMEDOUT;
	/* An item that is lost with a connection is none to rely on. */
	mproci_request_begin(&request, "BLPOP", true);
	mproci_request_add_text(&request, list);
	rc = mproci_remote_ask_patiently(remote, &request, mproci_deadline_earlier(until, deadline), &reply);
	if (rc == 0)
		freeReplyObject(reply);
	if (rc != -ETIMEDOUT)
		return rc < 0 ? rc : 0;
	return mproci_deadline_passed(deadline, mproci_clock_now()) ? -ETIMEDOUT : 0;
}
