/* SPDX-License-Identifier: MIT */
/*
 * What can be done with a name, whatever it is the name of; and channels.
 */
#include "base/error.h"
#include "remote/object.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

static const double MOST_SECONDS = 9e9;

/* Ask about a name where the answer is a number. */
static int ask_number(mproc_remote *remote, const char *command, const char *name, bool is_repeatable,
	mproc_deadline deadline, int64_t *ret_number)
{
	mproci_request request;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	mproci_request_begin(&request, command, is_repeatable);
	mproci_request_add_text(&request, name);
	return mproci_remote_ask_integer(remote, &request, deadline, ret_number);
}

static int fail_absent(const char *name)
{
	return mproci_fail(-ENOENT, "there is nothing of the name \"%.150s\"", name);
}

int mproc_remote_delete(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	int64_t count;
	int rc;

	rc = ask_number(remote, "DEL", name, true, deadline, &count);
	if (rc < 0)
		return rc;
	return count == 0 ? fail_absent(name) : 0;
}

int mproc_remote_exists(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	int64_t count;
	int rc;

	rc = ask_number(remote, "EXISTS", name, true, deadline, &count);
	return rc < 0 ? rc : count != 0;
}

/* Asked twice it counts from the second time, which is soon after the first. */
static int expire(mproc_remote *remote, const char *name, double seconds, mproc_deadline deadline)
{
	mproci_request request;
	int64_t is_there;
	int rc;

	mproci_request_begin(&request, "PEXPIRE", true);
	mproci_request_add_text(&request, name);
	mproci_request_add_integer(&request, (int64_t)ceil(seconds * 1000));
	rc = mproci_remote_ask_integer(remote, &request, deadline, &is_there);
	if (rc < 0)
		return rc;
	return is_there ? 0 : fail_absent(name);
}

int mproc_remote_expire(mproc_remote *remote, const char *name, double seconds, mproc_deadline deadline)
{
	int64_t was_said;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	if (!(seconds > 0) || (seconds > MOST_SECONDS && !isinf(seconds)))
		return mproci_fail(-EINVAL, "seconds %g: more than 0, up to %g, and INFINITY are possible",
			seconds, MOST_SECONDS);
	if (!isinf(seconds))
		return expire(remote, name, seconds, deadline);
	rc = ask_number(remote, "PERSIST", name, true, deadline, &was_said);
	if (rc < 0 || was_said)
		return rc;
	rc = mproc_remote_exists(remote, name, deadline);
	return rc == 0 ? fail_absent(name) : (rc < 0 ? rc : 0);
}

int mproc_remote_expires_in(
	mproc_remote *remote, const char *name, mproc_deadline deadline, double *ret_seconds)
{
	const int64_t never = -1, absent = -2;
	int64_t milliseconds;
	int rc;

	rc = ask_number(remote, "PTTL", name, true, deadline, &milliseconds);
	if (rc < 0)
		return rc;
	if (ret_seconds == NULL)
		return mproci_fail(-EINVAL, "ret_seconds is NULL");
	if (milliseconds == absent)
		return fail_absent(name);
	if (milliseconds < never)
		return mproci_fail(-EBADMSG, "PTTL: the server answers with %" PRId64, milliseconds);
	*ret_seconds = milliseconds == never ? (double)INFINITY : (double)milliseconds / 1000;
	return 0;
}

int mproc_remote_publish(mproc_remote *remote, const char *channel, const void *message, size_t size,
	mproc_deadline deadline, unsigned *ret_count)
{
	mproci_request request;
	int64_t count;
	int rc;

	rc = mproci_object_begin_with(remote, channel, "PUBLISH", false, "message", message, size, &request);
	if (rc < 0)
		return rc;
	rc = mproci_remote_ask_integer(remote, &request, deadline, &count);
	if (rc == 0 && ret_count != NULL)
		*ret_count = (unsigned)count;
	return rc;
}
