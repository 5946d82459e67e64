/* SPDX-License-Identifier: MIT */
#include "collections/words.h"

void mproci_words_write(_Atomic uint64_t *words, const void *bytes, size_t size)
{
	size_t whole = size / sizeof(uint64_t) * sizeof(uint64_t);
	uint64_t last = 0;

	if (whole > 0)
		memcpy((void *)(uintptr_t)words, bytes, whole);
	if (size == whole)
		return;
	memcpy(&last, (const char *)bytes + whole, size - whole);
	atomic_store_explicit(words + whole / sizeof(uint64_t), last, memory_order_relaxed);
}
