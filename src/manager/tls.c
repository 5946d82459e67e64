/* SPDX-License-Identifier: MIT */
#include "manager/tls.h"

#include "base/error.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct mproci_tls_context {
	SSL_CTX *ssl;
};

struct mproci_tls {
	SSL *ssl;
	/* They are the SSL's. */
	BIO *incoming, *outgoing;
};

static const size_t MOST_AT_ONCE = 64 << 10;

/* With OpenSSL's own reason, of which only the last is of use. */
static int fail(const char *what, const char *path)
{
	char reason[128] = "no reason was given";
	unsigned long code = ERR_peek_last_error();

	if (code != 0)
		ERR_error_string_n(code, reason, sizeof reason);
	ERR_clear_error();
	return mproci_fail(-EINVAL, "TLS: %s \"%s\": %s", what, path, reason);
}

/* A key with a passphrase is refused: nobody is there to be asked for it. */
static int give_no_passphrase(char *buffer, int size, int is_written, void *context)
{
	(void)buffer, (void)size, (void)is_written, (void)context;
	return -1;
}

static int load(SSL_CTX *ssl, const char *certificate, const char *key, const char *authority)
{
	if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
		return fail("no certificate can be had of", certificate);
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
		return fail("the certificate's key cannot be had of", key);
	if (SSL_CTX_check_private_key(ssl) != 1)
		return fail("this is not the certificate's key:", key);
	if (authority == NULL)
		return 0;
	if (SSL_CTX_load_verify_locations(ssl, authority, NULL) != 1)
		return fail("no certificate of an authority can be had of", authority);
	SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(authority));
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

static void choose(SSL_CTX *ssl)
{
	static const unsigned char name[] = "mproc";

	SSL_CTX_set_default_passwd_cb(ssl, give_no_passphrase);
	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(
		ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
				      | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_id_context(ssl, name, sizeof name - 1);
}

int mproci_tls_context_create(
	const char *certificate, const char *key, const char *authority, mproci_tls_context **ret_context)
{
	mproci_tls_context *context = calloc(1, sizeof *context);
	int rc;

	if (context != NULL)
		context->ssl = SSL_CTX_new(TLS_server_method());
	if (context == NULL || context->ssl == NULL) {
		mproci_tls_context_destroy(context);
		return mproci_fail(-ENOMEM, "TLS: no memory");
	}
	choose(context->ssl);
	rc = load(context->ssl, certificate, key, authority);
	if (rc < 0) {
		mproci_tls_context_destroy(context);
		return rc;
	}
	*ret_context = context;
	return 0;
}

mproci_tls_context *mproci_tls_context_destroy(mproci_tls_context *context)
{
	if (context != NULL)
		SSL_CTX_free(context->ssl);
	free(context);
	return NULL;
}

/* Of the three nothing is kept when one of them cannot be had. */
static bool fill(mproci_tls *tls, SSL_CTX *context)
{
	tls->ssl = SSL_new(context);
	tls->incoming = BIO_new(BIO_s_mem());
	tls->outgoing = BIO_new(BIO_s_mem());
	if (tls->ssl == NULL || tls->incoming == NULL || tls->outgoing == NULL) {
		SSL_free(tls->ssl);
		BIO_free(tls->incoming);
		BIO_free(tls->outgoing);
		return false;
	}
	/* Empty, and not ended. */
	BIO_set_mem_eof_return(tls->incoming, -1);
	SSL_set_bio(tls->ssl, tls->incoming, tls->outgoing);
	SSL_set_accept_state(tls->ssl);
	return true;
}

mproci_tls *mproci_tls_create(mproci_tls_context *context)
{
	mproci_tls *tls = calloc(1, sizeof *tls);

	if (tls != NULL && !fill(tls, context->ssl)) {
		free(tls);
		tls = NULL;
	}
	ERR_clear_error();
	return tls;
}

mproci_tls *mproci_tls_destroy(mproci_tls *tls)
{
	if (tls != NULL)
		SSL_free(tls->ssl);
	free(tls);
	return NULL;
}

int mproci_tls_take(mproci_tls *tls, mproci_view bytes)
{
	if (bytes.size == 0)
		return 0;
	return BIO_write(tls->incoming, bytes.bytes, (int)bytes.size) == (int)bytes.size ? 0 : -ENOMEM;
}

/* What became of a call that has returned no bytes. */
static ssize_t outcome(mproci_tls *tls, int rc)
{
	int code = SSL_get_error(tls->ssl, rc);

	ERR_clear_error();
	if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE)
		return 0;
	return code == SSL_ERROR_ZERO_RETURN ? -EPIPE : -EPROTO;
}

ssize_t mproci_tls_read(mproci_tls *tls, char *buffer, size_t size)
{
	size_t got = 0;

	while (got < size) {
		size_t room = size - got < MOST_AT_ONCE ? size - got : MOST_AT_ONCE;
		int rc = SSL_read(tls->ssl, buffer + got, (int)room);

		if (rc <= 0) {
			/* What ends it is told again by the next call. */
			ssize_t none = outcome(tls, rc);

			return got > 0 ? (ssize_t)got : none;
		}
		got += (size_t)rc;
	}
	return (ssize_t)got;
}

ssize_t mproci_tls_write(mproci_tls *tls, mproci_view bytes)
{
	size_t size = bytes.size < MOST_AT_ONCE ? bytes.size : MOST_AT_ONCE;
	int rc;

	if (size == 0)
		return 0;
	rc = SSL_write(tls->ssl, bytes.bytes, (int)size);
	return rc > 0 ? rc : outcome(tls, rc);
}

mproci_view mproci_tls_output(const mproci_tls *tls)
{
	char *bytes = NULL;
	long size = BIO_get_mem_data(tls->outgoing, &bytes);

	return (mproci_view){bytes, size > 0 ? (size_t)size : 0};
}

void mproci_tls_sent(mproci_tls *tls, size_t size)
{
	char gone[4096];

	if (size == mproci_tls_output(tls).size) {
		(void)BIO_reset(tls->outgoing);
		return;
	}
	while (size > 0) {
		size_t part = size < sizeof gone ? size : sizeof gone;

		if (BIO_read(tls->outgoing, gone, (int)part) <= 0)
			return;
		size -= part;
	}
}

bool mproci_tls_is_ready(const mproci_tls *tls)
{
	return SSL_is_init_finished(tls->ssl) != 0;
}
