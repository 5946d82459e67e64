/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/options.h"
#include "channel/connection.h"
#include "sys/descriptor.h"
#include "sys/socket.h"

#include <errno.h>

static int check(
	const mproc_pipe_options *options, mproc_connection **ret_first, mproc_connection **ret_second)
{
	int rc;

	if (ret_first == NULL || ret_second == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", ret_first == NULL ? "ret_first" : "ret_second");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	return rc < 0 ? rc : mproci_connection_check_max_message(options->max_message);
}

static int make_ends(const mproc_pipe_options *options, int sockets[2], mproc_connection *ret_ends[2])
{
	static const mproci_direction one_way[] = {MPROCI_RECEIVES, MPROCI_SENDS};
	int rc;

	rc = mproci_socket_pair(options->one_way, sockets);
	for (int i = 0; i < 2 && rc == 0; ++i) {
		rc = mproci_connection_create(sockets[i], options->max_message,
			options->one_way ? one_way[i] : MPROCI_BOTH_WAYS, &ret_ends[i]);
		if (rc == 0)
			sockets[i] = -1;
	}
	return rc;
}

int mproc_pipe(const mproc_pipe_options *options, mproc_connection **ret_first, mproc_connection **ret_second)
{
	static const mproc_pipe_options defaults;
	mproc_connection *ends[2] = {NULL, NULL};
	int sockets[2] = {-1, -1}, rc;

	if (options == NULL)
		options = &defaults;
	rc = check(options, ret_first, ret_second);
	if (rc == 0)
		rc = make_ends(options, sockets, ends);
	if (rc < 0)
		goto fail;
	*ret_first = ends[0];
	*ret_second = ends[1];
	return 0;
fail:
	for (int i = 0; i < 2; ++i) {
		mproc_connection_close(ends[i]);
		mproci_close(sockets[i]);
	}
	return rc;
}
