/* SPDX-License-Identifier: MIT */
/*
 * A list is a list of the server.
 */
#include "remote/gather.h"
#include "remote/object.h"

#include "base/error.h"

#include <errno.h>
#include <mproc/remote_list.h>
#include <stdlib.h>

static int refuse_position(int rc, ssize_t position)
{
	return rc == -ENOENT ? mproci_fail(-ERANGE, "list: no item at position %zd", position) : rc;
}

static int push(mproc_remote *remote, const char *name, const char *command, const void *item, size_t size,
	mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin_with(remote, name, command, false, "item", item, size, &request);
	return rc < 0 ? rc : mproci_remote_tell(remote, &request, deadline);
}

int mproc_remote_list_append(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline)
{
	return push(remote, name, "RPUSH", item, size, deadline);
}

int mproc_remote_list_prepend(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline)
{
	return push(remote, name, "LPUSH", item, size, deadline);
}

int mproc_remote_list_insert(mproc_remote *remote, const char *name, ssize_t position, const void *item,
	size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int64_t is_done;
	int rc;

	rc = mproci_object_begin_function(remote, name, "mproc_list_insert", false, &request);
	if (rc < 0)
		return rc;
	mproci_request_add_integer(&request, position);
	rc = mproci_object_add(&request, "item", item, size);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &is_done);
	if (rc != 0)
		return rc;
	return is_done ? 0 : refuse_position(-ENOENT, position);
}

int mproc_remote_list_set(mproc_remote *remote, const char *name, ssize_t position, const void *item,
	size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin(remote, name, "LSET", true, &request);
	if (rc < 0)
		return rc;
	mproci_request_add_integer(&request, position);
	rc = mproci_object_add(&request, "item", item, size);
	if (rc == 0)
		rc = mproci_remote_tell(remote, &request, deadline);
	/* What a server says of a list that is not there, and of a position that is not. */
	return rc == -ENOENT || rc == -ERANGE ? refuse_position(-ENOENT, position) : rc;
}

static int begin_get(const mproc_remote *remote, const char *name, ssize_t position, mproci_request *request)
{
	int rc;

	rc = mproci_object_begin(remote, name, "LINDEX", true, request);
	if (rc == 0)
		mproci_request_add_integer(request, position);
	return rc;
}

int mproc_remote_list_get(mproc_remote *remote, const char *name, ssize_t position, void *buffer, size_t size,
	mproc_deadline deadline, size_t *ret_size)
{
	mproci_request request;
	redisReply *reply;
	int rc;

	rc = begin_get(remote, name, position, &request);
	if (rc == 0)
		rc = mproci_object_check_buffer(buffer, size);
	if (rc == 0)
		rc = refuse_position(mproci_remote_ask_bytes(remote, &request, deadline, &reply), position);
	if (rc != 0)
		return rc;
	rc = mproci_remote_copy_out(reply, buffer, size, ret_size);
	freeReplyObject(reply);
	return rc;
}

int mproc_remote_list_get_copy(mproc_remote *remote, const char *name, ssize_t position,
	mproc_deadline deadline, void **ret_item, size_t *ret_size)
{
	mproci_request request;
	int rc;

	rc = begin_get(remote, name, position, &request);
	if (rc == 0)
		rc = mproci_object_ask_copy(remote, &request, deadline, ret_item, ret_size);
	return refuse_position(rc, position);
}

/* The ends have commands of their own, which need no function. */
static int begin_pop(const mproc_remote *remote, const char *name, ssize_t position, mproci_request *request)
{
	int rc;

	if (position == 0 || position == -1)
		return mproci_object_begin(remote, name, position == 0 ? "LPOP" : "RPOP", false, request);
	rc = mproci_object_begin_function(remote, name, "mproc_list_pop", false, request);
	if (rc == 0)
		mproci_request_add_integer(request, position);
	return rc;
}

int mproc_remote_list_pop(mproc_remote *remote, const char *name, ssize_t position, mproc_deadline deadline,
	void **ret_item, size_t *ret_size)
{
	mproci_request request;
	int rc;

	rc = begin_pop(remote, name, position, &request);
	if (rc == 0)
		rc = mproci_object_ask_copy(remote, &request, deadline, ret_item, ret_size);
	return refuse_position(rc, position);
}

int mproc_remote_list_delete(
	mproc_remote *remote, const char *name, ssize_t position, mproc_deadline deadline)
{
	mproci_request request;
	redisReply *reply;
	int rc;

	rc = begin_pop(remote, name, position, &request);
	if (rc == 0)
		rc = mproci_remote_ask_bytes(remote, &request, deadline, &reply);
	if (rc != 0)
		return refuse_position(rc, position);
	freeReplyObject(reply);
	return 0;
}

static int pop_patiently(mproc_remote *remote, const char *name, const char *command, mproc_deadline deadline,
	void **ret_item, size_t *ret_size)
{
	redisReply *reply;
	int rc;

	if (ret_item == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	rc = mproci_object_pop_patiently(remote, name, command, 2, deadline, &reply);
	if (rc < 0)
		return rc;
	rc = mproci_object_copy(reply->element[1], ret_item, ret_size);
	freeReplyObject(reply);
	return rc;
}

int mproc_remote_list_pop_first(
	mproc_remote *remote, const char *name, mproc_deadline deadline, void **ret_item, size_t *ret_size)
{
	return pop_patiently(remote, name, "BLPOP", deadline, ret_item, ret_size);
}

int mproc_remote_list_pop_last(
	mproc_remote *remote, const char *name, mproc_deadline deadline, void **ret_item, size_t *ret_size)
{
	return pop_patiently(remote, name, "BRPOP", deadline, ret_item, ret_size);
}

ssize_t mproc_remote_list_count(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_count(remote, name, "LLEN", deadline);
}

int mproc_remote_list_clear(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_clear(remote, name, deadline);
}

int mproc_remote_list_slice(mproc_remote *remote, const char *name, ssize_t first, ssize_t end,
	mproc_deadline deadline, mproc_snapshot **ret_snapshot)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin(remote, name, "LRANGE", true, &request);
	if (rc < 0)
		return rc;
	mproci_object_add_range(&request, first, end);
	return mproci_remote_gather(remote, &request, MPROCI_GATHER_VALUES, deadline, ret_snapshot);
}
