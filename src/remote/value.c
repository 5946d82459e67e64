/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "remote/object.h"

#include <errno.h>
#include <mproc/remote_value.h>
#include <stdlib.h>
#include <string.h>

static int fail_absent(const char *name)
{
	mproci_fail(-ENOENT, "there is no value of the name \"%.150s\"", name);
	return -ENOENT;
}

int mproc_remote_value_set(
	mproc_remote *remote, const char *name, const void *value, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin_with(remote, name, "SET", true, "value", value, size, &request);
	return rc < 0 ? rc : mproci_remote_tell(remote, &request, deadline);
}

/* Returns 0 and a reply that is bytes; a negative errno with an error text. */
static int fetch(mproc_remote *remote, const char *name, mproc_deadline deadline, redisReply **ret_reply)
{
	mproci_request request;
	int rc;

	mproci_request_begin(&request, "GET", true);
	mproci_request_add_text(&request, name);
	rc = mproci_remote_ask_bytes(remote, &request, deadline, ret_reply);
	return rc == -ENOENT ? fail_absent(name) : rc;
}

int mproc_remote_value_get(mproc_remote *remote, const char *name, void *buffer, size_t size,
	mproc_deadline deadline, size_t *ret_size)
{
	redisReply *reply;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	rc = mproci_object_check_buffer(buffer, size);
	if (rc < 0)
		return rc;
	rc = fetch(remote, name, deadline, &reply);
	if (rc < 0)
		return rc;
	rc = mproci_remote_copy_out(reply, buffer, size, ret_size);
	freeReplyObject(reply);
	return rc;
}

/* Take the bytes out of a reply, which is freed. */
static void take_bytes(redisReply *reply, void **ret_bytes, size_t *ret_size)
{
	*ret_bytes = reply->str;
	if (ret_size != NULL)
		*ret_size = reply->len;
	reply->str = NULL;
	freeReplyObject(reply);
}

int mproc_remote_value_get_copy(
	mproc_remote *remote, const char *name, mproc_deadline deadline, void **ret_value, size_t *ret_size)
{
	redisReply *reply;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	if (ret_value == NULL)
		return mproci_fail(-EINVAL, "ret_value is NULL");
	rc = fetch(remote, name, deadline, &reply);
	if (rc < 0)
		return rc;
	take_bytes(reply, ret_value, ret_size);
	return 0;
}

int mproc_remote_value_set_if_absent(
	mproc_remote *remote, const char *name, const void *value, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	redisReply *reply;
	bool is_done;
	int rc;

	rc = mproci_object_begin_with(remote, name, "SET", false, "value", value, size, &request);
	if (rc < 0)
		return rc;
	mproci_request_add_text(&request, "NX");
	rc = mproci_remote_ask(remote, &request, deadline, &reply);
	if (rc < 0)
		return rc;
	is_done = reply->type != REDIS_REPLY_NIL;
	freeReplyObject(reply);
	return is_done ? 0 : mproci_fail(-EEXIST, "\"%.150s\" has a value already", name);
}

/* Call a function that answers 1: done, 0: it has another value, -1: it has none. */
static int compare(
	mproc_remote *remote, const mproci_request *request, const char *name, mproc_deadline deadline)
{
	int64_t answer;
	int rc;

	rc = mproci_remote_ask_integer(remote, request, deadline, &answer);
	if (rc < 0)
		return rc;
	if (answer < 0)
		return fail_absent(name);
	return answer > 0 ? 0 : mproci_fail(-ESTALE, "\"%.150s\" has another value than was expected", name);
}

int mproc_remote_value_compare_and_set(mproc_remote *remote, const char *name, const void *expected,
	size_t expected_size, const void *value, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin_function(remote, name, "mproc_compare_and_set", false, &request);
	if (rc == 0)
		rc = mproci_object_add(&request, "expected", expected, expected_size);
	if (rc == 0)
		rc = mproci_object_add(&request, "value", value, size);
	return rc < 0 ? rc : compare(remote, &request, name, deadline);
}

int mproc_remote_value_compare_and_delete(
	mproc_remote *remote, const char *name, const void *expected, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin_function(remote, name, "mproc_compare_and_delete", false, &request);
	if (rc == 0)
		rc = mproci_object_add(&request, "expected", expected, size);
	return rc < 0 ? rc : compare(remote, &request, name, deadline);
}

int mproc_remote_value_exchange(mproc_remote *remote, const char *name, const void *value, size_t size,
	mproc_deadline deadline, void **ret_old, size_t *ret_old_size)
{
	mproci_request request;
	redisReply *reply;
	int rc;

	rc = mproci_object_begin_with(remote, name, "GETSET", false, "value", value, size, &request);
	if (rc < 0)
		return rc;
	if (ret_old == NULL)
		return mproci_fail(-EINVAL, "ret_old is NULL");
	rc = mproci_remote_ask_bytes(remote, &request, deadline, &reply);
	if (rc == 0) {
		take_bytes(reply, ret_old, ret_old_size);
	} else if (rc == -ENOENT) {
		*ret_old = NULL;
		if (ret_old_size != NULL)
			*ret_old_size = 0;
	}
	return rc == -ENOENT ? 0 : rc;
}

int mproc_remote_value_set_fenced(mproc_remote *remote, const char *name, const void *value, size_t size,
	int64_t token, mproc_deadline deadline)
{
	mproci_request request;
	char *fence;
	int rc;

	rc = mproci_object_begin_fenced(remote, name, "mproc_set_fenced", token, &request, &fence);
	if (rc < 0)
		return rc;
	rc = mproci_object_add(&request, "value", value, size);
	if (rc == 0)
		rc = mproci_object_ask_fenced(remote, &request, token, deadline);
	free(fence);
	return rc;
}
