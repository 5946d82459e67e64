/* SPDX-License-Identifier: MIT */
/*
 * sys/hmac.h - proving to have a key: HMAC-SHA256, and the random numbers for it.
 *
 * OpenSSL's libcrypto computes it, and is loaded when the first key is used: to be linked with it would
 * make every exec of every program that uses mproc take nearly twice as long (decision 010).
 */
#ifndef SYS_HMAC_H
#define SYS_HMAC_H

#include "base/private.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_HMAC_SIZE = 32
};

/* Load what computes it.  Returns 0; -ENOSYS with an error text: it is not installed; -ENOMEM. */
int mproci_hmac_load(void);

/* The same from a @library of that name. */
int mproci_hmac_load_from(const char *library);

/*
 * Keep the computing and the loading from being cut in two by a fork: mproci_hmac_load does it.  Who holds
 * a lock of its own around both computing and forks calls it before mproci_process_at_fork, so that a fork
 * takes that lock first.  Returns 0 or -ENOMEM.
 */
int mproci_hmac_guard_forks(void);

/* The HMAC of @size bytes of @data with a key of at least one byte.  Returns 0, or as mproci_hmac_load. */
int mproci_hmac_sha256(
	const void *key, size_t key_size, const void *data, size_t size, uint8_t ret_hmac[MPROCI_HMAC_SIZE]);

/* Whether two are equal; how long that takes does not tell where they differ. */
bool mproci_hmac_is_equal(const uint8_t one[MPROCI_HMAC_SIZE], const uint8_t other[MPROCI_HMAC_SIZE]);

/*
 * Fill memory with random bytes that nobody can predict, at most 256.  Returns 0, or a negative errno with
 * an error text.
 */
MPROCI_PRIVATE int mproci_random(void *ret_bytes, size_t size);

/* Overwrite a secret, also when nobody reads it afterwards. */
MPROCI_PRIVATE void mproci_wipe(void *secret, size_t size);

#endif
