/* SPDX-License-Identifier: MIT */
#include "manager/certificates_fixture.h"
#include "manager/tls.h"

#include <mproc/result.h>

#include <errno.h>
#include <stdlib.h>

static mproci_tls_context *context;
static mproci_tls *server;
static SSL_CTX *client_context;
static SSL *client;

static void setup(void)
{
	certificates_create();
	client_context = SSL_CTX_new(TLS_client_method());
}

static void teardown(void)
{
	SSL_free(client);
	SSL_CTX_free(client_context);
	mproci_tls_destroy(server);
	mproci_tls_context_destroy(context);
	certificates_remove();
}

static void open_both(const char *authority)
{
	ck_assert_int_eq(mproci_tls_context_create(certificate_path, key_path, authority, &context), 0);
	server = mproci_tls_create(context);
	ck_assert_ptr_nonnull(server);
	client = SSL_new(client_context);
	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(client);
}

/* Carry what both have to say to the other, some bytes at a time. */
static void carry(size_t most)
{
	char bytes[4096];
	mproci_view output = mproci_tls_output(server);
	size_t size = output.size < most ? output.size : most;
	int got = BIO_read(SSL_get_wbio(client), bytes, (int)(most < sizeof bytes ? most : sizeof bytes));

	if (size > 0)
		BIO_write(SSL_get_rbio(client), output.bytes, (int)size);
	mproci_tls_sent(server, size);
	if (got > 0)
		ck_assert_int_eq(mproci_tls_take(server, (mproci_view){bytes, (size_t)got}), 0);
}

/* Returns what the server reads in the end: 0, or an error. */
static ssize_t agree(size_t most)
{
	char nothing[16];
	ssize_t rc = 0;

	for (int round = 0; round < 20000 && rc == 0; ++round) {
		SSL_do_handshake(client);
		carry(most);
		rc = mproci_tls_read(server, nothing, sizeof nothing);
		if (mproci_tls_is_ready(server) && SSL_is_init_finished(client))
			break;
	}
	return rc;
}

START_TEST(both_agree_and_talk_however_little_comes_at_once)
{
	char got[32] = "";

	open_both(NULL);
	ck_assert_int_eq(agree(7), 0);
	ck_assert(mproci_tls_is_ready(server));
	ck_assert_int_eq(SSL_write(client, "hello", 5), 5);
	while (mproci_tls_read(server, got, sizeof got) == 0)
		carry(3);
	ck_assert_str_eq(got, "hello");
	ck_assert_int_eq(mproci_tls_write(server, mproci_view_of("you too")), 7);
	memset(got, 0, sizeof got);
	while (SSL_read(client, got, sizeof got) <= 0)
		carry(100);
	ck_assert_str_eq(got, "you too");
}
END_TEST

START_TEST(end_is_told)
{
	char got[8];
	ssize_t rc;

	open_both(NULL);
	ck_assert_int_eq(agree(4096), 0);
	SSL_shutdown(client);
	do {
		carry(4096);
		rc = mproci_tls_read(server, got, sizeof got);
	} while (rc == 0);
	ck_assert_int_eq(rc, -EPIPE);
}
END_TEST

START_TEST(what_is_no_tls_is_refused)
{
	char got[8];

	open_both(NULL);
	ck_assert_int_eq(mproci_tls_take(server, mproci_view_of("PING\r\nPING\r\nPING\r\n")), 0);
	ck_assert_int_eq(mproci_tls_read(server, got, sizeof got), -EPROTO);
}
END_TEST

START_TEST(old_versions_are_refused)
{
	SSL_CTX_set_min_proto_version(client_context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(client_context, TLS1_1_VERSION);
	SSL_CTX_set_security_level(client_context, 0);
	open_both(NULL);
	ck_assert_int_eq(agree(4096), -EPROTO);
}
END_TEST

START_TEST(certificate_is_asked_for_where_there_is_an_authority)
{
	open_both(certificate_path);
	ck_assert_int_eq(agree(4096), -EPROTO);
}
END_TEST

START_TEST(client_with_a_certificate_of_the_authority_is_let_in)
{
	ck_assert_int_eq(SSL_CTX_use_certificate_file(client_context, certificate_path, SSL_FILETYPE_PEM), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(client_context, key_path, SSL_FILETYPE_PEM), 1);
	open_both(certificate_path);
	ck_assert_int_eq(agree(4096), 0);
	ck_assert(mproci_tls_is_ready(server));
}
END_TEST

START_TEST(files_that_do_not_hold_what_they_should_are_named)
{
	ck_assert_int_eq(mproci_tls_context_create(key_path, key_path, NULL, &context), -EINVAL);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "no certificate can be had of"));
	ck_assert_int_eq(
		mproci_tls_context_create(certificate_path, certificate_path, NULL, &context), -EINVAL);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "key cannot be had of"));
	ck_assert_int_eq(mproci_tls_context_create(certificate_path, key_path, key_path, &context), -EINVAL);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "no certificate of an authority"));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		both_agree_and_talk_however_little_comes_at_once,
		end_is_told,
		what_is_no_tls_is_refused,
		old_versions_are_refused,
		certificate_is_asked_for_where_there_is_an_authority,
		client_with_a_certificate_of_the_authority_is_let_in,
		files_that_do_not_hold_what_they_should_are_named,
		NULL,
	};
	const support_suite suite = {.name = "tls", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
