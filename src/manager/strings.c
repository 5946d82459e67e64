/* SPDX-License-Identifier: MIT */
#include "manager/strings.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* A string that grows gets as much room again, but no more than this. */
	MOST_SPARE = 1 << 20,
	/* Unused bytes that are kept when a string becomes shorter, beside as many as it has. */
	KEPT = 64,
	/* From so many zeroes on they are not written, but asked for. */
	MANY_ZEROES = 64 << 10,
};

typedef struct string {
	size_t size, capacity;
	char bytes[];
} string;

const mproci_type mproci_type_string = {
	.name = "string",
	.free = free,
};

mproci_view mproci_string_view(const mproci_binding *binding)
{
	const string *it = binding->value;

	return (mproci_view){it->bytes, it->size};
}

static string *make_string(mproci_view value)
{
	string *it = malloc(sizeof *it + value.size);

	if (it == NULL)
		return NULL;
	it->size = it->capacity = value.size;
	if (value.size > 0)
		memcpy(it->bytes, value.bytes, value.size);
	return it;
}

static bool has_room(const string *it, size_t size)
{
	return size <= it->capacity && it->capacity / 2 <= size + KEPT;
}

static bool replace(mproci_binding *binding, mproci_view value)
{
	string *it = binding->value;

	if (has_room(it, value.size)) {
		if (value.size > 0)
			memmove(it->bytes, value.bytes, value.size);
		it->size = value.size;
		return true;
	}
	it = make_string(value);
	if (it == NULL)
		return false;
	free(binding->value);
	binding->value = it;
	return true;
}

mproci_binding *mproci_string_put(
	mproci_keyspace *keyspace, mproci_view name, mproci_binding *found, mproci_view value)
{
	string *it;

	if (found != NULL && found->type == &mproci_type_string)
		return replace(found, value) ? found : NULL;
	it = make_string(value);
	if (it == NULL)
		return NULL;
	found = mproci_keyspace_bind(keyspace, name, &mproci_type_string, it);
	if (found == NULL)
		free(it);
	return found;
}

int mproci_string_set(mproci_keyspace *keyspace, mproci_view name, mproci_view value)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, name);

	if (binding != NULL && binding->type->is_shown)
		return -EPERM;
	binding = mproci_string_put(keyspace, name, binding, value);
	if (binding == NULL)
		return -ENOMEM;
	if (binding->expires_at != 0)
		mproci_keyspace_expire(keyspace, name, binding, 0);
	mproci_keyspace_touch(keyspace, name, binding);
	return 0;
}

/*
 * Many zeroes that nobody has written need no memory yet: so the memory of a string grows only as its bytes come.  What
 * is there already is copied then, which is worth it only when it is less.
 */
static bool is_mostly_zero(const string *it, size_t size)
{
	return size > it->capacity && size - it->size >= MANY_ZEROES && size - it->size >= it->size;
}

static string *enlarge(string *it, size_t size)
{
	size_t capacity = size + (size < MOST_SPARE ? size : MOST_SPARE);
	string *larger;

	if (!is_mostly_zero(it, size)) {
		larger = realloc(it, sizeof *it + capacity);
	} else {
		larger = calloc(1, sizeof *it + capacity);
		if (larger != NULL) {
			memcpy(larger, it, sizeof *it + it->size);
			free(it);
		}
	}
	if (larger != NULL)
		larger->capacity = capacity;
	return larger;
}

char *mproci_string_resize(mproci_binding *binding, size_t size)
{
	string *it = binding->value;
	bool is_zeroed = is_mostly_zero(it, size);

	if (size > it->capacity) {
		it = enlarge(it, size);
		if (it == NULL)
			return NULL;
		binding->value = it;
	}
	if (size > it->size && !is_zeroed)
		memset(it->bytes + it->size, 0, size - it->size);
	it->size = size;
	return it->bytes;
}
