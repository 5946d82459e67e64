/* SPDX-License-Identifier: MIT */
#include "store/digest.h"

#include "base/error.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/*
 * What is hashed in front of name and arguments: with the sizes no two keys are the same bytes, and with the text nobody hashes the same for
 * another purpose.  Little-endian, for machines may share a directory.
 */
typedef struct preface {
	char text[16];
	uint64_t version, name_size, arguments_size;
} preface;

static int check(const mproc_cache_key *key, size_t *ret_name_size)
{
	size_t name_size;

	if (key == NULL || key->function == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", key == NULL ? "key" : "the key's function");
	name_size = strnlen(key->function, MPROCI_FUNCTION_NAME_MOST + 1);
	if (name_size == 0)
		return mproci_fail(-EINVAL, "the key's function is empty: 1 to %d bytes are possible",
			(int)MPROCI_FUNCTION_NAME_MOST);
	if (name_size > MPROCI_FUNCTION_NAME_MOST)
		return mproci_fail(-EINVAL, "the key's function \"%.32s…\" is longer than %d bytes",
			key->function, (int)MPROCI_FUNCTION_NAME_MOST);
	if (key->arguments == NULL && key->size > 0)
		return mproci_fail(-EINVAL, "the key's arguments are NULL, with a size of %zu", key->size);
	*ret_name_size = name_size;
	return 0;
}

int mproci_digest_of(const mproc_cache_key *key, mproci_digest *ret_digest)
{
	preface front = {.text = "mproc cache key"};
	size_t name_size = 0;
	int rc;

	rc = check(key, &name_size);
	if (rc < 0)
		return rc;
	front.version = htole64(key->version);
	front.name_size = htole64(name_size);
	front.arguments_size = htole64(key->size);
	const mproci_part parts[] = {
		{&front, sizeof front}, {key->function, name_size}, {key->arguments, key->size}};

	return mproci_sha256(parts, key->size > 0 ? 3 : 2, ret_digest->bytes);
}

/* By hand: printf would take longer than the hash. */
static char *put_digits(char *to, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; ++i) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	return to;
}

void mproci_digest_path(const mproci_digest *digest, char ret_path[MPROCI_RESULT_NAME_SIZE])
{
	static const char folder[] = {'r', 'e', 's', 'u', 'l', 't', 's', '/'};
	char *to = ret_path;

	memcpy(to, folder, sizeof folder);
	to = put_digits(to + sizeof folder, digest->bytes, 1);
	*to++ = '/';
	to = put_digits(to, digest->bytes + 1, MPROCI_DIGEST_NAMED - 1);
	*to = '\0';
}
