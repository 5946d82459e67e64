/* SPDX-License-Identifier: MIT */
#include "collections/entry.h"

MPROCI_RACES bool mproci_entry_has_key(
	mproci_entry *entry, mproci_bounds bounds, const mproci_key *key, size_t *ret_value_size)
{
	size_t value_size;

	if (!mproci_bounds_hold(bounds, (uintptr_t)entry, sizeof *entry)
		|| atomic_load_explicit(&entry->hash, memory_order_relaxed) != key->hash
		|| atomic_load_explicit(&entry->key_size, memory_order_relaxed) != key->size)
		return false;
	value_size = atomic_load_explicit(&entry->value_size, memory_order_relaxed);
	if (!mproci_entry_is_possible(entry, bounds, key->size, value_size))
		return false;
	*ret_value_size = value_size;
	return mproci_words_equal(mproci_entry_key(entry, value_size), key->bytes, key->size);
}

void mproci_entry_write(mproci_entry *entry, const mproci_key *key, const mproci_value *value)
{
	atomic_store_explicit(&entry->hash, key->hash, memory_order_relaxed);
	atomic_store_explicit(&entry->key_size, key->size, memory_order_relaxed);
	atomic_store_explicit(&entry->value_size, value->size, memory_order_relaxed);
	mproci_words_write(entry->words, value->bytes, value->size);
	mproci_words_write(mproci_entry_key(entry, value->size), key->bytes, key->size);
}
