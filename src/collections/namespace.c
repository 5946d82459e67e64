/* SPDX-License-Identifier: MIT */
/*
 * A namespace is a dict with one stripe, whose keys are strings.
 */
#include "base/error.h"
#include "collections/dict.h"

#include <mproc/namespace.h>

static mproc_dict *dict_of(mproc_namespace *space)
{
	return (mproc_dict *)space;
}

static int check_name(const char *name)
{
	return name != NULL ? 0 : mproci_fail(-EINVAL, "namespace: the name is NULL");
}

int mproc_namespace_create(const mproc_dict_options *options, mproc_namespace **ret_namespace)
{
	return mproci_dict_create(options, "namespace", 1, (mproc_dict **)ret_namespace);
}

mproc_namespace *mproc_namespace_destroy(mproc_namespace *space)
{
	mproc_dict_destroy(dict_of(space));
	return NULL;
}

int mproc_namespace_set(mproc_namespace *space, const char *name, const void *value, size_t size)
{
	int rc = check_name(name);

	return rc < 0 ? rc : mproc_dict_set(dict_of(space), name, strlen(name), value, size);
}

static int refuse_size(const char *name, size_t size, size_t expected)
{
	return mproci_fail(
		-EMSGSIZE, "namespace: the value of %.64s has %zu bytes, and not %zu", name, size, expected);
}

int mproc_namespace_get(mproc_namespace *space, const char *name, void *value, size_t size)
{
	/* What is small does not touch the value before its size is known to be right. */
	char small[64];
	bool is_small = value != NULL && size <= sizeof small;
	size_t found;
	int rc = check_name(name);

	if (rc == 0)
		rc = mproc_dict_get(
			dict_of(space), name, strlen(name), is_small ? small : value, size, &found);
	if (rc < 0)
		return rc;
	if (found != size)
		return refuse_size(name, found, size);
	if (is_small)
		memcpy(value, small, size);
	return 0;
}

int mproc_namespace_get_copy(mproc_namespace *space, const char *name, void **ret_value, size_t *ret_size)
{
	int rc = check_name(name);

	return rc < 0 ? rc : mproc_dict_get_copy(dict_of(space), name, strlen(name), ret_value, ret_size);
}

int mproc_namespace_has(mproc_namespace *space, const char *name)
{
	int rc = check_name(name);

	return rc < 0 ? rc : mproc_dict_has(dict_of(space), name, strlen(name));
}

int mproc_namespace_delete(mproc_namespace *space, const char *name)
{
	int rc = check_name(name);

	return rc < 0 ? rc : mproc_dict_delete(dict_of(space), name, strlen(name));
}

int mproc_namespace_snapshot(mproc_namespace *space, mproc_snapshot **ret_snapshot)
{
	return mproc_dict_snapshot(dict_of(space), ret_snapshot);
}
