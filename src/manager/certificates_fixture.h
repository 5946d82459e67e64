/* SPDX-License-Identifier: MIT */
/*
 * certificates_fixture.h - a certificate and its key, made for a test, in files.
 */
#ifndef MANAGER_CERTIFICATES_FIXTURE_H
#define MANAGER_CERTIFICATES_FIXTURE_H

#include "support.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>

static char certificate_path[64], key_path[64];

/* Signed by itself, so that it is an authority too. */
static inline X509 *certificate_make(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
	return certificate;
}

static inline FILE *certificates_open(char *path)
{
	int descriptor;

	strcpy(path, "/tmp/mproc-test-pem-XXXXXX");
	descriptor = mkstemp(path);
	ck_assert_int_ge(descriptor, 0);
	return fdopen(descriptor, "w");
}

static inline void certificates_create(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = certificate_make(key);
	FILE *file = certificates_open(certificate_path);

	ck_assert_int_eq(PEM_write_X509(file, certificate), 1);
	fclose(file);
	file = certificates_open(key_path);
	ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static inline void certificates_remove(void)
{
	unlink(certificate_path);
	unlink(key_path);
}

#endif
