/* SPDX-License-Identifier: MIT */
/*
 * Putting a million into a heap takes a fraction of sorting them, and only those that are to be removed are taken out again.
 */
#include "store/oldest.h"

#include "sys/growing_memory.h"

#include <string.h>

enum {
	FIRST_ROOM = 1024,
};

static bool grow(mproci_oldest *oldest)
{
	size_t room = oldest->room == 0 ? FIRST_ROOM : 2 * oldest->room;
	void *grown = mproci_growing_memory_grow(
		oldest->uses, oldest->room * sizeof *oldest->uses, room * sizeof *oldest->uses);

	if (grown == NULL)
		return false;
	oldest->uses = grown;
	oldest->room = room;
	return true;
}

void mproci_oldest_add(mproci_oldest *oldest, int64_t used, const mproci_digest *digest)
{
	if (oldest->count == oldest->room && !grow(oldest))
		return;
	oldest->uses[oldest->count].used = used;
	memcpy(oldest->uses[oldest->count++].named, digest->bytes, MPROCI_DIGEST_NAMED);
}

/* What is at @index may be newer than what is below it, at 2 i + 1 and 2 i + 2: let it sink. */
static void sink(mproci_oldest *oldest, size_t index)
{
	const mproci_use one = oldest->uses[index];

	for (;;) {
		size_t below = 2 * index + 1;

		if (below + 1 < oldest->count && oldest->uses[below + 1].used < oldest->uses[below].used)
			++below;
		if (below >= oldest->count || one.used <= oldest->uses[below].used)
			break;
		oldest->uses[index] = oldest->uses[below];
		index = below;
	}
	oldest->uses[index] = one;
}

void mproci_oldest_order(mproci_oldest *oldest)
{
	for (size_t index = oldest->count / 2; index-- > 0;)
		sink(oldest, index);
}

const mproci_use *mproci_oldest_first(const mproci_oldest *oldest)
{
	return oldest->count == 0 ? NULL : &oldest->uses[0];
}

void mproci_oldest_drop(mproci_oldest *oldest)
{
	oldest->uses[0] = oldest->uses[--oldest->count];
	if (oldest->count > 0)
		sink(oldest, 0);
}

void mproci_oldest_delay(mproci_oldest *oldest, int64_t used)
{
	oldest->uses[0].used = used;
	sink(oldest, 0);
}

void mproci_oldest_free(mproci_oldest *oldest)
{
	mproci_growing_memory_free(oldest->uses, oldest->room * sizeof *oldest->uses);
	*oldest = (mproci_oldest){0};
}
