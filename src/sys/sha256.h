/* SPDX-License-Identifier: MIT */
/*
 * sys/sha256.h - the hash SHA-256, by OpenSSL's libcrypto, which is loaded when the first one is needed (decision 010).
 */
#ifndef SYS_SHA256_H
#define SYS_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_SHA256_SIZE = 32
};

/* Bytes that are hashed one behind the other. */
typedef struct mproci_part {
	const void *bytes;
	size_t size;
} mproci_part;

/* Load what computes it.  Returns 0; -ENOSYS with an error text: it is not installed; -ENOMEM. */
int mproci_sha256_load(void);

/* The same from a @library of that name. */
int mproci_sha256_load_from(const char *library);

/* The hash of @count parts; after mproci_sha256_load.  Any thread, also in a forked child.  Returns 0 or -ENOMEM with an error text. */
int mproci_sha256(const mproci_part *parts, size_t count, uint8_t ret_hash[MPROCI_SHA256_SIZE]);

#endif
