/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "remote/remote.h"

#include <errno.h>
#include <inttypes.h>
#include <mproc/remote_value.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check(const mproc_remote *remote, const char *name, const void *value, size_t size)
{
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc == 0 && value == NULL && size > 0)
		rc = mproci_fail(-EINVAL, "value is NULL, but has %zu bytes", size);
	return rc;
}

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

	rc = check(remote, name, value, size);
	if (rc < 0)
		return rc;
	mproci_request_begin(&request, "SET", true);
	mproci_request_add_text(&request, name);
	mproci_request_add(&request, value, size);
	return mproci_remote_tell(remote, &request, deadline);
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
	if (buffer == NULL && size > 0)
		return mproci_fail(-EINVAL, "buffer is NULL, but has %zu bytes", size);
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

	rc = check(remote, name, value, size);
	if (rc < 0)
		return rc;
	mproci_request_begin(&request, "SET", false);
	mproci_request_add_text(&request, name);
	mproci_request_add(&request, value, size);
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

	rc = check(remote, name, value, size);
	if (rc == 0)
		rc = check(remote, name, expected, expected_size);
	if (rc < 0)
		return rc;
	mproci_request_begin_function(&request, "mproc_compare_and_set", 1, false);
	mproci_request_add_text(&request, name);
	mproci_request_add(&request, expected, expected_size);
	mproci_request_add(&request, value, size);
	return compare(remote, &request, name, deadline);
}

int mproc_remote_value_compare_and_delete(
	mproc_remote *remote, const char *name, const void *expected, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = check(remote, name, expected, size);
	if (rc < 0)
		return rc;
	mproci_request_begin_function(&request, "mproc_compare_and_delete", 1, false);
	mproci_request_add_text(&request, name);
	mproci_request_add(&request, expected, size);
	return compare(remote, &request, name, deadline);
}

int mproc_remote_value_exchange(mproc_remote *remote, const char *name, const void *value, size_t size,
	mproc_deadline deadline, void **ret_old, size_t *ret_old_size)
{
	mproci_request request;
	redisReply *reply;
	int rc;

	rc = check(remote, name, value, size);
	if (rc < 0)
		return rc;
	if (ret_old == NULL)
		return mproci_fail(-EINVAL, "ret_old is NULL");
	mproci_request_begin(&request, "GETSET", false);
	mproci_request_add_text(&request, name);
	mproci_request_add(&request, value, size);
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

/* The name beside it that has the newest token: in one slot of a cluster with it. */
static char *fence_of(const char *name)
{
	const size_t size = strlen(name) + sizeof "{}:fence";
	char *fence = malloc(size);

	if (fence != NULL)
		snprintf(fence, size, "{%s}:fence", name);
	return fence;
}

int mproc_remote_value_set_fenced(mproc_remote *remote, const char *name, int64_t token, const void *value,
	size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int64_t newest;
	char *fence;
	int rc;

	rc = check(remote, name, value, size);
	if (rc == 0 && token < 1)
		rc = mproci_fail(-EINVAL, "token %" PRId64 ": 1 and more are possible", token);
	if (rc < 0)
		return rc;
	fence = fence_of(name);
	if (fence == NULL)
		return mproci_fail(-ENOMEM, "no memory for a name");
	mproci_request_begin_function(&request, "mproc_set_fenced", 2, true);
	mproci_request_add_text(&request, name);
	mproci_request_add_text(&request, fence);
	mproci_request_add_integer(&request, token);
	mproci_request_add(&request, value, size);
	rc = mproci_remote_ask_integer(remote, &request, deadline, &newest);
	free(fence);
	if (rc < 0 || newest == 0)
		return rc;
	return mproci_fail(-ESTALE, "\"%.120s\" has a value of token %" PRId64 ", newer than %" PRId64, name,
		newest, token);
}
