/* SPDX-License-Identifier: MIT */
#include "manager/hashes.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Unused bytes that are kept when a value becomes shorter, beside as many as it has. */
	KEPT = 64,
};

/* What the table has for each field. */
typedef struct content {
	char *bytes;
	size_t size, capacity;
} content;

static void free_content(void *payload)
{
	free(((content *)payload)->bytes);
}

static void free_fields(void *value)
{
	mproci_hash_table_destroy(value);
}

static bool free_some_fields(void *value)
{
	return mproci_hash_table_destroy_part(value);
}

const mproci_type mproci_type_hash = {
	.name = "hash",
	.free = free_fields,
	.free_part = free_some_fields,
};

mproci_view mproci_hash_value(const mproci_hash_entry *field)
{
	const content *it = (const content *)field->payload;

	return (mproci_view){it->bytes, it->size};
}

bool mproci_hash_get(const mproci_binding *binding, mproci_view field, mproci_view *ret_value)
{
	const mproci_hash_entry *entry = mproci_hash_table_find(mproci_hash_fields(binding), field);

	if (entry == NULL)
		return false;
	*ret_value = mproci_hash_value(entry);
	return true;
}

static bool set_content(content *it, mproci_view value)
{
	char *bytes = it->bytes;

	if (bytes == NULL || value.size > it->capacity || it->capacity / 2 > value.size + KEPT) {
		bytes = malloc(value.size > 0 ? value.size : 1);
		if (bytes == NULL)
			return false;
		it->capacity = value.size;
	}
	/* The new value may lie in the old one. */
	if (value.size > 0)
		memmove(bytes, value.bytes, value.size);
	if (bytes != it->bytes)
		free(it->bytes);
	it->bytes = bytes;
	it->size = value.size;
	return true;
}

static mproci_binding *make_hash(mproci_keyspace *keyspace, mproci_view name)
{
	mproci_hash_table *fields = mproci_hash_table_create(sizeof(content), free_content);
	mproci_binding *binding = NULL;

	if (fields != NULL)
		binding = mproci_keyspace_bind(keyspace, name, &mproci_type_hash, fields);
	if (binding == NULL)
		mproci_hash_table_destroy(fields);
	return binding;
}

/* Returns 1: the field is new, 0, or -ENOMEM: all is as it was. */
static int set_field(mproci_hash_table *fields, mproci_view field, mproci_view value)
{
	bool is_new;
	mproci_hash_entry *entry = mproci_hash_table_add(fields, field, &is_new);

	if (entry == NULL)
		return -ENOMEM;
	if (set_content((content *)entry->payload, value))
		return is_new;
	if (is_new)
		mproci_hash_table_remove(fields, entry);
	return -ENOMEM;
}

int mproci_hash_set(mproci_keyspace *keyspace, mproci_view name, mproci_view field, mproci_view value)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, name);
	int rc;

	if (binding != NULL && binding->type != &mproci_type_hash)
		return -EINVAL;
	if (binding == NULL)
		binding = make_hash(keyspace, name);
	if (binding == NULL)
		return -ENOMEM;
	rc = set_field(mproci_hash_fields(binding), field, value);
	if (rc >= 0)
		mproci_keyspace_touch(keyspace, name, binding);
	else if (mproci_hash_fields(binding)->count == 0)
		mproci_keyspace_remove(keyspace, name);
	return rc;
}

bool mproci_hash_remove(
	mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding, mproci_view field)
{
	mproci_hash_table *fields = mproci_hash_fields(binding);
	mproci_hash_entry *entry = mproci_hash_table_find(fields, field);

	if (entry == NULL)
		return false;
	mproci_hash_table_remove(fields, entry);
	if (fields->count == 0)
		mproci_keyspace_remove(keyspace, name);
	else
		mproci_keyspace_touch(keyspace, name, binding);
	return true;
}
