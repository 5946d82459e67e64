/* SPDX-License-Identifier: MIT */
/*
 * What dicts and lists lack among the commands.
 */
#include "manager/arguments.h"
#include "manager/hashes.h"
#include "manager/lists.h"
#include "manager/natives.h"

#include <errno.h>

/* What is answered of a value that was compared. */
enum {
	ABSENT = -1,
	DIFFERENT = 0,
	SAME = 1,
};

/*
 * The dict of that name; *@ret_dict is NULL when the name means nothing.  Returns whether it is no other
 * thing; if it is, it has said so.
 */
static bool find_dict(mproci_call *call, mproci_view name, mproci_binding **ret_dict)
{
	*ret_dict = mproci_keyspace_find(call->keyspace, name);
	if (*ret_dict == NULL || (*ret_dict)->type == &mproci_type_hash)
		return true;
	mproci_reply_wrong_type(call->reply);
	return false;
}

/* Returns whether it could; if not, it has said why. */
static bool set(mproci_call *call, mproci_view name, mproci_view field, mproci_view value)
{
	int rc = mproci_hash_set(call->keyspace, name, field, value);

	if (rc >= 0)
		return true;
	if (rc == -ENOMEM)
		mproci_reply_no_memory(call->reply);
	else
		mproci_reply_wrong_type(call->reply);
	return false;
}

static void dict_compare_and_set(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_binding *dict;
	mproci_view value;
	int verdict = ABSENT;

	if (!find_dict(call, keys[0], &dict))
		return;
	if (dict != NULL && mproci_hash_get(dict, arguments[0], &value))
		verdict = mproci_view_equal(value, arguments[1]) ? SAME : DIFFERENT;
	if (verdict == SAME && !set(call, keys[0], arguments[0], arguments[2]))
		return;
	mproci_reply_integer(call->reply, verdict);
}

static void dict_set_fenced(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_binding *dict;

	if (find_dict(call, keys[0], &dict) && mproci_fence_pass(call, keys[1], arguments[0])
		&& set(call, keys[0], arguments[1], arguments[2]))
		mproci_reply_integer(call->reply, 0);
}

static void dict_pop(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_binding *dict;
	mproci_view value;

	if (!find_dict(call, keys[0], &dict))
		return;
	if (dict == NULL || !mproci_hash_get(dict, arguments[0], &value)) {
		mproci_reply_null(call->reply);
		return;
	}
	mproci_reply_bulk(call->reply, value);
	mproci_hash_remove(call->keyspace, keys[0], dict, arguments[0]);
}

static bool read_index(mproci_call *call, mproci_view text, int64_t *ret_index)
{
	return mproci_native_number(call, text, "index", -INT64_MAX, INT64_MAX, ret_index);
}

static void refuse_list(mproci_call *call, int rc)
{
	if (rc == -ENOMEM)
		mproci_reply_no_memory(call->reply);
	else
		mproci_reply_wrong_type(call->reply);
}

static void list_insert(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	int64_t index;
	int rc;

	if (!read_index(call, arguments[0], &index))
		return;
	rc = mproci_list_insert(call->keyspace, keys[0], index, arguments[1]);
	if (rc < 0)
		refuse_list(call, rc);
	else
		mproci_reply_integer(call->reply, rc);
}

static void list_pop(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	int64_t index;
	int rc;

	if (!read_index(call, arguments[0], &index))
		return;
	rc = mproci_list_pop(call->keyspace, keys[0], index, call->reply);
	if (rc < 0)
		refuse_list(call, rc);
	else if (rc == 0)
		mproci_reply_null(call->reply);
}

const mproci_native mproci_natives_of_collections[] = {
	{"mproc_dict_compare_and_set", dict_compare_and_set, 1, 3, MPROCI_NATIVE_WRITES},
	{"mproc_dict_set_fenced", dict_set_fenced, 2, 3, MPROCI_NATIVE_WRITES},
	{"mproc_dict_pop", dict_pop, 1, 1, MPROCI_NATIVE_FREES},
	{"mproc_list_insert", list_insert, 1, 2, MPROCI_NATIVE_WRITES},
	{"mproc_list_pop", list_pop, 1, 1, MPROCI_NATIVE_FREES},
	{.name = NULL},
};
