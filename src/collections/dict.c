/* SPDX-License-Identifier: MIT */
/*
 * Making and ending a dict, and its locks.
 */
#include "collections/dict.h"

#include "arena/lock_note.h"
#include "base/error.h"
#include "base/options.h"
#include "sys/hmac.h"

#include <mproc/arena.h>
#include <mproc/result.h>

static int check(const mproc_dict_options *options, const char *noun, uint32_t stripes)
{
	if (stripes == 0 || stripes > MPROCI_DICT_MOST_STRIPES || (stripes & (stripes - 1)) != 0)
		return mproci_fail(
			-EINVAL, "%s: %u stripes: 1, 2, 4, 8, 16, 32 or 64 are possible", noun, stripes);
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

static int init(mproc_dict *self, const mproc_dict_options *options, const char *noun, uint32_t stripes)
{
	int rc;

	rc = mproci_collection_init(&self->common, noun, options->patience);
	if (rc == 0)
		rc = mproci_random(&self->seed, sizeof self->seed);
	self->stripes = stripes;
	for (uint32_t i = 0; rc == 0 && i < stripes; ++i) {
		rc = mproci_table_init(&self->tables[i], self->seed);
		if (rc < 0)
			mproci_fail(rc, "%s: no lock can be made", noun);
	}
	return rc;
}

int mproci_dict_create(
	const mproc_dict_options *options, const char *noun, uint32_t stripes, mproc_dict **ret_dict)
{
	static const mproc_dict_options defaults;
	mproc_dict *self;
	size_t size;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_dict == NULL)
		return mproci_fail(-EINVAL, "%s: where to return it is NULL", noun);
	stripes = options->stripes != 0 ? options->stripes : stripes;
	rc = check(options, noun, stripes);
	if (rc == 0)
		rc = mproci_family_join();
	if (rc < 0)
		return rc;
	size = sizeof *self + stripes * sizeof *self->tables;
	self = mproc_aligned_alloc(_Alignof(mproc_dict), size);
	if (self == NULL)
		return -ENOMEM;
	memset((void *)self, 0, size);
	rc = init(self, options, noun, stripes);
	if (rc < 0) {
		mproc_free(self);
		return rc;
	}
	/* Whoever is inside when it is destroyed finds it there until he has left. */
	mproci_arena_note_lock(self);
	atomic_store_explicit(&self->common.mark, mproci_dict_mark(self), memory_order_relaxed);
	*ret_dict = self;
	return 0;
}

int mproc_dict_create(const mproc_dict_options *options, mproc_dict **ret_dict)
{
	return mproci_dict_create(options, "dict", MPROCI_DICT_MOST_STRIPES, ret_dict);
}

void mproci_dict_refuse_key(const mproc_dict *dict, const void *key, size_t size)
{
	if (key == NULL)
		mproci_fail(-EINVAL, "%.15s %p: the key is NULL, and is to have %zu bytes", dict->common.noun,
			(const void *)dict, size);
	else
		mproci_fail(-EOVERFLOW, "%.15s %p: a key of %zu bytes: at most %zu bytes", dict->common.noun,
			(const void *)dict, size, MPROCI_LARGEST_KEY);
}

void mproci_dict_hash(const mproc_dict *dict, mproci_key *key)
{
	key->hash = mproci_hash(key->bytes, key->size, dict->seed);
	if (key->size > 0 && key->size <= sizeof key->word)
		memcpy(&key->word, key->bytes, key->size);
}

/* With the lock, whatever @rc said when it was taken. */
static int put_in_order(mproc_dict *dict, mproci_table *table, int rc)
{
	uint32_t epoch = atomic_load_explicit(&dict->epoch, memory_order_acquire);

	if (rc == MPROC_OWNER_DIED)
		mproci_table_repair(table);
	if (atomic_load_explicit(&table->epoch, memory_order_relaxed) == epoch)
		return 0;
	rc = mproci_table_clear(table, epoch);
	if (rc == 0)
		return 0;
	mproci_dict_unlock(table);
	return mproci_collection_refuse_damage(&dict->common);
}

int mproci_dict_lock_until(mproc_dict *dict, mproci_table *table, mproc_deadline deadline)
{
	int rc = mproci_collection_lock_biased(&dict->common, &table->lock, deadline);

	return rc < 0 ? rc : put_in_order(dict, table, rc);
}

static void unlock_first(mproc_dict *dict, uint32_t count)
{
	while (count-- > 0)
		mproci_dict_unlock(&dict->tables[count]);
}

static int lock_each(mproc_dict *dict, mproc_deadline deadline)
{
	int rc;

	for (uint32_t i = 0; i < dict->stripes; ++i) {
		rc = mproci_dict_lock_until(dict, &dict->tables[i], deadline);
		if (rc < 0) {
			unlock_first(dict, i);
			return rc;
		}
	}
	return 0;
}

/* Whether all tables are of the same epoch as the dict: nobody has cleared it while they were locked one after the other. */
static bool is_of_one_epoch(mproc_dict *dict)
{
	bool is_so = true;

	for (uint32_t i = 0; i < dict->stripes; ++i)
		is_so = is_so && mproci_dict_counts(dict, &dict->tables[i]);
	return is_so;
}

int mproci_dict_lock_all(mproc_dict *dict)
{
	mproc_deadline deadline = mproci_collection_deadline(&dict->common);
	int rc;

	for (;;) {
		rc = lock_each(dict, deadline);
		if (rc < 0 || is_of_one_epoch(dict))
			return rc;
		unlock_first(dict, dict->stripes);
	}
}

void mproci_dict_unlock_all(mproc_dict *dict)
{
	unlock_first(dict, dict->stripes);
}

/* Who is stopped with a lock frees what he has there himself, or whoever comes after him does. */
static int clear_tables(mproc_dict *dict)
{
	mproc_deadline deadline = mproci_collection_deadline(&dict->common);
	int worst = 0, rc;

	for (uint32_t i = 0; i < dict->stripes; ++i) {
		rc = mproci_dict_lock_until(dict, &dict->tables[i], deadline);
		if (rc == 0)
			mproci_dict_unlock(&dict->tables[i]);
		else if (rc != -ETIMEDOUT)
			worst = rc;
	}
	return worst;
}

int mproc_dict_clear(mproc_dict *dict)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_dict_enter(dict, &inside);
	if (rc < 0)
		return rc;
	/* From here on nothing is in it; what is left to do is to free it. */
	atomic_fetch_add(&dict->epoch, 1);
	rc = clear_tables(dict);
	mproci_collection_leave(inside);
	return rc;
}

/* Free what a table has; once more, if somebody was killed at it.  Returns whether nobody is in the middle of something. */
static bool condemn(mproci_table *table, uint32_t epoch, mproc_deadline end)
{
	if (mproci_biased_lock_take(&table->lock, end) < 0)
		return false;
	/* Whether or not the last one with the lock has died: somebody may have been told that, and then that the dict is destroyed. */
	mproci_table_repair(table);
	if (mproci_table_clear(table, epoch) == 0)
		mproci_table_free(table);
	mproci_dict_unlock(table);
	return true;
}

mproc_dict *mproc_dict_destroy(mproc_dict *dict)
{
	_Atomic uintptr_t *inside;
	bool is_quiet = true;
	mproc_deadline end;
	uint32_t epoch;

	if (dict == NULL
		|| mproci_collection_enter_last(&dict->common, mproci_dict_mark(dict), "dict", &inside) < 0)
		return NULL;
	atomic_store(&dict->common.is_destroyed, true);
	epoch = atomic_fetch_add(&dict->epoch, 1) + 1;
	end = mproci_collection_last_deadline();
	for (uint32_t i = 0; i < dict->stripes; ++i)
		is_quiet = condemn(&dict->tables[i], epoch, end) && is_quiet;
	/* What somebody who is stopped inside may still write to stays allocated. */
	if (!is_quiet || !mproci_collection_outlast_others(&dict->common, end)) {
		mproci_collection_leave(inside);
		return NULL;
	}
	atomic_store_explicit(&dict->common.mark, 0, memory_order_relaxed);
	mproci_collection_leave(inside);
	mproc_free(dict);
	return NULL;
}
