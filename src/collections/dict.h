/* SPDX-License-Identifier: MIT */
/*
 * collections/dict.h - what a dict is made of: up to 64 tables, each with a lock, that its keys are shared out to.
 */
#ifndef COLLECTIONS_DICT_H
#define COLLECTIONS_DICT_H

#include "collections/collection.h"
#include "collections/table.h"

#include <mproc/dict.h>

#define MPROCI_DICT_MARK UINT64_C(0x646963742e2e6f6b)

enum {
	MPROCI_DICT_MOST_STRIPES = 64
};

struct mproc_dict {
	mproci_collection common;
	/* Of the hashes, so that nobody can choose keys that fall into one bucket. */
	uint64_t seed;
	uint32_t stripes;
	/* What is in a table counts while the table says the same: a step empties all of them at one moment. */
	_Atomic uint32_t epoch;
	mproci_table tables[];
};

/* mproc_dict_create with a @noun for error texts, and as many stripes as its options say, or @stripes. */
int mproci_dict_create(
	const mproc_dict_options *options, const char *noun, uint32_t stripes, mproc_dict **ret_dict);

/* What the mark of a dict is: whoever overwrites the stripes has destroyed it. */
static inline uint64_t mproci_dict_mark(const mproc_dict *dict)
{
	return MPROCI_DICT_MARK ^ dict->stripes;
}

/* Begin a call, as mproci_collection_enter. */
static inline int mproci_dict_enter(mproc_dict *dict, _Atomic uintptr_t **ret_inside)
{
	return mproci_collection_enter((mproci_collection *)dict, dict == NULL ? 0 : mproci_dict_mark(dict),
		"dict, set or namespace", ret_inside);
}

/* The error text where there can be no such key; the hash and the word of one of any size. */
void mproci_dict_refuse_key(const mproc_dict *dict, const void *key, size_t size);
void mproci_dict_hash(const mproc_dict *dict, mproci_key *key);

/* Fill in a key with its hash.  Returns 0, or -EINVAL or -EOVERFLOW with an error text. */
static inline int mproci_dict_key(const mproc_dict *dict, const void *key, size_t size, mproci_key *ret_key)
{
	if ((key == NULL && size > 0) || size > MPROCI_LARGEST_KEY) {
		mproci_dict_refuse_key(dict, key, size);
		return key == NULL ? -EINVAL : -EOVERFLOW;
	}
	ret_key->bytes = key;
	ret_key->size = size;
	ret_key->word = ret_key->hash = 0;
	/* The most frequent size by far. */
	if (size == sizeof ret_key->word) {
		__builtin_memcpy(&ret_key->word, key, sizeof ret_key->word);
		ret_key->hash = mproci_hash(key, sizeof ret_key->word, dict->seed);
	} else {
		mproci_dict_hash(dict, ret_key);
	}
	return 0;
}

static inline mproci_table *mproci_dict_table(mproc_dict *dict, uint64_t hash)
{
	return &dict->tables[hash >> 58 & (dict->stripes - 1)];
}

/* Have the lock of a table that is in order.  Returns 0 or a negative errno with an error text. */
int mproci_dict_lock_until(mproc_dict *dict, mproci_table *table, mproc_deadline deadline);

static inline int mproci_dict_lock(mproc_dict *dict, mproci_table *table)
{
	return mproci_dict_lock_until(dict, table, mproci_collection_deadline(&dict->common));
}

static inline void mproci_dict_unlock(mproci_table *table)
{
	mproci_biased_lock_release(&table->lock);
}

/* The same for all tables of a dict. */
int mproci_dict_lock_all(mproc_dict *dict);
void mproci_dict_unlock_all(mproc_dict *dict);

/* Whether what is in a table has not been cleared. */
static inline bool mproci_dict_counts(mproc_dict *dict, mproci_table *table)
{
	return atomic_load_explicit(&table->epoch, memory_order_acquire)
	       == atomic_load_explicit(&dict->epoch, memory_order_acquire);
}

#endif
