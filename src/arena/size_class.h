/* SPDX-License-Identifier: MIT */
/*
 * arena/size_class.h - the sizes of small blocks: steps of 16 bytes up to 128, then four steps to each doubling.
 *
 * The blocks of a span lie at its end, so those whose size is a power of two are aligned to it.
 */
#ifndef ARENA_SIZE_CLASS_H
#define ARENA_SIZE_CLASS_H

#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_SIZE_CLASSES = 32,
	MPROCI_SMALL_MAX = 8192,
	/* A span's header without the states of its blocks. */
	MPROCI_SPAN_HEADER = 64,
};

typedef struct mproci_size_class {
	uint32_t size;
	/* Blocks in a span: as many as fit beside the header and a byte of state for each, in groups of 8. */
	uint32_t count;
	/* Where the first block lies in the span. */
	uint32_t start;
	/* 2^32 / size, rounded up: multiplying with it and dropping 32 bits divides what is below 65536 by size. */
	uint32_t reciprocal;
} mproci_size_class;

extern const mproci_size_class mproci_size_classes[MPROCI_SIZE_CLASSES];

/* The smallest class for @size, at most MPROCI_SMALL_MAX. */
static inline uint32_t mproci_size_class_of(size_t size)
{
	uint32_t last = size == 0 ? 0 : (uint32_t)size - 1;
	uint32_t shift;

	if (last < 128)
		return last / 16;
	/* The two bits below the leading one count the steps. */
	shift = 29 - (uint32_t)__builtin_clz(last);
	return 8 + (shift - 5) * 4 + (last >> shift) - 4;
}

#endif
