/* SPDX-License-Identifier: MIT */
/*
 * Only to load it takes libcrypto's locks.  What computes was fetched then, and each thread has a context of its own: so no lock
 * is taken afterwards, and a fork in the middle of other threads' computing has nothing to wait for in the child, which leaves
 * the contexts of those threads alone.
 */
#include "sys/sha256.h"

#include "base/error.h"
#include "sys/crypto.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

static __typeof__(EVP_MD_fetch) *fetch;
static __typeof__(EVP_MD_CTX_new) *context_new;
static __typeof__(EVP_MD_CTX_free) *context_free;
static __typeof__(EVP_DigestInit_ex2) *begin;
static __typeof__(EVP_DigestUpdate) *update;
static __typeof__(EVP_DigestFinal_ex) *end;

/* Set last, and never taken back. */
static _Atomic(EVP_MD *) sha256;

/* Each thread's context. */
static pthread_key_t contexts;
static int contexts_rc = -1;

static void free_context(void *context)
{
	context_free(context);
}

/* While libcrypto is held. */
static int find_functions(const char *library)
{
	const mproci_crypto_function functions[] = {
		{"EVP_MD_fetch", (void **)&fetch},
		{"EVP_MD_CTX_new", (void **)&context_new},
		{"EVP_MD_CTX_free", (void **)&context_free},
		{"EVP_DigestInit_ex2", (void **)&begin},
		{"EVP_DigestUpdate", (void **)&update},
		{"EVP_DigestFinal_ex", (void **)&end},
	};

	return mproci_crypto_find(
		library, "a cache", "SHA-256", functions, sizeof functions / sizeof *functions);
}

static int load(const char *library)
{
	EVP_MD *fetched;
	int rc;

	rc = find_functions(library);
	if (rc < 0)
		return rc;
	if (contexts_rc != 0)
		contexts_rc = pthread_key_create(&contexts, free_context);
	if (contexts_rc != 0)
		return mproci_fail(-ENOMEM,
			"SHA-256: no memory for each thread: all PTHREAD_KEYS_MAX, %ld, are taken",
			sysconf(_SC_THREAD_KEYS_MAX));
	fetched = fetch(NULL, "SHA2-256", NULL);
	if (fetched == NULL)
		return mproci_fail(-ENOSYS, "%s has no SHA-256, or no memory for it", library);
	atomic_store_explicit(&sha256, fetched, memory_order_release);
	return 0;
}

int mproci_sha256_load_from(const char *library)
{
	int rc;

	if (atomic_load_explicit(&sha256, memory_order_acquire) != NULL)
		return 0;
	rc = mproci_crypto_guard_forks();
	if (rc < 0)
		return mproci_fail(rc, "no memory for SHA-256");
	mproci_crypto_hold();
	rc = atomic_load_explicit(&sha256, memory_order_relaxed) == NULL ? load(library) : 0;
	mproci_crypto_let_go();
	return rc;
}

int mproci_sha256_load(void)
{
	return mproci_sha256_load_from("libcrypto.so.3");
}

/* This thread's context, or NULL: no memory. */
static EVP_MD_CTX *own_context(void)
{
	EVP_MD_CTX *context = pthread_getspecific(contexts);

	if (context != NULL)
		return context;
	context = context_new();
	if (context != NULL && pthread_setspecific(contexts, context) == 0)
		return context;
	context_free(context);
	return NULL;
}

static bool compute(EVP_MD_CTX *context, const EVP_MD *kind, const mproci_part *parts, size_t count,
	uint8_t ret_hash[MPROCI_SHA256_SIZE])
{
	if (!begin(context, kind, NULL))
		return false;
	for (size_t i = 0; i < count; ++i)
		if (!update(context, parts[i].bytes, parts[i].size))
			return false;
	return end(context, ret_hash, NULL);
}

int mproci_sha256(const mproci_part *parts, size_t count, uint8_t ret_hash[MPROCI_SHA256_SIZE])
{
	const EVP_MD *kind = atomic_load_explicit(&sha256, memory_order_acquire);
	EVP_MD_CTX *context = own_context();

	assert(kind != NULL);
	if (context == NULL || !compute(context, kind, parts, count, ret_hash))
		return mproci_fail(-ENOMEM, "libcrypto cannot compute a SHA-256: no memory");
	return 0;
}
