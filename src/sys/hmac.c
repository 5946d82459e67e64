/* SPDX-License-Identifier: MIT */
#include "sys/hmac.h"

#include "base/error.h"
#include "sys/crypto.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>

static __typeof__(HMAC) *hmac;
static __typeof__(EVP_sha256) *sha256;

int mproci_hmac_guard_forks(void)
{
	int rc = mproci_crypto_guard_forks();

	return rc < 0 ? mproci_fail(rc, "no memory for a key") : 0;
}

static int load(const char *library)
{
	const mproci_crypto_function functions[] = {
		{"HMAC", (void **)&hmac},
		{"EVP_sha256", (void **)&sha256},
	};

	return mproci_crypto_find(
		library, "a key", "HMAC-SHA256", functions, sizeof functions / sizeof *functions);
}

int mproci_hmac_load_from(const char *library)
{
	int rc;

	rc = mproci_hmac_guard_forks();
	if (rc < 0)
		return rc;
	mproci_crypto_hold();
	rc = hmac == NULL ? load(library) : 0;
	mproci_crypto_let_go();
	return rc;
}

int mproci_hmac_load(void)
{
	return mproci_hmac_load_from("libcrypto.so.3");
}

int mproci_hmac_sha256(
	const void *key, size_t key_size, const void *data, size_t size, uint8_t ret_hmac[MPROCI_HMAC_SIZE])
{
	uint8_t result[EVP_MAX_MD_SIZE];
	const unsigned char *done;
	int rc;

	rc = mproci_hmac_load();
	if (rc < 0)
		return rc;
	mproci_crypto_hold();
	done = hmac(sha256(), key, (int)key_size, data, size, result, NULL);
	mproci_crypto_let_go();
	if (done == NULL)
		return mproci_fail(-ENOMEM, "libcrypto cannot compute an HMAC-SHA256");
	memcpy(ret_hmac, result, MPROCI_HMAC_SIZE);
	return 0;
}

bool mproci_hmac_is_equal(const uint8_t one[MPROCI_HMAC_SIZE], const uint8_t other[MPROCI_HMAC_SIZE])
{
	/* Volatile, or the compiler might stop at the first difference. */
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < MPROCI_HMAC_SIZE; ++i)
		difference |= one[i] ^ other[i];
	return difference == 0;
}

int mproci_random(void *ret_bytes, size_t size)
{
	/* Up to 256 bytes come whole, and no signal ends it, once the kernel has any. */
	for (;;) {
		ssize_t rc = getrandom(ret_bytes, size, 0);

		if (rc >= 0)
			return 0;
		if (errno != EINTR) {
			rc = -errno;
			return mproci_fail((int)rc, "no random numbers: %s", strerror((int)-rc));
		}
	}
}

void mproci_wipe(void *secret, size_t size)
{
	explicit_bzero(secret, size);
}
