/* SPDX-License-Identifier: MIT */
/*
 * The checksum is made of three hashes, each seeded with the one before: of the header in front of it, of the name, of the result.  So neither who writes
 * nor who reads has to bring the parts together.
 */
#include "store/stored.h"

#include <endian.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	/* The result is aligned to it, since the whole file is. */
	ALIGNMENT = 64,
};

size_t mproci_stored_offset(size_t name_size)
{
	/* With at least one zero behind the name. */
	return (sizeof(mproci_stored) + name_size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
}

static void sum(const void *front, size_t offset, const void *bytes, size_t size,
	uint8_t ret_sum[sizeof(XXH128_canonical_t)])
{
	uint64_t seed = XXH3_64bits(front, offsetof(mproci_stored, checksum));
	XXH128_canonical_t canonical;

	seed = XXH3_64bits_withSeed(
		(const char *)front + sizeof(mproci_stored), offset - sizeof(mproci_stored), seed);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(bytes, size, seed));
	memcpy(ret_sum, canonical.digest, sizeof canonical.digest);
}

void mproci_stored_write(void *front, const mproc_cache_key *key, const mproci_digest *digest,
	const void *bytes, size_t size, int64_t stored, uint64_t cost)
{
	size_t name_size = strlen(key->function), offset = mproci_stored_offset(name_size);
	mproci_stored header = {
		.mark = htole64(MPROCI_STORED_MARK),
		.version = htole64(key->version),
		.arguments_size = htole64(key->size),
		.size = htole64(size),
		.stored = (int64_t)htole64((uint64_t)stored),
		.cost = htole64(cost),
		.name_size = htole32((uint32_t)name_size),
		.offset = htole32((uint32_t)offset),
	};

	memcpy(header.digest, digest->bytes, sizeof header.digest);
	memset(front, 0, offset);
	memcpy(front, &header, sizeof header);
	memcpy((char *)front + sizeof header, key->function, name_size);
	sum(front, offset, bytes, size, (uint8_t *)front + offsetof(mproci_stored, checksum));
}

void mproci_stored_read(const void *file, mproci_stored *ret_header)
{
	mproci_stored header;

	memcpy(&header, file, sizeof header);
	header.mark = le64toh(header.mark);
	header.version = le64toh(header.version);
	header.arguments_size = le64toh(header.arguments_size);
	header.size = le64toh(header.size);
	header.stored = (int64_t)le64toh((uint64_t)header.stored);
	header.cost = le64toh(header.cost);
	header.name_size = le32toh(header.name_size);
	header.offset = le32toh(header.offset);
	*ret_header = header;
}

/* Whether the sizes in it agree with each other and with the file's, so that nothing is read beyond. */
static bool is_possible(const mproci_stored *header, size_t size, uint64_t file_size)
{
	return header->name_size >= 1 && header->name_size <= MPROCI_FUNCTION_NAME_MOST
	       && header->offset == mproci_stored_offset(header->name_size) && header->offset <= size
	       && header->size == file_size - header->offset;
}

const char *mproci_stored_check(const void *file, size_t size, const mproci_digest *digest)
{
	uint8_t right[sizeof(XXH128_canonical_t)];
	mproci_stored header;

	if (size < sizeof header)
		return "it is cut short";
	mproci_stored_read(file, &header);
	if (header.mark != MPROCI_STORED_MARK)
		return "it does not begin as a stored result does";
	if (!is_possible(&header, size, size))
		return "its size is not what it says";
	sum(file, header.offset, (const char *)file + header.offset, header.size, right);
	if (memcmp(right, header.checksum, sizeof right) != 0)
		return "its checksum is wrong";
	if (digest != NULL && memcmp(header.digest, digest->bytes, sizeof header.digest) != 0)
		return "it is the result of another key";
	return NULL;
}

bool mproci_stored_front_is_possible(const void *file, size_t size, uint64_t file_size)
{
	const char *name = (const char *)file + sizeof(mproci_stored);
	mproci_stored header;

	if (size < sizeof header)
		return false;
	mproci_stored_read(file, &header);
	return header.mark == MPROCI_STORED_MARK && is_possible(&header, size, file_size)
	       && strnlen(name, header.offset - sizeof header) == header.name_size;
}
