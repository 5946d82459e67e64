/* SPDX-License-Identifier: MIT */
/*
 * store/digest.h - from a key to the name of its file.
 */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include "sys/sha256.h"

#include <mproc/cache.h>

enum {
	/* 1 to so many bytes are a function's name. */
	MPROCI_FUNCTION_NAME_MOST = 255,
	/* Bytes of a digest that are in the name of its file. */
	MPROCI_DIGEST_NAMED = 16,
	/* "results/ab/" and 30 more digits, and a 0. */
	MPROCI_RESULT_NAME_SIZE = 42,
};

typedef struct mproci_digest {
	uint8_t bytes[MPROCI_SHA256_SIZE];
} mproci_digest;

/* Check a key and hash it: the sizes, version and name first, then the arguments.  Returns 0; with an error text -EINVAL, -ENOMEM. */
int mproci_digest_of(const mproc_cache_key *key, mproci_digest *ret_digest);

/*
 * The name of its file in the cache's directory: half of the digest.  A name of up to 31 bytes the kernel keeps where it is looked up, which makes a hit a
 * tenth faster; the file itself has the whole digest in it.
 */
void mproci_digest_path(const mproci_digest *digest, char ret_path[MPROCI_RESULT_NAME_SIZE]);

#endif
