/* SPDX-License-Identifier: MIT */
/*
 * store/stored.h - the form of a stored result: this, the function's name, zeros (at least one) up to a multiple of 64 bytes, the
 * result.
 *
 * Numbers are little-endian.  The checksum is XXH3, 128 bits, of the result, seeded with that, 64 bits, of the name and the zeros, which is seeded
 * with that of what is in front of the checksum; as a canonical XXH128.
 */
#ifndef STORE_STORED_H
#define STORE_STORED_H

#include "store/digest.h"

#include <stdbool.h>

typedef struct mproci_stored {
	/* MPROCI_STORED_MARK, which has the number of the form in it. */
	uint64_t mark;
	uint8_t digest[MPROCI_SHA256_SIZE];
	uint64_t version, arguments_size, size;
	/* Nanoseconds since 1970, and that the function took. */
	int64_t stored;
	uint64_t cost;
	uint32_t name_size;
	/* From the beginning of the file to the result. */
	uint32_t offset;
	uint8_t reserved[24];
	uint8_t checksum[16];
} mproci_stored;

_Static_assert(sizeof(mproci_stored) == 128, "the form of a file");

#define MPROCI_STORED_MARK UINT64_C(0x3168636f72706d89)

/* Bytes in front of a result of a function with a name of that size. */
size_t mproci_stored_offset(size_t name_size);

/* Fill in the front of a file (@front has room for mproci_stored_offset bytes), with the checksum also of the result. */
void mproci_stored_write(void *front, const mproc_cache_key *key, const mproci_digest *digest,
	const void *bytes, size_t size, int64_t stored, uint64_t cost);

/* The header at the front of a file, which is at least that long, in this machine's numbers. */
void mproci_stored_read(const void *file, mproci_stored *ret_header);

/* The header at the front of a file, which is at least that long, in this machine's numbers. */
void mproci_stored_read(const void *file, mproci_stored *ret_header);

/*
 * Whether @size bytes of a file are a whole stored result; that of @digest, if that is not NULL.  Returns NULL, or what is wrong.
 */
const char *mproci_stored_check(const void *file, size_t size, const mproci_digest *digest);

/* Whether the first bytes of a file (at least mproci_stored_offset(255) of them, or all) look like those of one; for mproc_cache_each. */
bool mproci_stored_front_is_possible(const void *file, size_t size, uint64_t file_size);

#endif
