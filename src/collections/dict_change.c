/* SPDX-License-Identifier: MIT */
/*
 * What changes a dict: each looks for the key with its table's lock, and then decides.
 */
#include "base/error.h"
#include "collections/glance.h"

/* Where a key is, with its table's lock held. */
typedef struct held {
	mproc_dict *dict;
	mproci_table *table;
	mproci_key key;
	mproci_spot spot;
	_Atomic uintptr_t *inside;
} held;

static int hold(mproc_dict *dict, held *self)
{
	int rc;

	self->dict = dict;
	self->table = mproci_dict_table(dict, self->key.hash);
	rc = mproci_dict_lock(dict, self->table);
	if (rc < 0)
		return rc;
	rc = mproci_table_find(self->table, &self->key, &self->spot);
	if (rc == 0)
		return 0;
	mproci_dict_unlock(self->table);
	mproci_collection_refuse_damage(&dict->common);
	return -EBADMSG;
}

static int begin(mproc_dict *dict, const void *key, size_t key_size, held *self)
{
	int rc;

	rc = mproci_dict_enter(dict, &self->inside);
	if (rc < 0)
		return rc;
	rc = mproci_dict_key(dict, key, key_size, &self->key);
	if (rc == 0)
		rc = hold(dict, self);
	if (rc < 0)
		mproci_collection_leave(self->inside);
	return rc;
}

/* It is seen by others before this thread looks at anything else: this is what programs build locks of. */
static void end(const held *self)
{
	mproci_dict_unlock(self->table);
	atomic_thread_fence(memory_order_seq_cst);
	mproci_collection_leave(self->inside);
}

static int answer_absent(void)
{
	return mproci_answer(-ENOENT, "the key has no value");
}

static int check_value(size_t key_size, const mproci_value *value)
{
	if (value->bytes == NULL && value->size > 0)
		return mproci_fail(-EINVAL, "the value is NULL, and is to have %zu bytes", value->size);
	if (mproci_entry_room(key_size, value->size) == 0)
		return mproci_fail(-EOVERFLOW,
			"a key of %zu bytes and a value of %zu: at most %zu bytes each", key_size,
			value->size, MPROCI_LARGEST_KEY);
	return 0;
}

/* Whether the value can be replaced where it lies, by one store. */
static bool fits_in_place(const mproci_spot *spot, size_t size)
{
	return spot->value != NULL && spot->value_size == size && size <= sizeof *spot->value;
}

static void replace_in_place(const mproci_spot *spot, const mproci_value *value)
{
	uint64_t word = 0;

	/* With a size it is never NULL, but the analyzer does not see that. */
	if (value->bytes == NULL || value->size == 0)
		return;
	memcpy(&word, value->bytes, value->size);
	atomic_store_explicit(spot->value, word, memory_order_release);
}

/* Give the key that value, whether it has one or not. */
static int set(const held *self, const mproci_value *value)
{
	bool is_new = self->spot.value == NULL;
	int rc;

	if (fits_in_place(&self->spot, value->size)) {
		replace_in_place(&self->spot, value);
		return 0;
	}
	rc = mproci_table_put(self->table, &self->spot, &self->key, value);
	if (rc == -EBADMSG)
		return mproci_collection_refuse_damage(&self->dict->common);
	if (rc == 0 && is_new)
		mproci_table_grow(self->table);
	return rc;
}

static void remove_key(const held *self)
{
	mproci_table_remove(self->table, &self->spot, self->key.hash);
	mproci_table_shrink(self->table);
}

static __attribute__((noinline)) int set_any(
	mproc_dict *dict, const void *key, size_t key_size, const mproci_value *value)
{
	held self;
	int rc;

	rc = check_value(key_size, value);
	if (rc == 0)
		rc = begin(dict, key, key_size, &self);
	if (rc < 0)
		return rc;
	rc = set(&self, value);
	end(&self);
	return rc;
}

/* What glance.h is for, where the lock costs nothing.  Returns whether it was like that. */
static inline bool set_at_a_glance(mproc_dict *dict, const void *key, const void *value)
{
	uint64_t word, hash, new;
	mproci_table *table;
	mproci_slot *slot = NULL;

	__builtin_memcpy(&word, key, sizeof word);
	__builtin_memcpy(&new, value, sizeof new);
	hash = mproci_hash(&word, sizeof word, dict->seed);
	table = mproci_dict_table(dict, hash);
	if (!mproci_biased_lock_take_own(&table->lock))
		return false;
	/* Whoever destroys it takes this lock afterwards. */
	if (mproci_dict_counts(dict, table)
		&& !atomic_load_explicit(&dict->common.is_destroyed, memory_order_relaxed))
		slot = mproci_glance(table, hash, word);
	if (slot != NULL)
		atomic_store_explicit(&slot->second, new, memory_order_release);
	mproci_biased_lock_release_own(&table->lock);
	return slot != NULL;
}

int mproc_dict_set(mproc_dict *dict, const void *key, size_t key_size, const void *value, size_t value_size)
{
	_Atomic uintptr_t *inside = NULL;
	bool is_done = false;

	if (key_size == sizeof(uint64_t) && value_size == sizeof(uint64_t) && key != NULL && value != NULL)
		inside = mproci_glance_enter(dict);
	if (inside != NULL) {
		is_done = set_at_a_glance(dict, key, value);
		mproci_collection_leave(inside);
	}
	return is_done ? 0 : set_any(dict, key, key_size, &(mproci_value){value, value_size});
}

int mproc_dict_set_if_absent(
	mproc_dict *dict, const void *key, size_t key_size, const void *value, size_t value_size)
{
	mproci_value new = {value, value_size};
	held self;
	int rc;

	rc = check_value(key_size, &new);
	if (rc == 0)
		rc = begin(dict, key, key_size, &self);
	if (rc < 0)
		return rc;
	rc = self.spot.value == NULL ? set(&self, &new)
				     : mproci_answer(-EEXIST, "the key has a value already");
	end(&self);
	return rc;
}

static bool has_value(const held *self, const void *expected, size_t size)
{
	return self->spot.value_size == size && mproci_words_equal(self->spot.value, expected, size);
}

int mproc_dict_compare_and_set(mproc_dict *dict, const void *key, size_t key_size, const void *expected,
	size_t expected_size, const void *value, size_t value_size)
{
	mproci_value new = {value, value_size}, old = {expected, expected_size};
	held self;
	int rc;

	rc = check_value(key_size, &new);
	if (rc == 0)
		rc = check_value(key_size, &old);
	if (rc == 0)
		rc = begin(dict, key, key_size, &self);
	if (rc < 0)
		return rc;
	if (self.spot.value == NULL)
		rc = answer_absent();
	else if (!has_value(&self, expected, expected_size))
		rc = mproci_answer(-ESTALE, "the key has another value than the one that was expected");
	else
		rc = set(&self, &new);
	end(&self);
	return rc;
}

/* The number that the key has, or 0.  Returns 0 or -EMSGSIZE with an error text. */
static int read_number(const held *self, int64_t *ret_number)
{
	size_t size = self->spot.value_size;

	*ret_number = 0;
	if (self->spot.value == NULL)
		return 0;
	if (size != sizeof *ret_number)
		return mproci_fail(-EMSGSIZE, "%.15s %p: a value of %zu bytes is no number, which has %zu",
			self->dict->common.noun, (void *)self->dict, size, sizeof *ret_number);
	mproci_words_copy(ret_number, self->spot.value, size);
	return 0;
}

static int add(const held *self, int64_t number, int64_t *ret_sum)
{
	int64_t old, sum;
	int rc;

	rc = read_number(self, &old);
	if (rc < 0)
		return rc;
	if (__builtin_add_overflow(old, number, &sum))
		return mproci_fail(-ERANGE, "%.15s %p: %lld and %lld: %lld to %lld are possible",
			self->dict->common.noun, (void *)self->dict, (long long)old, (long long)number,
			(long long)INT64_MIN, (long long)INT64_MAX);
	rc = set(self, &(mproci_value){&sum, sizeof sum});
	if (rc == 0 && ret_sum != NULL)
		*ret_sum = sum;
	return rc;
}

int mproc_dict_add(mproc_dict *dict, const void *key, size_t key_size, int64_t number, int64_t *ret_sum)
{
	held self;
	int rc;

	rc = check_value(key_size, &(mproci_value){&number, sizeof number});
	if (rc < 0)
		return rc;
	rc = begin(dict, key, key_size, &self);
	if (rc < 0)
		return rc;
	rc = add(&self, number, ret_sum);
	end(&self);
	return rc;
}

static int pop(const held *self, void *buffer, size_t size, size_t *ret_size)
{
	size_t value_size = self->spot.value_size;

	if (self->spot.value == NULL)
		return answer_absent();
	if (value_size > size)
		return mproci_fail(-EMSGSIZE, "%.15s %p: a value of %zu bytes: there is room for %zu",
			self->dict->common.noun, (void *)self->dict, value_size, size);
	mproci_words_copy(buffer, self->spot.value, value_size);
	if (ret_size != NULL)
		*ret_size = value_size;
	remove_key(self);
	return 0;
}

int mproc_dict_pop(
	mproc_dict *dict, const void *key, size_t key_size, void *buffer, size_t size, size_t *ret_size)
{
	held self;
	int rc;

	if (buffer == NULL && size > 0)
		return mproci_fail(-EINVAL, "the buffer is NULL, and is to have %zu bytes", size);
	rc = begin(dict, key, key_size, &self);
	if (rc < 0)
		return rc;
	rc = pop(&self, buffer, size, ret_size);
	end(&self);
	return rc;
}

int mproc_dict_delete(mproc_dict *dict, const void *key, size_t key_size)
{
	held self;
	int rc;

	rc = begin(dict, key, key_size, &self);
	if (rc < 0)
		return rc;
	if (self.spot.value != NULL)
		remove_key(&self);
	else
		rc = answer_absent();
	end(&self);
	return rc;
}
