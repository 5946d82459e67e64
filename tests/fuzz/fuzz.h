/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the targets share.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What the fuzzer calls, and replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, in all builds. */
static inline void require(bool holds)
{
	if (!holds)
		abort();
}

/* The input, from which a target takes what it needs. */
typedef struct input {
	const uint8_t *data;
	size_t size;
} input;

/* The next byte; 0 when there are no more. */
static inline uint8_t take_byte(input *from)
{
	if (from->size == 0)
		return 0;
	--from->size;
	return *from->data++;
}

/* At most @most bytes of it.  Returns how many there are. */
static inline size_t take_bytes(input *from, size_t most, const uint8_t **ret_bytes)
{
	size_t size = most < from->size ? most : from->size;

	*ret_bytes = from->data;
	from->data += size;
	from->size -= size;
	return size;
}

#endif
