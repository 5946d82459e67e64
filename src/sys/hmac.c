/* SPDX-License-Identifier: MIT */
#include "sys/hmac.h"

#include "base/error.h"
#include "sys/child.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

/* Protects what follows; and libcrypto has locks of its own, which a fork must not find taken. */
static pthread_mutex_t computing = PTHREAD_MUTEX_INITIALIZER;
static __typeof__(HMAC) *hmac;
static __typeof__(EVP_sha256) *sha256;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

static void hold(void)
{
	pthread_mutex_lock(&computing);
}

static void let_go(void)
{
	pthread_mutex_unlock(&computing);
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(hold, let_go, let_go);
}

int mproci_hmac_guard_forks(void)
{
	pthread_once(&handlers_once, register_handlers);
	return handlers_rc < 0 ? mproci_fail(handlers_rc, "no memory for a key") : 0;
}

static int load(const char *library)
{
	void *handle;

	handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return mproci_fail(-ENOSYS, "a key takes %s, which is Debian's package libssl3: %.150s",
			library, dlerror());
	hmac = (__typeof__(HMAC) *)dlsym(handle, "HMAC");
	sha256 = (__typeof__(EVP_sha256) *)dlsym(handle, "EVP_sha256");
	if (hmac != NULL && sha256 != NULL)
		return 0;
	hmac = NULL;
	dlclose(handle);
	return mproci_fail(-ENOSYS, "a key takes HMAC-SHA256, which %s does not have", library);
}

int mproci_hmac_load_from(const char *library)
{
	int rc;

	rc = mproci_hmac_guard_forks();
	if (rc < 0)
		return rc;
	hold();
	rc = hmac == NULL ? load(library) : 0;
	let_go();
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
	hold();
	done = hmac(sha256(), key, (int)key_size, data, size, result, NULL);
	let_go();
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
