/* SPDX-License-Identifier: MIT */
/*
 * collections/words.h - reading what somebody may be changing, or may have freed, meanwhile.
 *
 * Whoever reads without the lock finds out afterwards whether what he read means anything.  Until then it is bytes: these read them
 * eight at a time, with atomic loads, which no compiler tears or repeats.  Nor does TSan hear of them, for who writes to memory that was freed
 * and allocated anew does so without knowing that somebody may still be looking.
 */
#ifndef COLLECTIONS_WORDS_H
#define COLLECTIONS_WORDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MPROCI_RACES __attribute__((no_sanitize("thread")))

/* Bytes are kept in whole words: so much memory do @size of them take. */
static inline size_t mproci_words_room(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* Store @size bytes in words that nobody reads yet; behind them the last word is filled with zeros. */
void mproci_words_write(_Atomic uint64_t *words, const void *bytes, size_t size);

/* Copy @size bytes from words at @source to @target, which is this process's own. */
static inline MPROCI_RACES void mproci_words_copy(void *target, const _Atomic uint64_t *source, size_t size)
{
	char *to = target;
	uint64_t word;

	/* The most frequent size by far. */
	if (size == sizeof word) {
		word = atomic_load_explicit(source, memory_order_relaxed);
		__builtin_memcpy(to, &word, sizeof word);
		return;
	}
	for (; size >= sizeof word; size -= sizeof word, to += sizeof word, ++source) {
		word = atomic_load_explicit(source, memory_order_relaxed);
		__builtin_memcpy(to, &word, sizeof word);
	}
	if (size > 0) {
		word = atomic_load_explicit(source, memory_order_relaxed);
		__builtin_memcpy(to, &word, size);
	}
}

/* Whether @size bytes from words at @shared are those at @bytes. */
static inline MPROCI_RACES bool mproci_words_equal(
	const _Atomic uint64_t *shared, const void *bytes, size_t size)
{
	const char *from = bytes;
	uint64_t other = 0;

	if (size == sizeof other) {
		__builtin_memcpy(&other, from, sizeof other);
		return atomic_load_explicit(shared, memory_order_relaxed) == other;
	}
	for (; size >= sizeof other; size -= sizeof other, from += sizeof other, ++shared) {
		__builtin_memcpy(&other, from, sizeof other);
		if (atomic_load_explicit(shared, memory_order_relaxed) != other)
			return false;
	}
	if (size == 0)
		return true;
	other = 0;
	__builtin_memcpy(&other, from, size);
	return atomic_load_explicit(shared, memory_order_relaxed) == other;
}

#endif
