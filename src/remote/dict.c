/* SPDX-License-Identifier: MIT */
/*
 * A dict is a hash of the server.
 */
#include "remote/gather.h"
#include "remote/object.h"

#include "base/error.h"

#include <errno.h>
#include <mproc/remote_dict.h>
#include <stdlib.h>

static int begin(const mproc_remote *remote, const char *name, const char *command, bool is_repeatable,
	const void *key, size_t key_size, mproci_request *request)
{
	return mproci_object_begin_with(remote, name, command, is_repeatable, "key", key, key_size, request);
}

static int refuse_absent(int rc)
{
	return rc == -ENOENT ? mproci_answer(rc, "the key has no value") : rc;
}

int mproc_remote_dict_set(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	const void *value, size_t value_size, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = begin(remote, name, "HSET", true, key, key_size, &request);
	if (rc == 0)
		rc = mproci_object_add(&request, "value", value, value_size);
	return rc < 0 ? rc : mproci_remote_tell(remote, &request, deadline);
}

int mproc_remote_dict_set_if_absent(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	const void *value, size_t value_size, mproc_deadline deadline)
{
	mproci_request request;
	int64_t is_done;
	int rc;

	rc = begin(remote, name, "HSETNX", false, key, key_size, &request);
	if (rc == 0)
		rc = mproci_object_add(&request, "value", value, value_size);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &is_done);
	if (rc != 0)
		return rc;
	return is_done ? 0 : mproci_answer(-EEXIST, "the key has a value already");
}

int mproc_remote_dict_compare_and_set(mproc_remote *remote, const char *name, const void *key,
	size_t key_size, const void *expected, size_t expected_size, const void *value, size_t value_size,
	mproc_deadline deadline)
{
	mproci_request request;
	int64_t outcome;
	int rc;

	rc = mproci_object_begin_function(remote, name, "mproc_dict_compare_and_set", false, &request);
	if (rc == 0)
		rc = mproci_object_add(&request, "key", key, key_size);
	if (rc == 0)
		rc = mproci_object_add(&request, "expected", expected, expected_size);
	if (rc == 0)
		rc = mproci_object_add(&request, "value", value, value_size);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &outcome);
	if (rc != 0)
		return rc;
	if (outcome < 0)
		return refuse_absent(-ENOENT);
	return outcome > 0
		       ? 0
		       : mproci_answer(-ESTALE, "the key has another value than the one that was expected");
}

int mproc_remote_dict_set_fenced(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	const void *value, size_t value_size, int64_t token, mproc_deadline deadline)
{
	mproci_request request;
	char *fence;
	int rc;

	rc = mproci_object_begin_fenced(remote, name, "mproc_dict_set_fenced", token, &request, &fence);
	if (rc < 0)
		return rc;
	rc = mproci_object_add(&request, "key", key, key_size);
	if (rc == 0)
		rc = mproci_object_add(&request, "value", value, value_size);
	if (rc == 0)
		rc = mproci_object_ask_fenced(remote, &request, token, deadline);
	free(fence);
	return rc;
}

int mproc_remote_dict_add(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	int64_t number, mproc_deadline deadline, int64_t *ret_sum)
{
	mproci_request request;
	int64_t sum;
	int rc;

	rc = begin(remote, name, "HINCRBY", false, key, key_size, &request);
	if (rc < 0)
		return rc;
	mproci_request_add_integer(&request, number);
	rc = mproci_remote_ask_integer(remote, &request, deadline, &sum);
	if (rc == 0 && ret_sum != NULL)
		*ret_sum = sum;
	return rc;
}

int mproc_remote_dict_get(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	void *buffer, size_t size, mproc_deadline deadline, size_t *ret_size)
{
	mproci_request request;
	redisReply *reply;
	int rc;

	rc = begin(remote, name, "HGET", true, key, key_size, &request);
	if (rc == 0)
		rc = mproci_object_check_buffer(buffer, size);
	if (rc == 0)
		rc = refuse_absent(mproci_remote_ask_bytes(remote, &request, deadline, &reply));
	if (rc != 0)
		return rc;
	rc = mproci_remote_copy_out(reply, buffer, size, ret_size);
	freeReplyObject(reply);
	return rc;
}

int mproc_remote_dict_get_copy(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	mproc_deadline deadline, void **ret_value, size_t *ret_size)
{
	mproci_request request;
	int rc;

	rc = begin(remote, name, "HGET", true, key, key_size, &request);
	if (rc < 0)
		return rc;
	return refuse_absent(mproci_object_ask_copy(remote, &request, deadline, ret_value, ret_size));
}

int mproc_remote_dict_has(
	mproc_remote *remote, const char *name, const void *key, size_t key_size, mproc_deadline deadline)
{
	mproci_request request;
	int64_t is_there;
	int rc;

	rc = begin(remote, name, "HEXISTS", true, key, key_size, &request);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &is_there);
	return rc < 0 ? rc : is_there != 0;
}

int mproc_remote_dict_pop(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	mproc_deadline deadline, void **ret_value, size_t *ret_size)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin_function(remote, name, "mproc_dict_pop", false, &request);
	if (rc == 0)
		rc = mproci_object_add(&request, "key", key, key_size);
	if (rc < 0)
		return rc;
	return refuse_absent(mproci_object_ask_copy(remote, &request, deadline, ret_value, ret_size));
}

int mproc_remote_dict_delete(
	mproc_remote *remote, const char *name, const void *key, size_t key_size, mproc_deadline deadline)
{
	mproci_request request;
	int64_t count;
	int rc;

	rc = begin(remote, name, "HDEL", false, key, key_size, &request);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &count);
	if (rc != 0)
		return rc;
	return count > 0 ? 0 : refuse_absent(-ENOENT);
}

ssize_t mproc_remote_dict_count(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_count(remote, name, "HLEN", deadline);
}

int mproc_remote_dict_clear(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_clear(remote, name, deadline);
}

int mproc_remote_dict_snapshot(
	mproc_remote *remote, const char *name, mproc_deadline deadline, mproc_snapshot **ret_snapshot)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin(remote, name, "HGETALL", true, &request);
	if (rc < 0)
		return rc;
	return mproci_remote_gather(remote, &request, MPROCI_GATHER_PAIRS, deadline, ret_snapshot);
}
