/* SPDX-License-Identifier: MIT */
/*
 * remote/object.h - what the calls of all remote objects have in common: a request about what is under a name.
 */
#ifndef REMOTE_OBJECT_H
#define REMOTE_OBJECT_H

#include "remote/remote.h"

/*
 * Check @remote and @name, and begin a request: a command, or a function with the name as its only key.  Returns 0, or -EINVAL with
 * an error text.
 */
int mproci_object_begin(const mproc_remote *remote, const char *name, const char *command, bool is_repeatable,
	mproci_request *request);
int mproci_object_begin_function(const mproc_remote *remote, const char *name, const char *function,
	bool is_repeatable, mproci_request *request);

/*
 * Add an argument that a program has given.  Returns 0; with an error text that calls it @what, -EINVAL: it is NULL, but @size is not 0;
 * -EMSGSIZE: it is more than any server takes.
 */
int mproci_object_add(mproci_request *request, const char *what, const void *bytes, size_t size);

/* The two in one, for what is mostly there: a key, an item, a member. */
int mproci_object_begin_with(const mproc_remote *remote, const char *name, const char *command,
	bool is_repeatable, const char *what, const void *bytes, size_t size, mproci_request *request);

/* Returns 0, or -EINVAL with an error text: there is no @buffer, but its @size is not 0. */
int mproci_object_check_buffer(const void *buffer, size_t size);

/*
 * Copy bytes as all get_copy and pop functions do: for free, and with a 0 behind them.  @ret_size may be NULL.  Returns 0, or
 * -ENOMEM with an error text.
 */
int mproci_object_copy(const redisReply *reply, void **ret_value, size_t *ret_size);

/*
 * Ask, and copy the bytes that come.  Returns 0; -ENOENT, without an error text: nothing is there; or another negative errno.
 */
int mproci_object_ask_copy(mproc_remote *remote, const mproci_request *request, mproc_deadline deadline,
	void **ret_value, size_t *ret_size);

/*
 * Begin a call of a function that lets nobody write whose token is older than the newest one seen, which is kept under the name of a fence.
 * That name is to be freed after the call.  Returns 0, or -EINVAL or -ENOMEM with an error text.
 */
int mproci_object_begin_fenced(const mproc_remote *remote, const char *name, const char *function,
	int64_t token, mproci_request *request, char **ret_fence);

/* Ask such a function.  Returns 0; -ESTALE with an error text: @token is too old; or another negative errno. */
int mproci_object_ask_fenced(
	mproc_remote *remote, const mproci_request *request, int64_t token, mproc_deadline deadline);

/* Add the positions from @first to the one before @end as Redis counts, for whom the last one is included. */
void mproci_object_add_range(mproci_request *request, ssize_t first, ssize_t end);

/*
 * Take something out with a command that waits (BLPOP) until there is something, or the deadline has come.  Returns 0 and an array
 * of @elements that are bytes, the name first; -ETIMEDOUT; or another negative errno.
 */
int mproci_object_pop_patiently(mproc_remote *remote, const char *name, const char *command, size_t elements,
	mproc_deadline deadline, redisReply **ret_reply);

/* Ask how many there are. */
ssize_t mproci_object_count(
	mproc_remote *remote, const char *name, const char *command, mproc_deadline deadline);

/* Delete all that is under a name. */
int mproci_object_clear(mproc_remote *remote, const char *name, mproc_deadline deadline);

#endif
