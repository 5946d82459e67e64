/* SPDX-License-Identifier: MIT */
#include "manager/lists.h"

#include <errno.h>

static void free_list(void *value)
{
	mproci_deque_destroy(value);
}

const mproci_type mproci_type_list = {.name = "list", .free = free_list};

int mproci_list_find(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, name);

	if (binding && binding->type != &mproci_type_list)
		return -EPROTOTYPE;
	*ret_binding = binding;
	return 0;
}

int mproci_list_make(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding)
{
	mproci_deque *list;
	mproci_binding *binding;
	int code = mproci_list_find(keyspace, name, ret_binding);

	if (code != 0 || *ret_binding)
		return code;
	list = mproci_deque_create();
	if (!list)
		return -ENOMEM;
	binding = mproci_keyspace_bind(keyspace, name, &mproci_type_list, list);
	if (!binding) {
		mproci_deque_destroy(list);
		return -ENOMEM;
	}
	*ret_binding = binding;
	return 0;
}

void mproci_list_settle(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding)
{
	const mproci_deque *list = binding->value;

	if (list->count > 0)
		mproci_keyspace_touch(keyspace, name, binding);
	else
		mproci_keyspace_remove(keyspace, name);
}

bool mproci_list_position(int64_t index, size_t count, size_t *ret_position)
{
	if (index < 0)
		index += (int64_t)count;
	*ret_position = (size_t)index;
	return index >= 0 && (uint64_t)index < count;
}

/* Whether an item may be put before @index: a position, or the one behind the last. */
static bool find_gap(const mproci_binding *binding, int64_t index, size_t *ret_position)
{
	const mproci_deque *list = binding ? binding->value : NULL;
	size_t count = list ? list->count : 0;

	return mproci_list_position(index, count, ret_position) || *ret_position == count;
}

static int insert_at(mproci_keyspace *keyspace, mproci_view name, size_t position, mproci_view item)
{
	mproci_binding *binding;
	mproci_deque *list;
	int code = mproci_list_make(keyspace, name, &binding);

	if (code != 0)
		return code;
	list = binding->value;
	code = mproci_deque_insert(list, position < list->count ? position : list->count, item);
	mproci_list_settle(keyspace, name, binding);
	return code;
}

int mproci_list_push(mproci_keyspace *keyspace, mproci_view name, mproci_view item)
{
	return insert_at(keyspace, name, SIZE_MAX, item);
}

int mproci_list_insert(mproci_keyspace *keyspace, mproci_view name, int64_t index, mproci_view item)
{
	mproci_binding *binding;
	size_t position;
	int code = mproci_list_find(keyspace, name, &binding);

	if (code != 0)
		return code;
	if (!find_gap(binding, index, &position))
		return 0;
	code = insert_at(keyspace, name, position, item);
	return code == 0 ? 1 : code;
}

int mproci_list_pop(mproci_keyspace *keyspace, mproci_view name, int64_t index, mproci_reply *reply)
{
	mproci_binding *binding;
	mproci_deque *list;
	size_t position;
	int code = mproci_list_find(keyspace, name, &binding);

	if (code != 0 || !binding)
		return code;
	list = binding->value;
	if (!mproci_list_position(index, list->count, &position))
		return 0;
	mproci_reply_bulk(reply, mproci_deque_at(list, position));
	mproci_deque_remove(list, position);
	mproci_list_settle(keyspace, name, binding);
	return 1;
}
