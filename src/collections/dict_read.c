/* SPDX-License-Identifier: MIT */
/*
 * What reads a dict without a lock: copy, and look whether anybody has changed the table meanwhile.  Who is changed under its
 * eyes again and again takes the lock.
 *
 * H.-J. Boehm, "Can seqlocks get along with programming language memory models?" (2012), is the source of the fences.
 */
#include "base/error.h"
#include "collections/dict.h"
#include "collections/glance.h"

#include <stdlib.h>

enum {
	/* So often in vain, and then with the lock; at once when what was copied in vain is large. */
	TRIES = 16,
	LARGE = 4096,
	SMALL = 64,
	/* What is said inside of a key that is not there: -ENOENT may have other reasons. */
	ABSENT = 1,
};

/* Where a value is copied to. */
typedef struct target {
	void *buffer;
	/* Bytes that may be written there, and that were. */
	size_t room, size;
	/* Bytes that were copied last, perhaps in vain. */
	size_t tried;
} target;

static bool is_changed(const mproci_table *table, uint64_t version)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&table->version, memory_order_relaxed) != version;
}

/* What was seen without the lock, or with it. */
typedef struct sighting {
	mproci_table *table;
	uint64_t version;
	mproci_spot spot;
} sighting;

/*
 * Look for the key.  Returns 0: it was there, if the table has not changed since; ABSENT: it is not; -EBUSY: it is being changed.
 */
static inline MPROCI_RACES int look(mproc_dict *dict, const mproci_key *key, sighting *ret_seen)
{
	mproci_table *table = mproci_dict_table(dict, key->hash);
	uint64_t version = atomic_load_explicit(&table->version, memory_order_acquire);

	/* What was cleared is empty, whatever is going on there. */
	if (!mproci_dict_counts(dict, table))
		return ABSENT;
	if (version % 2 != 0 || mproci_table_find(table, key, &ret_seen->spot) < 0)
		return -EBUSY;
	ret_seen->table = table;
	ret_seen->version = version;
	if (ret_seen->spot.value == NULL)
		return is_changed(table, version) ? -EBUSY : ABSENT;
	return 0;
}

/* What to do with what was seen: returns 0, a negative errno with an error text, or -EBUSY: it has changed meanwhile. */
typedef int taking(mproc_dict *dict, const sighting *seen, target *to);

static inline MPROCI_RACES int take_copy(mproc_dict *dict, const sighting *seen, target *to)
{
	size_t size = seen->spot.value_size;

	/* What is small does not touch the buffer before it is known to be right. */
	char small[SMALL];
	void *into = size <= SMALL ? small : to->buffer;

	to->tried = size;
	if (size <= to->room)
		mproci_words_copy(into, seen->spot.value, size);
	if (is_changed(seen->table, seen->version))
		return -EBUSY;
	if (size <= to->room && size > 0 && into == small)
		memcpy(to->buffer, small, size);
	if (size > to->room)
		return mproci_fail(-EMSGSIZE, "%.15s %p: a value of %zu bytes: there is room for %zu",
			dict->common.noun, (void *)dict, size, to->room);
	to->size = size;
	return 0;
}

/* The same into memory of this process, which is made as large as the value. */
static int take_anew(mproc_dict *dict, const sighting *seen, target *to)
{
	size_t size = seen->spot.value_size;
	void *larger;

	/* The size may be anybody's. */
	if (is_changed(seen->table, seen->version))
		return -EBUSY;
	if (to->buffer == NULL || size > to->room) {
		larger = realloc(to->buffer, size + 1);
		if (larger == NULL)
			return mproci_fail(-ENOMEM,
				"%.15s %p: a value of %zu bytes: this process has no memory for it",
				dict->common.noun, (void *)dict, size);
		to->buffer = larger;
		to->room = size;
	}
	return take_copy(dict, seen, to);
}

static int take_nothing(mproc_dict *dict, const sighting *seen, target *to)
{
	(void)dict;
	(void)to;
	return is_changed(seen->table, seen->version) ? -EBUSY : 0;
}

static int find_with_lock(mproc_dict *dict, const mproci_key *key, taking *take, target *to)
{
	mproci_table *table = mproci_dict_table(dict, key->hash);
	sighting seen;
	int rc = mproci_dict_lock(dict, table);

	if (rc < 0)
		return rc;
	rc = look(dict, key, &seen);
	if (rc == 0)
		rc = take(dict, &seen, to);
	mproci_dict_unlock(table);
	/* Nobody has changed it but somebody who has no business there. */
	return rc == -EBUSY ? mproci_collection_refuse_damage(&dict->common) : rc;
}

/* After one try that was in vain, or of something that is being destroyed, which looks empty. */
static __attribute__((noinline)) int find_again(
	mproc_dict *dict, const mproci_key *key, taking *take, target *to)
{
	int rc = -EBUSY;
	sighting seen;

	for (int tries = 1; rc == -EBUSY && tries < TRIES && (to == NULL || to->tried < LARGE); ++tries) {
		rc = look(dict, key, &seen);
		if (rc == 0)
			rc = take(dict, &seen, to);
	}
	if (rc == -EBUSY || atomic_load_explicit(&dict->common.is_destroyed, memory_order_relaxed))
		rc = find_with_lock(dict, key, take, to);
	return rc;
}

static inline int find(mproc_dict *dict, const mproci_key *key, taking *take, target *to)
{
	sighting seen;
	int rc;

	rc = look(dict, key, &seen);
	if (rc == 0)
		rc = take(dict, &seen, to);
	if (rc == -EBUSY || atomic_load_explicit(&dict->common.is_destroyed, memory_order_relaxed))
		return find_again(dict, key, take, to);
	return rc;
}

static int get(mproc_dict *dict, const void *key, size_t key_size, taking *take, target *to)
{
	_Atomic uintptr_t *inside;
	mproci_key sought;
	int rc;

	rc = mproci_dict_enter(dict, &inside);
	if (rc < 0)
		return rc;
	rc = mproci_dict_key(dict, key, key_size, &sought);
	if (rc == 0)
		rc = find(dict, &sought, take, to);
	mproci_collection_leave(inside);
	return rc;
}

static int answer(int rc)
{
	return rc == ABSENT ? mproci_answer(-ENOENT, "the key has no value") : rc;
}

static __attribute__((noinline)) int get_any(
	mproc_dict *dict, const void *key, size_t key_size, void *buffer, size_t size, size_t *ret_size)
{
	target to = {.buffer = buffer, .room = size};
	int rc;

	if (buffer == NULL && size > 0)
		return mproci_fail(-EINVAL, "the buffer is NULL, and is to have %zu bytes", size);
	rc = get(dict, key, key_size, take_copy, &to);
	if (rc != 0)
		return answer(rc);
	if (ret_size != NULL)
		*ret_size = to.size;
	return 0;
}

/* What glance.h is for.  Returns whether it was like that. */
static inline MPROCI_RACES bool get_at_a_glance(mproc_dict *dict, const void *key, void *buffer)
{
	uint64_t word, hash, value;
	mproci_table *table;
	mproci_slot *slot;
	uint64_t version;

	__builtin_memcpy(&word, key, sizeof word);
	hash = mproci_hash(&word, sizeof word, dict->seed);
	table = mproci_dict_table(dict, hash);
	version = atomic_load_explicit(&table->version, memory_order_acquire);
	if (version % 2 != 0 || !mproci_dict_counts(dict, table))
		return false;
	slot = mproci_glance(table, hash, word);
	if (slot == NULL)
		return false;
	value = atomic_load_explicit(&slot->second, memory_order_relaxed);
	if (is_changed(table, version))
		return false;
	__builtin_memcpy(buffer, &value, sizeof value);
	return true;
}

int mproc_dict_get(
	mproc_dict *dict, const void *key, size_t key_size, void *buffer, size_t size, size_t *ret_size)
{
	_Atomic uintptr_t *inside = NULL;
	bool is_done = false;

	if (key_size == sizeof(uint64_t) && size >= sizeof(uint64_t) && key != NULL && buffer != NULL)
		inside = mproci_glance_enter(dict);
	if (inside != NULL) {
		is_done = get_at_a_glance(dict, key, buffer);
		mproci_collection_leave(inside);
	}
	if (!is_done)
		return get_any(dict, key, key_size, buffer, size, ret_size);
	if (ret_size != NULL)
		*ret_size = sizeof(uint64_t);
	return 0;
}

int mproc_dict_get_copy(
	mproc_dict *dict, const void *key, size_t key_size, void **ret_value, size_t *ret_size)
{
	target to = {0};
	int rc;

	if (ret_value == NULL)
		return mproci_fail(-EINVAL, "where to return the value is NULL");
	rc = get(dict, key, key_size, take_anew, &to);
	if (rc != 0 || to.buffer == NULL) {
		free(to.buffer);
		return answer(rc);
	}
	((char *)to.buffer)[to.size] = 0;
	*ret_value = to.buffer;
	if (ret_size != NULL)
		*ret_size = to.size;
	return 0;
}

int mproc_dict_has(mproc_dict *dict, const void *key, size_t key_size)
{
	int rc = get(dict, key, key_size, take_nothing, NULL);

	return rc == ABSENT ? 0 : rc < 0 ? rc : 1;
}
