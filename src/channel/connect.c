/* SPDX-License-Identifier: MIT */
#include "base/deadline.h"
#include "base/error.h"
#include "base/options.h"
#include "channel/address.h"
#include "channel/connection.h"
#include "channel/introduction.h"
#include "sys/clock.h"
#include "sys/listening.h"
#include "sys/socket.h"

#include <errno.h>
#include <mproc/listener.h>
#include <mproc/result.h>
#include <stdio.h>

static int check(const mproc_connect_options *options, const char *text, mproci_address *ret_address)
{
	mproci_address address;
	int rc;

	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc == 0)
		rc = mproci_address_read(text, &address);
	if (rc == 0 && !address.is_path && address.port == 0)
		rc = mproci_fail(-EINVAL, "address \"%.100s\": port 0 is for listeners", text);
	if (rc == 0)
		rc = mproci_connection_check_max_message(options->max_message);
	if (rc == 0)
		rc = mproci_key_check(options->key, options->key_size);
	if (rc == 0)
		*ret_address = address;
	return rc;
}

static int fail_silent(bool is_answered)
{
	return mproci_fail(-ETIMEDOUT, is_answered ? "the listener has begun to answer, and keeps silent"
						   : "the listener has not accepted until the deadline");
}

/* Before the listener's first answer it may be busy with other things; from then on it has its 5 s. */
static int introduce(int socket, mproci_handshake *handshake, mproc_deadline deadline)
{
	bool is_answered = false;
	int rc;

	rc = mproci_introduction_send(handshake, socket);
	while (rc == 0) {
		if (mproci_socket_wait_for_data(socket, deadline) < 0)
			return fail_silent(is_answered);
		rc = mproci_introduction_go_on(handshake, socket);
		if (rc == -EAGAIN) {
			if (mproci_deadline_passed(deadline, mproci_clock_now()))
				return fail_silent(is_answered);
			rc = 0;
		} else if (!is_answered) {
			is_answered = true;
			deadline = mproci_deadline_earlier(
				deadline, mproci_clock_now() + MPROCI_INTRODUCTION_LIMIT);
		}
	}
	return rc < 0 ? rc : 0;
}

/*
 * Returns a socket at whose other side is who should be there; otherwise a negative errno with an error
 * text.
 */
static int meet(const mproci_address *address, mproci_handshake *handshake, mproc_deadline deadline)
{
	int socket, rc = 0;

	if (address->is_path)
		socket = mproci_connect_to_path(address->path, deadline);
	else
		socket = mproci_connect_to_host(address->host, address->port, deadline);
	if (socket < 0)
		return socket;
	if (address->is_path)
		rc = mproci_socket_check_peer(socket);
	else
		mproci_socket_keep_alive(socket);
	if (rc == 0)
		rc = introduce(socket, handshake, deadline);
	if (rc == 0)
		return socket;
	mproci_socket_hang_up(socket);
	return rc;
}

/* Say in front of the error text where it was. */
static int fail_at(const char *address, int rc)
{
	char text[MPROCI_ERROR_TEXT_SIZE];

	snprintf(text, sizeof text, "%s", mproc_error_text());
	return mproci_fail(rc, "\"%.120s\": %s", address, text);
}

int mproc_connect(const char *address, const mproc_connect_options *options, mproc_deadline deadline,
	mproc_connection **ret_connection)
{
	static const mproc_connect_options defaults;
	mproci_handshake handshake;
	mproci_address where;
	int socket, rc;

	if (options == NULL)
		options = &defaults;
	if (ret_connection == NULL)
		return mproci_fail(-EINVAL, "ret_connection is NULL");
	rc = check(options, address, &where);
	if (rc != 0)
		return rc;
	rc = mproci_introduction_begin(&handshake, MPROCI_SIDE_CLIENT, options->key, options->key_size);
	if (rc < 0)
		return rc;
	socket = meet(&where, &handshake, deadline);
	if (socket < 0)
		return fail_at(address, socket);
	rc = mproci_connection_create(socket, options->max_message, MPROCI_BOTH_WAYS, ret_connection);
	if (rc == 0)
		return 0;
	mproci_socket_hang_up(socket);
	return fail_at(address, rc == -ENOTCONN ? -ECONNRESET : rc);
}
