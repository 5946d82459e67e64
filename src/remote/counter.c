/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "remote/remote.h"

#include <errno.h>
#include <mproc/remote_value.h>

int mproc_remote_counter_add(
	mproc_remote *remote, const char *name, int64_t number, mproc_deadline deadline, int64_t *ret_sum)
{
	mproci_request request;
	int64_t sum;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	mproci_request_begin(&request, "INCRBY", false);
	mproci_request_add_text(&request, name);
	mproci_request_add_integer(&request, number);
	rc = mproci_remote_ask_integer(remote, &request, deadline, &sum);
	if (rc == 0 && ret_sum != NULL)
		*ret_sum = sum;
	return rc;
}

/* Decimal digits, as the server writes them.  Returns whether they are a number, and fit. */
static bool read_number(const redisReply *reply, int64_t *ret_number)
{
	const bool is_negative = reply->len > 0 && reply->str[0] == '-';
	size_t i = is_negative ? 1 : 0;
	int64_t number = 0;

	if (i == reply->len)
		return false;
	for (; i < reply->len; ++i) {
		const int digit = reply->str[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number)
			|| __builtin_add_overflow(number, is_negative ? -digit : digit, &number))
			return false;
	}
	*ret_number = number;
	return true;
}

int mproc_remote_counter_get(
	mproc_remote *remote, const char *name, mproc_deadline deadline, int64_t *ret_number)
{
	mproci_request request;
	redisReply *reply;
	int64_t number = 0;
	bool is_number;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	if (ret_number == NULL)
		return mproci_fail(-EINVAL, "ret_number is NULL");
	mproci_request_begin(&request, "GET", true);
	mproci_request_add_text(&request, name);
	rc = mproci_remote_ask_bytes(remote, &request, deadline, &reply);
	if (rc == 0) {
		is_number = read_number(reply, &number);
		freeReplyObject(reply);
		if (!is_number)
			return mproci_fail(-EINVAL, "\"%.150s\" has a value that is no number", name);
	} else if (rc != -ENOENT) {
		return rc;
	}
	*ret_number = number;
	return 0;
}

int mproc_remote_counter_set(mproc_remote *remote, const char *name, int64_t number, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	mproci_request_begin(&request, "SET", true);
	mproci_request_add_text(&request, name);
	mproci_request_add_integer(&request, number);
	return mproci_remote_tell(remote, &request, deadline);
}
