/* SPDX-License-Identifier: MIT */
/*
 * collections/entry.h - a key with its value that does not fit into a slot of a bucket: one block of the arena.
 *
 * Readers without the lock may look at one that is being freed, or at what its memory has become: all they read are atomic words, and
 * where a pointer leads is checked before it is followed.
 */
#ifndef COLLECTIONS_ENTRY_H
#define COLLECTIONS_ENTRY_H

#include "arena/root.h"
#include "collections/words.h"

#include <stddef.h>

/* What is looked for. */
typedef struct mproci_key {
	const void *bytes;
	size_t size;
	uint64_t hash;
	/* All of it, when it has at most 8 bytes; zeros behind it. */
	uint64_t word;
} mproci_key;

typedef struct mproci_value {
	const void *bytes;
	size_t size;
} mproci_value;

typedef struct mproci_entry {
	_Atomic uint64_t hash, key_size, value_size;
	/* The value, in whole words, and behind it the key. */
	_Atomic uint64_t words[];
} mproci_entry;

/* The part of the arena that was ever used: what leads elsewhere is not followed. */
typedef struct mproci_bounds {
	uintptr_t start;
	size_t size;
} mproci_bounds;

static inline mproci_bounds mproci_bounds_now(void)
{
	size_t units = atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed);

	return (mproci_bounds){(uintptr_t)mproci_arena_here->units, units * MPROCI_UNIT_SIZE};
}

/* Whether @size bytes at @address are in there, and begin where a word does. */
static inline bool mproci_bounds_hold(mproci_bounds bounds, uintptr_t address, size_t size)
{
	size_t offset = address - bounds.start;

	return offset % sizeof(uint64_t) == 0 && offset < bounds.size && size <= bounds.size - offset;
}

static inline bool mproci_arena_may_hold(const void *address, size_t size)
{
	return mproci_bounds_hold(mproci_bounds_now(), (uintptr_t)address, size);
}

/* The most bytes of a key, and of a value: more than any memory. */
#define MPROCI_LARGEST_KEY (SIZE_MAX / 4)

/* Bytes that an entry takes; 0: more than there can be. */
static inline size_t mproci_entry_room(size_t key_size, size_t value_size)
{
	if (key_size > MPROCI_LARGEST_KEY || value_size > MPROCI_LARGEST_KEY)
		return 0;
	return sizeof(mproci_entry) + mproci_words_room(value_size) + mproci_words_room(key_size);
}

/* Whether all of an entry with those sizes would be within bounds. */
static inline bool mproci_entry_is_possible(
	const mproci_entry *entry, mproci_bounds bounds, size_t key_size, size_t value_size)
{
	size_t room = mproci_entry_room(key_size, value_size);

	return room != 0 && mproci_bounds_hold(bounds, (uintptr_t)entry, room);
}

static inline _Atomic uint64_t *mproci_entry_key(mproci_entry *entry, size_t value_size)
{
	return entry->words + mproci_words_room(value_size) / sizeof(uint64_t);
}

/* Whether there may be an entry at @address, and it has that key; its value's size in @ret_value_size. */
bool mproci_entry_has_key(
	mproci_entry *entry, mproci_bounds bounds, const mproci_key *key, size_t *ret_value_size);

/* Fill new memory; nobody sees it yet. */
void mproci_entry_write(mproci_entry *entry, const mproci_key *key, const mproci_value *value);

#endif
