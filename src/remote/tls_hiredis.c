/* SPDX-License-Identifier: MIT */
/*
 * For hiredis 1.0 and later, with hiredis_ssl.  The bytes go by sys/socket.h, as without: OpenSSL itself would raise
 * SIGPIPE.
 */
#include "base/error.h"
#include "remote/reading.h"
#include "remote/tls.h"
#include "sys/socket.h"

#include <errno.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct mproci_remote_tls {
	SSL_CTX *trusted;
	char host[];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* How OpenSSL reaches a socket; NULL without memory. */
static BIO_METHOD *method;

static int write_socket(BIO *bio, const char *data, int size)
{
	/* Which is only read. */
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = (size_t)size};
	int descriptor = -1;
	ssize_t sent;

	BIO_get_fd(bio, &descriptor);
	BIO_clear_retry_flags(bio);
	sent = mproci_socket_send(descriptor, &part, 1, NULL, 0);
	if (sent == -EAGAIN)
		BIO_set_retry_write(bio);
	return sent < 0 ? -1 : (int)sent;
}

static int read_socket(BIO *bio, char *data, int size)
{
	struct iovec part = {.iov_base = data, .iov_len = (size_t)size};
	int descriptor = -1;
	ssize_t got;

	BIO_get_fd(bio, &descriptor);
	BIO_clear_retry_flags(bio);
	got = mproci_socket_receive(descriptor, &part, 1, NULL, NULL);
	if (got == -EAGAIN)
		BIO_set_retry_read(bio);
	return got < 0 ? -1 : (int)got;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
	(void)number;
	if (command == BIO_C_GET_FD) {
		*(int *)pointer = (int)(intptr_t)BIO_get_data(bio);
		return 1;
	}
	return command == BIO_CTRL_FLUSH;
}

static void prepare(void)
{
	redisInitOpenSSL();
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
	if (method == NULL)
		return;
	BIO_meth_set_write(method, write_socket);
	BIO_meth_set_read(method, read_socket);
	BIO_meth_set_ctrl(method, control);
}

int mproci_remote_tls_create(const char *host, mproci_remote_tls **ret_tls)
{
	const size_t size = strlen(host) + 1;
	mproci_remote_tls *tls;

	pthread_once(&once, prepare);
	tls = method == NULL ? NULL : calloc(1, sizeof *tls + size);
	if (tls == NULL)
		return mproci_fail(-ENOMEM, "no memory for an encrypted connection");
	memcpy(tls->host, host, size);
	tls->trusted = SSL_CTX_new(TLS_client_method());
	if (tls->trusted == NULL || SSL_CTX_set_default_verify_paths(tls->trusted) != 1
		|| SSL_CTX_set_min_proto_version(tls->trusted, TLS1_2_VERSION) != 1) {
		mproci_remote_tls_free(tls);
		return mproci_fail(-ENOMEM, "OpenSSL cannot be prepared for encrypted connections");
	}
	SSL_CTX_set_verify(tls->trusted, SSL_VERIFY_PEER, NULL);
	*ret_tls = tls;
	return 0;
}

void mproci_remote_tls_free(mproci_remote_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->trusted);
	free(tls);
}

/* The certificate has to be for the host: a number, or a name.  Returns whether that could be said. */
static bool demand_name(SSL *session, const char *host)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1)
		return true;
	return SSL_set1_host(session, host) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
}

/* Let it reach the socket of the context by our functions.  Returns whether there was memory. */
static bool attach(SSL *session, const redisContext *context)
{
	BIO *bio = BIO_new(method);

	if (bio == NULL)
		return false;
	BIO_set_data(bio, (void *)(intptr_t)context->fd);
	BIO_set_init(bio, 1);
	SSL_set_bio(session, bio, bio);
	return true;
}

/* Why it went wrong. */
static int fail(const SSL *session)
{
	const long verdict = SSL_get_verify_result(session);
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	if (verdict != X509_V_OK)
		return mproci_fail(-EACCES, "the server's certificate is refused: %.120s",
			X509_verify_cert_error_string(verdict));
	return mproci_fail(-ECONNRESET, "the encrypted connection broke: %.120s",
		reason == NULL ? "the server has hung up" : reason);
}

int mproci_remote_tls_begin(
	const mproci_remote_tls *tls, redisContext *context, mproci_remote_tls_session **ret_session)
{
	SSL *session = SSL_new(tls->trusted);
	int rc;

	if (session == NULL || !demand_name(session, tls->host)) {
		SSL_free(session);
		return mproci_fail(-ENOMEM, "OpenSSL has no session for \"%.100s\"", tls->host);
	}
	if (redisInitiateSSL(context, session) != REDIS_OK) {
		rc = fail(session);
		SSL_free(session);
		return rc;
	}
	/* From here on the session is the context's.  What waits to be sent may move, and grow. */
	SSL_set_mode(session, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!attach(session, context))
		return mproci_fail(-ENOMEM, "no memory for an encrypted connection");
	*ret_session = session;
	return 0;
}

/* What a call means that has not done anything. */
static int weigh(SSL *session, int rc)
{
	const int code = SSL_get_error(session, rc);

	return code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE ? -EAGAIN : fail(session);
}

/* More than this at once takes nobody. */
static int at_most(size_t size)
{
	const size_t most = 1 << 20;

	return (int)(size < most ? size : most);
}

ssize_t mproci_remote_tls_send(mproci_remote_tls_session *session, const void *data, size_t size)
{
	int sent;

	ERR_clear_error();
	sent = SSL_write(session, data, at_most(size));
	return sent > 0 ? sent : weigh(session, sent);
}

ssize_t mproci_remote_tls_receive(mproci_remote_tls_session *session, void *ret_data, size_t size)
{
	int got;

	ERR_clear_error();
	got = SSL_read(session, ret_data, at_most(size));
	return got > 0 ? got : weigh(session, got);
}

bool mproci_remote_tls_waits_for_data(const mproci_remote_tls_session *session)
{
	return SSL_want_read(session);
}

static void *make_array(const redisReadTask *task, size_t count)
{
	(void)count;
	return mproci_reading_array(task);
}

/* Of newer protocols, which nobody has asked for. */
static void *refuse_double(const redisReadTask *task, double number, char *text, size_t size)
{
	(void)task;
	(void)number;
	(void)text;
	(void)size;
	return NULL;
}

static void *refuse_truth(const redisReadTask *task, int is_true)
{
	(void)task;
	(void)is_true;
	return NULL;
}

const redisReplyObjectFunctions mproci_reply_functions = {
	.createString = mproci_reading_string,
	.createArray = make_array,
	.createInteger = mproci_reading_integer,
	.createDouble = refuse_double,
	.createNil = mproci_reading_nil,
	.createBool = refuse_truth,
	.freeObject = freeReplyObject,
};
