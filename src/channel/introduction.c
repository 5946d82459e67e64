/* SPDX-License-Identifier: MIT */
#include "channel/introduction.h"

#include "base/error.h"
#include "sys/hmac.h"
#include "sys/socket.h"

#include <errno.h>
#include <mproc/listener.h>
#include <string.h>

int mproci_key_check(const void *key, size_t key_size)
{
	if (key == NULL && key_size == 0)
		return 0;
	if (key == NULL)
		return mproci_fail(-EINVAL, "key is NULL, but key_size is %zu", key_size);
	if (key_size == 0 || key_size > MPROC_KEY_MAX)
		return mproci_fail(
			-EINVAL, "key of %zu bytes: 1 to %d are possible", key_size, MPROC_KEY_MAX);
	return mproci_hmac_load();
}

int mproci_introduction_begin(mproci_handshake *handshake, mproci_side side, const void *key, size_t key_size)
{
	uint8_t nonce[MPROCI_NONCE_SIZE];
	int rc;

	rc = mproci_random(nonce, sizeof nonce);
	if (rc == 0)
		mproci_handshake_begin(handshake, side, key, key_size, nonce);
	return rc;
}

static int fail(int rc)
{
	if (rc == -EPIPE || rc == -ECONNRESET)
		return mproci_fail(-ECONNRESET, "the other side has hung up before both knew each other");
	if (rc == -EBADMSG)
		return mproci_fail(rc, "the other side says more than it should");
	return mproci_fail(rc, "the other side cannot be talked to: %s", strerror(-rc));
}

/* Returns 0, or a negative errno without an error text. */
static int send_output(mproci_handshake *handshake, int socket)
{
	struct iovec part = {.iov_base = handshake->output, .iov_len = handshake->output_size};
	ssize_t sent;

	if (handshake->output_size == 0)
		return 0;
	sent = mproci_socket_send(socket, &part, 1, NULL, 0);
	/* The first hundred bytes find room everywhere: whose socket has none has made it so. */
	if (sent >= 0 && (size_t)sent < handshake->output_size)
		return -ECONNRESET;
	handshake->output_size = 0;
	return sent < 0 ? (int)sent : 0;
}

int mproci_introduction_send(mproci_handshake *handshake, int socket)
{
	int rc;

	rc = send_output(handshake, socket);
	return rc < 0 ? fail(rc) : 0;
}

int mproci_introduction_go_on(mproci_handshake *handshake, int socket)
{
	uint8_t data[MPROCI_GREETING_SIZE];
	size_t needs = mproci_handshake_needs(handshake);
	struct iovec part = {.iov_base = data, .iov_len = needs};
	ssize_t got;
	int rc, sent;

	got = mproci_socket_receive(socket, &part, 1, NULL, NULL);
	if (got == -EAGAIN)
		return -EAGAIN;
	if (got <= 0)
		return fail(got == 0 ? -ECONNRESET : (int)got);
	rc = mproci_handshake_take(handshake, data, (size_t)got);
	/* Also after a failure, which it may tell the other side. */
	sent = send_output(handshake, socket);
	return rc >= 0 && sent < 0 ? fail(sent) : rc;
}
