/* SPDX-License-Identifier: MIT */
/*
 * A stream is a function of its position: number i is a part of the block that Philox makes of i / 4 as the
 * counter, under the key (seed, stream).  A generator has the position, and the block that it lies in once a
 * number of that was drawn.
 */
#include "base/random.h"

#include "base/error.h"

#include <Random123/philox.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* The words of a generator; the first two are the key. */
enum {
	SEED,
	STREAM,
	POSITION,
	BLOCK = 4
};

_Static_assert(BLOCK + MPROCI_RANDOM_BLOCK == sizeof(mproc_random) / sizeof(uint64_t), "8 words");

void mproci_random_block(
	const uint64_t counter[MPROCI_RANDOM_BLOCK], const uint64_t key[2], uint64_t *ret_block)
{
	philox4x64_ctr_t block = {{counter[0], counter[1], counter[2], counter[3]}};
	philox4x64_key_t words = {{key[0], key[1]}};

	block = philox4x64(block, words);
	memcpy(ret_block, block.v, sizeof block.v);
}

void mproc_random_init(mproc_random *random, uint64_t seed, uint64_t stream)
{
	random->opaque[SEED] = seed;
	random->opaque[STREAM] = stream;
	random->opaque[POSITION] = 0;
}

/* The block is whole before the position says so: nobody draws a stale number behind one who was killed. */
uint64_t mproc_random_bits(mproc_random *random)
{
	uint64_t position = random->opaque[POSITION];
	uint64_t *block = &random->opaque[BLOCK];

	if (position % MPROCI_RANDOM_BLOCK == 0) {
		const uint64_t counter[MPROCI_RANDOM_BLOCK] = {position / MPROCI_RANDOM_BLOCK};

		mproci_random_block(counter, &random->opaque[SEED], block);
		atomic_signal_fence(memory_order_release);
	}
	random->opaque[POSITION] = position + 1;
	return block[position % MPROCI_RANDOM_BLOCK];
}

/*
 * A number from 0 to @count - 1, of 1 or more: the upper half of bits * @count.  Of all 2^64 products some
 * numbers get one more than others; without those whose lower half is below 2^64 % @count, all get as many.
 */
static uint64_t draw_below(mproc_random *random, uint64_t count)
{
	unsigned __int128 product = (unsigned __int128)mproc_random_bits(random) * count;

	if ((uint64_t)product < count) {
		const uint64_t excess = -count % count;

		while ((uint64_t)product < excess)
			product = (unsigned __int128)mproc_random_bits(random) * count;
	}
	return (uint64_t)(product >> 64);
}

int64_t mproc_random_integer(mproc_random *random, int64_t low, int64_t high)
{
	const uint64_t count = (uint64_t)high - (uint64_t)low + 1;

	if (high < low)
		return low;
	if (count == 0) /* all 2^64 */
		return (int64_t)mproc_random_bits(random);
	return (int64_t)((uint64_t)low + draw_below(random, count));
}

double mproc_random_double(mproc_random *random)
{
	return (double)(mproc_random_bits(random) >> 11) * 0x1p-53;
}

/* Swap two items, a piece at a time. */
static void swap(char *a, char *b, size_t size)
{
	char piece[64];

	while (size > 0) {
		size_t length = size < sizeof piece ? size : sizeof piece;

		memcpy(piece, a, length);
		memcpy(a, b, length);
		memcpy(b, piece, length);
		a += length;
		b += length;
		size -= length;
	}
}

int mproc_random_shuffle(mproc_random *random, void *array, size_t item_size, size_t count)
{
	char *items = array;
	size_t size;

	if (!random)
		return mproci_fail(-EINVAL, "generator: NULL");
	if (count > 0 && !array)
		return mproci_fail(-EINVAL, "array of %zu items: NULL", count);
	if (count > 0 && item_size == 0)
		return mproci_fail(-EINVAL, "item size 0: at least 1 byte");
	if (__builtin_mul_overflow(item_size, count, &size))
		return mproci_fail(-EOVERFLOW, "%zu items of %zu bytes: more than %zu bytes", count,
			item_size, SIZE_MAX);
	for (size_t left = count; left > 1; --left) {
		size_t chosen = (size_t)draw_below(random, left);

		if (chosen != left - 1)
			swap(&items[chosen * item_size], &items[(left - 1) * item_size], item_size);
	}
	return 0;
}
