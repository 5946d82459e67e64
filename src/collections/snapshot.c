/* SPDX-License-Identifier: MIT */
#include "collections/gathering.h"

#include "base/error.h"

#include <errno.h>
#include <mproc/snapshot.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	ALIGNMENT = 16,
	FEWEST_ENTRIES = 64,
	FEWEST_BYTES = 4096,
};

typedef struct holder {
	mproc_snapshot public;
	char *bytes;
} holder;

static int refuse(size_t size)
{
	return mproci_fail(-ENOMEM, "snapshot: this process has no memory for %zu bytes more", size);
}

/* See that there is room for @more than @used of what is @unit bytes large. */
static int make_room(void **memory, size_t *room, size_t used, size_t more, size_t unit)
{
	size_t wanted = *room * 2 > used + more ? *room * 2 : used + more;
	void *larger;

	if (*room - used >= more)
		return 0;
	larger = realloc(*memory, wanted * unit);
	if (larger == NULL)
		return refuse(wanted * unit);
	*memory = larger;
	*room = wanted;
	return 0;
}

/* With a byte of 0 behind them. */
static size_t room_of(size_t size)
{
	return (size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
}

/* Returns where they go; their offset in the bytes, as an address, in @ret_offset. */
static char *begin_bytes(mproci_gathering *gathering, size_t size, const void **ret_offset)
{
	size_t offset = gathering->used;

	gathering->bytes[offset + size] = 0;
	gathering->used += room_of(size);
	*ret_offset = (const void *)(uintptr_t)offset;
	return gathering->bytes + offset;
}

/* One more, and room for its bytes.  What has no key is told by its offset. */
static int begin_entry(mproci_gathering *gathering, bool has_key, size_t key_size, size_t value_size,
	mproc_snapshot_entry **ret_entry)
{
	size_t more = room_of(value_size) + (has_key ? room_of(key_size) : 0);
	int rc;

	rc = make_room((void **)&gathering->entries, &gathering->room, gathering->count,
		gathering->room == 0 ? FEWEST_ENTRIES : 1, sizeof *gathering->entries);
	if (rc == 0)
		rc = make_room((void **)&gathering->bytes, &gathering->size, gathering->used,
			gathering->size == 0 ? more + FEWEST_BYTES : more, 1);
	if (rc < 0)
		return rc;
	*ret_entry = &gathering->entries[gathering->count++];
	**ret_entry = (mproc_snapshot_entry){
		.key = (const void *)UINTPTR_MAX, .key_size = key_size, .value_size = value_size};
	return 0;
}

int mproci_gathering_add(mproci_gathering *gathering, const _Atomic uint64_t *key, size_t key_size,
	const _Atomic uint64_t *value, size_t value_size)
{
	mproc_snapshot_entry *entry;
	int rc;

	rc = begin_entry(gathering, key != NULL, key_size, value_size, &entry);
	if (rc < 0)
		return rc;
	if (key != NULL)
		mproci_words_copy(begin_bytes(gathering, key_size, &entry->key), key, key_size);
	mproci_words_copy(begin_bytes(gathering, value_size, &entry->value), value, value_size);
	return 0;
}

int mproci_gathering_add_copy(
	mproci_gathering *gathering, const void *key, size_t key_size, const void *value, size_t value_size)
{
	mproc_snapshot_entry *entry;
	char *place;
	int rc;

	rc = begin_entry(gathering, key != NULL, key_size, value_size, &entry);
	if (rc < 0)
		return rc;
	if (key != NULL)
		memcpy(begin_bytes(gathering, key_size, &entry->key), key, key_size);
	place = begin_bytes(gathering, value_size, &entry->value);
	if (value_size > 0)
		memcpy(place, value, value_size);
	return 0;
}

static const void *address_of(const char *bytes, const void *offset)
{
	return (uintptr_t)offset == UINTPTR_MAX ? NULL : bytes + (uintptr_t)offset;
}

int mproci_gathering_end(mproci_gathering *gathering, mproc_snapshot **ret_snapshot)
{
	holder *self = malloc(sizeof *self);
	int rc = 0;

	/* Also when there are none: functions like qsort take no NULL. */
	if (gathering->room == 0)
		rc = make_room(
			(void **)&gathering->entries, &gathering->room, 0, 1, sizeof *gathering->entries);
	if (self == NULL || rc < 0) {
		free(self);
		mproci_gathering_drop(gathering);
		return refuse(sizeof *self);
	}
	*self = (holder){{gathering->count, gathering->entries}, gathering->bytes};
	for (size_t i = 0; i < gathering->count; ++i) {
		mproc_snapshot_entry *entry = &gathering->entries[i];

		entry->key = address_of(gathering->bytes, entry->key);
		entry->value = address_of(gathering->bytes, entry->value);
	}
	*gathering = (mproci_gathering){0};
	*ret_snapshot = &self->public;
	return 0;
}

void mproci_gathering_drop(mproci_gathering *gathering)
{
	free(gathering->entries);
	free(gathering->bytes);
	*gathering = (mproci_gathering){0};
}

mproc_snapshot *mproc_snapshot_close(mproc_snapshot *snapshot)
{
	if (snapshot == NULL)
		return NULL;
	free(snapshot->entries);
	free(((holder *)snapshot)->bytes);
	free(snapshot);
	return NULL;
}

static int compare_bytes(const void *left, size_t left_size, const void *right, size_t right_size)
{
	size_t common = left_size < right_size ? left_size : right_size;
	int difference = common == 0 ? 0 : memcmp(left, right, common);

	return difference != 0 ? difference : (left_size > right_size) - (left_size < right_size);
}

int mproc_compare_by_key(const void *left, const void *right)
{
	const mproc_snapshot_entry *one = left, *other = right;

	return compare_bytes(one->key, one->key_size, other->key, other->key_size);
}

int mproc_compare_by_number(const void *left, const void *right)
{
	const mproc_snapshot_entry *one = left, *other = right;
	bool is_number = one->value_size == sizeof(int64_t), is_other = other->value_size == sizeof(int64_t);
	int64_t number, against;

	if (!is_number || !is_other)
		return is_number == is_other ? mproc_compare_by_key(left, right) : is_other - is_number;
	memcpy(&number, one->value, sizeof number);
	memcpy(&against, other->value, sizeof against);
	return number != against ? (number < against) - (number > against)
				 : mproc_compare_by_key(left, right);
}

/* Whether the value is a whole number in decimal digits, and which one. */
static bool read_decimal(const mproc_snapshot_entry *entry, int64_t *ret_number)
{
	const char *text = entry->value;
	size_t i = entry->value_size > 0 && text[0] == '-' ? 1 : 0;
	int64_t sign = i == 1 ? -1 : 1, number = 0;

	if (i == entry->value_size)
		return false;
	for (; i < entry->value_size; ++i) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(number, 10, &number)
			|| __builtin_add_overflow(number, sign * (text[i] - '0'), &number))
			return false;
	}
	*ret_number = number;
	return true;
}

int mproc_compare_by_decimal(const void *left, const void *right)
{
	int64_t number, against;
	bool is_number = read_decimal(left, &number), is_other = read_decimal(right, &against);

	if (!is_number || !is_other)
		return is_number == is_other ? mproc_compare_by_key(left, right) : is_other - is_number;
	return number != against ? (number < against) - (number > against)
				 : mproc_compare_by_key(left, right);
}
