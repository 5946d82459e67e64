/* SPDX-License-Identifier: MIT */
#include "remote/object.h"

#include "base/error.h"
#include "remote/part.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What Redis takes, unless it is configured to take more or less. */
static const size_t largest_argument = 512 << 20;

int mproci_object_begin(const mproc_remote *remote, const char *name, const char *command, bool is_repeatable,
	mproci_request *request)
{
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	mproci_request_begin(request, command, is_repeatable);
	mproci_request_add_text(request, name);
	return 0;
}

int mproci_object_begin_function(const mproc_remote *remote, const char *name, const char *function,
	bool is_repeatable, mproci_request *request)
{
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	mproci_request_begin_function(request, function, 1, is_repeatable);
	mproci_request_add_text(request, name);
	return 0;
}

int mproci_object_add(mproci_request *request, const char *what, const void *bytes, size_t size)
{
	if (bytes == NULL && size > 0)
		return mproci_fail(-EINVAL, "%s is NULL, but its size is %zu", what, size);
	if (size > largest_argument)
		return mproci_fail(
			-EMSGSIZE, "%s: %zu bytes, a server takes at most %zu", what, size, largest_argument);
	mproci_request_add(request, size == 0 ? "" : bytes, size);
	return 0;
}

int mproci_object_begin_with(const mproc_remote *remote, const char *name, const char *command,
	bool is_repeatable, const char *what, const void *bytes, size_t size, mproci_request *request)
{
	int rc;

	rc = mproci_object_begin(remote, name, command, is_repeatable, request);
	return rc < 0 ? rc : mproci_object_add(request, what, bytes, size);
}

int mproci_object_check_buffer(const void *buffer, size_t size)
{
	return buffer != NULL || size == 0 ? 0
					   : mproci_fail(-EINVAL, "buffer is NULL, but has %zu bytes", size);
}

int mproci_object_copy(const redisReply *reply, void **ret_value, size_t *ret_size)
{
	size_t size = reply->len;
	char *copy;

	copy = malloc(size + 1);
	if (copy == NULL)
		return mproci_fail(-ENOMEM, "this process has no memory for %zu bytes", size);
	memcpy(copy, reply->str, size);
	copy[size] = 0;
	*ret_value = copy;
	if (ret_size != NULL)
		*ret_size = size;
	return 0;
}

int mproci_object_ask_copy(mproc_remote *remote, const mproci_request *request, mproc_deadline deadline,
	void **ret_value, size_t *ret_size)
{
	redisReply *reply;
	int rc;

	if (ret_value == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	rc = mproci_remote_ask_bytes(remote, request, deadline, &reply);
	if (rc < 0)
		return rc;
	rc = mproci_object_copy(reply, ret_value, ret_size);
	freeReplyObject(reply);
	return rc;
}

int mproci_object_begin_fenced(const mproc_remote *remote, const char *name, const char *function,
	int64_t token, mproci_request *request, char **ret_fence)
{
	char *fence;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	if (token <= 0)
		return mproci_fail(-EINVAL, "token %lld: those of locks are more than 0", (long long)token);
	fence = mproci_part_name(name, "fence");
	if (fence == NULL)
		return mproci_fail(-ENOMEM, "this process has no memory for the name of a fence");
	/* Again with the same token is the same. */
	mproci_request_begin_function(request, function, 2, true);
	mproci_request_add_text(request, name);
	mproci_request_add_text(request, fence);
	mproci_request_add_integer(request, token);
	*ret_fence = fence;
	return 0;
}

int mproci_object_ask_fenced(
	mproc_remote *remote, const mproci_request *request, int64_t token, mproc_deadline deadline)
{
	int64_t newest;
	int rc;

	rc = mproci_remote_ask_integer(remote, request, deadline, &newest);
	if (rc < 0 || newest == 0)
		return rc;
	return mproci_fail(-ESTALE, "token %lld: somebody has written with the newer token %lld",
		(long long)token, (long long)newest);
}

void mproci_object_add_range(mproci_request *request, ssize_t first, ssize_t end)
{
	/* There the last of nothing would be -1, which is the last of all. */
	bool is_empty = end == 0 || end < -SSIZE_MAX;

	mproci_request_add_integer(request, is_empty ? 1 : first);
	mproci_request_add_integer(request, is_empty ? 0 : end - 1);
}

static bool is_popped(const redisReply *reply, size_t elements)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != elements)
		return false;
	for (size_t i = 0; i < elements; ++i) {
		if (reply->element[i]->type != REDIS_REPLY_STRING)
			return false;
	}
	return true;
}

int mproci_object_pop_patiently(mproc_remote *remote, const char *name, const char *command, size_t elements,
	mproc_deadline deadline, redisReply **ret_reply)
{
	mproci_request request;
	redisReply *reply;
	int rc;

	do {
		rc = mproci_object_begin(remote, name, command, false, &request);
		if (rc == 0)
			rc = mproci_remote_ask_patiently(remote, &request, deadline, &reply);
	} while (rc > 0);
	if (rc < 0)
		return rc;
	if (!is_popped(reply, elements))
		return mproci_remote_refuse_reply(remote, &request, reply);
	*ret_reply = reply;
	return 0;
}

ssize_t mproci_object_count(
	mproc_remote *remote, const char *name, const char *command, mproc_deadline deadline)
{
	mproci_request request;
	int64_t count;
	int rc;

	rc = mproci_object_begin(remote, name, command, true, &request);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &count);
	if (rc != 0)
		return rc;
	return count >= 0 ? (ssize_t)count
			  : mproci_fail(-EBADMSG, "%s: the server says that there are %lld", command,
				  (long long)count);
}

int mproci_object_clear(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin(remote, name, "DEL", true, &request);
	return rc < 0 ? rc : mproci_remote_tell(remote, &request, deadline);
}
