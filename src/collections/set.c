/* SPDX-License-Identifier: MIT */
/*
 * A set is a dict whose values are empty.
 */
#include "collections/dict.h"

#include <mproc/set.h>

static mproc_dict *dict_of(mproc_set *set)
{
	return (mproc_dict *)set;
}

int mproc_set_create(const mproc_dict_options *options, mproc_set **ret_set)
{
	return mproci_dict_create(options, "set", MPROCI_DICT_MOST_STRIPES, (mproc_dict **)ret_set);
}

mproc_set *mproc_set_destroy(mproc_set *set)
{
	mproc_dict_destroy(dict_of(set));
	return NULL;
}

int mproc_set_add(mproc_set *set, const void *item, size_t size)
{
	return mproc_dict_set_if_absent(dict_of(set), item, size, NULL, 0);
}

int mproc_set_has(mproc_set *set, const void *item, size_t size)
{
	return mproc_dict_has(dict_of(set), item, size);
}

int mproc_set_remove(mproc_set *set, const void *item, size_t size)
{
	return mproc_dict_delete(dict_of(set), item, size);
}

ssize_t mproc_set_count(mproc_set *set)
{
	return mproc_dict_count(dict_of(set));
}

int mproc_set_clear(mproc_set *set)
{
	return mproc_dict_clear(dict_of(set));
}

int mproc_set_snapshot(mproc_set *set, mproc_snapshot **ret_snapshot)
{
	return mproc_dict_snapshot(dict_of(set), ret_snapshot);
}
