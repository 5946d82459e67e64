/* SPDX-License-Identifier: MIT */
/*
 * remote/tls.h - what depends on which hiredis there is: connections that are encrypted, and the functions that make
 * replies.
 *
 * The build links exactly one engine: tls_hiredis.c where hiredis_ssl is found, of hiredis 1.0 or later, tls_none.c for
 * hiredis 0.14, which has neither.
 */
#ifndef REMOTE_TLS_H
#define REMOTE_TLS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What all encrypted connections to one server share; and one of them, OpenSSL's, which ends with its context. */
typedef struct mproci_remote_tls mproci_remote_tls;
typedef struct ssl_st mproci_remote_tls_session;

/*
 * What encrypted connections to @host need: the server must have a certificate for that name which the system trusts.
 *
 * Returns 0; with an error text -EPROTONOSUPPORT: this build cannot, -ENOMEM.
 */
int mproci_remote_tls_create(const char *host, mproci_remote_tls **ret_tls);
void mproci_remote_tls_free(mproci_remote_tls *tls);

/*
 * Have everything on a connection encrypted from now on.  Returns 0; with an error text -ENOMEM, -EACCES: the other
 * side has no good certificate; -ECONNRESET.
 */
int mproci_remote_tls_begin(
	const mproci_remote_tls *tls, redisContext *context, mproci_remote_tls_session **ret_session);

/*
 * Send; receive.  Without waiting.
 *
 * Returns how many bytes, 0 of what is received: the other side has hung up; -EAGAIN; with an error text -EACCES,
 * -ECONNRESET, as above.
 */
ssize_t mproci_remote_tls_send(mproci_remote_tls_session *session, const void *data, size_t size);
ssize_t mproci_remote_tls_receive(mproci_remote_tls_session *session, void *ret_data, size_t size);

/* Whether what is to be sent waits until something comes, of what the two sides agree on. */
bool mproci_remote_tls_waits_for_data(const mproci_remote_tls_session *session);

/* How a reader makes replies: by the functions of remote/reading.h. */
extern const redisReplyObjectFunctions mproci_reply_functions;

#endif
