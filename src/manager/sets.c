/* SPDX-License-Identifier: MIT */
#include "manager/sets.h"

#include <errno.h>
#include <stdlib.h>

static void free_set(void *value)
{
	mproci_hash_table_destroy(value);
}

const mproci_type mproci_type_set = {.name = "set", .free = free_set};

int mproci_set_find(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, name);

	if (binding && binding->type != &mproci_type_set)
		return -EPROTOTYPE;
	*ret_binding = binding;
	return 0;
}

int mproci_set_make(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding)
{
	mproci_hash_table *set;
	mproci_binding *binding;
	int code = mproci_set_find(keyspace, name, ret_binding);

	if (code != 0 || *ret_binding)
		return code;
	set = mproci_hash_table_create(0, NULL);
	if (!set)
		return -ENOMEM;
	binding = mproci_keyspace_bind(keyspace, name, &mproci_type_set, set);
	if (!binding) {
		mproci_hash_table_destroy(set);
		return -ENOMEM;
	}
	*ret_binding = binding;
	return 0;
}

void mproci_set_settle(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding)
{
	const mproci_hash_table *set = binding->value;

	if (set->count > 0)
		mproci_keyspace_touch(keyspace, name, binding);
	else
		mproci_keyspace_remove(keyspace, name);
}

/* Order sets by where they are, so that each is there once: somebody may name the same one a million times. */
static int compare_places(const void *a, const void *b)
{
	uintptr_t left = (uintptr_t) * (mproci_hash_table *const *)a;
	uintptr_t right = (uintptr_t) * (mproci_hash_table *const *)b;

	return (left > right) - (left < right);
}

static size_t drop_repeated(mproci_hash_table **sets, size_t count)
{
	size_t kept = 0;

	qsort(sets, count, sizeof(mproci_hash_table *), compare_places);
	for (size_t i = 0; i < count; ++i) {
		if (kept == 0 || sets[kept - 1] != sets[i])
			sets[kept++] = sets[i];
	}
	return kept;
}

/* Returns 0 or -ENOMEM. */
static int add_members(mproci_hash_table *to, const mproci_hash_table *from)
{
	for (mproci_hash_entry *entry = NULL; (entry = mproci_hash_table_next(from, entry));) {
		if (!mproci_hash_table_add(to, mproci_hash_entry_name(from, entry), NULL))
			return -ENOMEM;
	}
	return 0;
}

static int unite(mproci_hash_table *result, mproci_hash_table **sets, size_t count)
{
	int code = 0;

	for (size_t i = 0; i < count && code == 0; ++i)
		code = sets[i] ? add_members(result, sets[i]) : 0;
	return code;
}

/* The smallest; NULL if one is empty. */
static const mproci_hash_table *find_smallest(mproci_hash_table **sets, size_t count)
{
	const mproci_hash_table *smallest = sets[0];

	for (size_t i = 0; i < count && smallest; ++i) {
		if (!sets[i] || sets[i]->count < smallest->count)
			smallest = sets[i];
	}
	return smallest;
}

static bool is_in_all(mproci_hash_table **sets, size_t count, mproci_view name)
{
	size_t i = 0;

	while (i < count && mproci_hash_table_find(sets[i], name))
		++i;
	return i == count;
}

static int intersect(mproci_hash_table *result, mproci_hash_table **sets, size_t count)
{
	const mproci_hash_table *from = find_smallest(sets, count);

	if (!from)
		return 0;
	for (mproci_hash_entry *entry = NULL; (entry = mproci_hash_table_next(from, entry));) {
		mproci_view name = mproci_hash_entry_name(from, entry);

		if (is_in_all(sets, count, name) && !mproci_hash_table_add(result, name, NULL))
			return -ENOMEM;
	}
	return 0;
}

/* Two sets without a payload. */
typedef struct pair {
	const mproci_hash_table *left, *right;
} pair;

static bool is_in_right(void *context, mproci_hash_entry *entry)
{
	const pair *both = context;

	return mproci_hash_table_find(both->right, mproci_hash_entry_name(both->left, entry)) != NULL;
}

/* Walk through the smaller one. */
static void subtract(mproci_hash_table *from, const mproci_hash_table *set)
{
	pair both = {from, set};

	if (set->count > from->count) {
		mproci_hash_table_remove_some(from, is_in_right, &both);
		return;
	}
	for (mproci_hash_entry *entry = NULL; (entry = mproci_hash_table_next(set, entry));) {
		mproci_hash_entry *found = mproci_hash_table_find(from, mproci_hash_entry_name(set, entry));

		if (found)
			mproci_hash_table_remove(from, found);
	}
}

static int differ(mproci_hash_table *result, mproci_hash_table **sets, size_t count)
{
	if (!sets[0])
		return 0;
	if (add_members(result, sets[0]) != 0)
		return -ENOMEM;
	count = drop_repeated(sets + 1, count - 1);
	for (size_t i = 1; i <= count && result->count > 0; ++i) {
		if (sets[i])
			subtract(result, sets[i]);
	}
	return 0;
}

static int fill(
	mproci_hash_table *result, mproci_set_operation operation, mproci_hash_table **sets, size_t count)
{
	switch (operation) {
	case MPROCI_SET_INTERSECTION:
		return intersect(result, sets, drop_repeated(sets, count));
	case MPROCI_SET_UNION:
		return unite(result, sets, drop_repeated(sets, count));
	case MPROCI_SET_DIFFERENCE:
		return differ(result, sets, count);
	}
	return 0;
}

mproci_hash_table *mproci_set_combine(mproci_set_operation operation, mproci_hash_table **sets, size_t count)
{
	mproci_hash_table *result = mproci_hash_table_create(0, NULL);

	if (result && fill(result, operation, sets, count) != 0) {
		mproci_hash_table_destroy(result);
		return NULL;
	}
	return result;
}
