/* SPDX-License-Identifier: MIT */
/*
 * manager/tls.h - TLS as a server speaks it, from bytes to bytes: it touches no socket.
 *
 * What comes from the network is taken, and what it means is read; what is to be said is written, and what goes to the network for that waits as output.
 */
#ifndef MANAGER_TLS_H
#define MANAGER_TLS_H

#include "manager/view.h"

#include <sys/types.h>

typedef struct mproci_tls_context mproci_tls_context;
typedef struct mproci_tls mproci_tls;

/*
 * What all connections share: TLS 1.2 or newer, a certificate with its key, and the authority that clients' certificates must come from; NULL: they need
 * none.  Files in PEM.  Returns 0; with an error text -EINVAL: a file does not hold what it should, or the key is not that of the certificate; -ENOMEM.
 */
int mproci_tls_context_create(
	const char *certificate, const char *key, const char *authority, mproci_tls_context **ret_context);
mproci_tls_context *mproci_tls_context_destroy(mproci_tls_context *context);

/* Returns NULL when there is no memory. */
mproci_tls *mproci_tls_create(mproci_tls_context *context);
mproci_tls *mproci_tls_destroy(mproci_tls *tls);

/* Take what has come from the network.  Returns 0 or -ENOMEM. */
int mproci_tls_take(mproci_tls *tls, mproci_view bytes);

/* Read what it means.  Returns how many bytes; 0: more has to come; -EPIPE: nothing more will come; -EPROTO: this is no TLS, or not such as we accept. */
ssize_t mproci_tls_read(mproci_tls *tls, char *buffer, size_t size);

/* Say something.  Returns how many bytes were taken; 0: more has to come first; -EPROTO. */
ssize_t mproci_tls_write(mproci_tls *tls, mproci_view bytes);

/* What waits to go to the network; and that some of it has gone. */
mproci_view mproci_tls_output(const mproci_tls *tls);
void mproci_tls_sent(mproci_tls *tls, size_t size);

/* Whether both sides have agreed. */
bool mproci_tls_is_ready(const mproci_tls *tls);

#endif
